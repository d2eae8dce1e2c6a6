"""Where the configuration and the sweep files are: in a checkout beside src/, in a wheel inside the package."""

from pathlib import Path

_PACKAGE = Path(__file__).resolve().parent
CHECKOUT = _PACKAGE.parents[1]
CONF = _PACKAGE / "conf" if (_PACKAGE / "conf").is_dir() else CHECKOUT / "conf"
SWEEPS = _PACKAGE / "sweep_files" if (_PACKAGE / "sweep_files").is_dir() else CHECKOUT / "sweeps"

SWEEP_RECORD = "multirun.yaml"  # the file that says that a folder holds a sweep


def choices() -> dict[str, list[str]]:
    """The names of the YAML files of each config group."""
    return {
        group.name: sorted(file.stem for file in group.glob("*.yaml"))
        for group in sorted(CONF.iterdir())
        if group.is_dir()
    }
