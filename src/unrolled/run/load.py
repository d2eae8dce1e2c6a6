"""Imports the modules of a run before it starts."""

import os

from unrolled.processes.imports import imports


def load_run() -> None:
    """Imports the modules of a run, W&B's late part included, with W&B's own error reports off."""
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
    with imports():
        from unrolled.wandb_runs.wandb_private import import_late_part

        import_late_part()
        import unrolled.run.lifecycle  # noqa: F401
