"""The folder for W&B runs that another run has replaced; `wandb sync` does not read it."""

from pathlib import Path

SUPERSEDED = "superseded"


def supersede(run: Path) -> None:
    """Moves the folder of a W&B run there, if it exists."""
    if run.is_dir():
        (run.parent / SUPERSEDED).mkdir(exist_ok=True)
        run.rename(run.parent / SUPERSEDED / run.name)
