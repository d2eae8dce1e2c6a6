"""Where W&B runs go that another has replaced: `wandb sync` does not look there."""

from pathlib import Path

SUPERSEDED = "superseded"


def supersede(run: Path) -> None:
    """Moves the folder of a W&B run, where there is one."""
    if run.is_dir():
        (run.parent / SUPERSEDED).mkdir(exist_ok=True)
        run.rename(run.parent / SUPERSEDED / run.name)
