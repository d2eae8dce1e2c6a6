"""Sets aside W&B's environment variables that would say otherwise than the configuration of a run."""

import os

from unrolled.processes.logs import log

SET_ASIDE = (
    "WANDB_RUN_ID", "WANDB_RESUME", "WANDB_RESUME_FROM", "WANDB_FORK_FROM", "WANDB_MODE", "WANDB_DISABLED",
    "WANDB_PROJECT", "WANDB_NAME", "WANDB_TAGS", "WANDB_RUN_GROUP", "WANDB_DIR",
)  # fmt: skip


def set_aside() -> None:
    """Removes the variables that name one run, or its mode, project or folder, with a line: `tracker.*` decides.

    Called before W&B is imported and before the processes of a sweep's runs are made, which inherit the rest.
    """
    found = [name for name in SET_ASIDE if os.environ.pop(name, None) is not None]
    if found:
        log.info(f"note: {', '.join(found)} of the environment set aside: tracker.* and the run's folder decide")
