"""Refuses a run whose numbers cannot fit into the memory of this machine, before anything is loaded.

The bytes are counted from below, from what is known without the data: what is refused can never be met.
"""

from unrolled.config.cells import BLOCKS
from unrolled.config.schema import Config, TaskConfig
from unrolled.processes.resources import check_fits
from unrolled.tasks import OWN

GENERATED = 1000  # validation examples of a generated task
RECALLED = 10  # steps at least that a task with a delay has besides it


def check_memory(config: Config) -> None:
    """Raises UserError for the first part of a run that cannot fit into the memory."""
    assert config.model.hidden is not None  # `settled` has decided
    size, hidden, dim = config.trainer.precision // 8, config.model.hidden, config.embedding.dim or 1
    what = "numbers with their gradients"
    rows = BLOCKS[config.cell.name] * hidden
    check_fits(2 * size * rows * hidden, f"model.hidden={hidden}: W_h, {rows:,} x {hidden:,} {what},", "model.hidden")
    name = f"embedding.dim={dim}: W_x, {rows:,} x {dim:,} {what},"
    check_fits(2 * size * rows * dim, name, "embedding.dim")
    key, steps = _steps(config.task)
    asked = getattr(config.task, key.removeprefix("task."))
    if config.task.name == OWN or not steps:
        return
    if config.task.samples is not None:
        check_fits(
            4 * GENERATED * steps, f"{key}={asked}: the validation split, {GENERATED:,} x {steps:,} numbers,", key
        )
    elif config.task.name in ("sentiment", "spam"):
        check_fits(8 * GENERATED * steps, f"{key}={asked}: the texts, {GENERATED:,} x {steps:,} tokens or more,", key)
    batch = min(config.trainer.batch_size, config.task.samples or GENERATED)
    if config.trainer.accelerator == "cpu":
        states = f"{steps:,} steps x {batch:,} examples x {hidden:,} units"
        key = "trainer.batch_size" if batch > max(steps, hidden) else key if steps > hidden else "model.hidden"
        value = {"trainer.batch_size": config.trainer.batch_size, "model.hidden": hidden}.get(key, asked)
        check_fits(size * steps * batch * hidden, f"{key}={value}: the states of a batch, {states},", key)


def _steps(task: TaskConfig) -> tuple[str, int]:
    """Returns the key that sets the number of time steps, and how many there are at least; 0: the data decide."""
    if task.length is not None and (task.samples is not None or task.name in ("sentiment", "spam")):
        return "task.length", task.length
    return ("task.delay", task.delay + RECALLED) if task.delay is not None else ("task.length", 0)
