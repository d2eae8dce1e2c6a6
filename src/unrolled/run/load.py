"""All that a run needs, imported."""

import os

from unrolled.processes.imports import imports


def load_run() -> None:
    """Imports all that a run needs."""
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
    with imports():
        from unrolled.wandb_runs.wandb_private import import_late_part

        import_late_part()
        import unrolled.run.lifecycle  # noqa: F401
