"""All that a run needs, imported."""

import os
from contextlib import suppress

from unrolled.processes.imports import imports


def load_run() -> None:
    """Imports all that a run needs."""
    os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
    with imports():
        # `wandb.init` imports this late, and pydantic then searches all modules for each class it makes there.
        with suppress(ImportError):  # a private part of W&B: another version may lack it
            import wandb.sdk.launch.inputs.internal  # noqa: F401
        import unrolled.run.lifecycle  # noqa: F401
