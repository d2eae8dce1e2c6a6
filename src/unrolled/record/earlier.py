"""Numbers whose definition has changed since an earlier version, under the same name. No torch: pages import it."""

from collections.abc import Sequence

from .run_record import RunRecord

# Version of the definitions. 1: those in _CHANGED (records without a version); 2: means over all answers and samples.
NUMBERS = 2
OLDER = "older_val_loss_before"  # key of the step at which a run was resumed across the change
_CHANGED = (
    ("val/loss", "the mean of batch means", "all answers"),
    ("grad_W_h/cancellation", "that of the summed gradient of the batch", "samples"),
)


def older_before(before: RunRecord, step: int) -> int | None:
    """Returns the step before which the numbers of a resumed run have the definitions of version 1.

    before: the record of the run that is resumed.
    step: the training step at which it is resumed.
    None: no number has them.
    """
    if before.older_val_loss_before is not None:
        return before.older_val_loss_before
    return step if _is_older(before) else None


def across(since: int) -> list[str]:
    """Returns a line for each column whose definition changed at step `since` of a run."""
    return [
        f"{column} before step {since} is {earlier} of an earlier version, from there on the mean over {what}"
        for column, earlier, what in _CHANGED
    ]


def of_run(record: RunRecord) -> list[str]:
    """Returns a line for each number of a run with an earlier definition; [] without a result."""
    if "val/loss" not in record.metrics:
        return []
    if record.older_val_loss_before is not None:
        return across(record.older_val_loss_before)
    return [f"{column} is {earlier} of an earlier version" for column, earlier, _ in _CHANGED if _is_older(record)]


def of_sweep(runs: Sequence[RunRecord]) -> list[str]:
    """Returns a line for each number that some runs of a sweep have with an earlier definition."""
    known = [record for record in runs if "val/loss" in record.metrics]
    older = sum(map(_is_older, known))
    return [
        f"{column} of {older} of {len(known)} runs is {earlier} of an earlier version"
        for column, earlier, _ in _CHANGED
        if older
    ]


def _is_older(record: RunRecord) -> bool:
    return (record.numbers or 1) < NUMBERS
