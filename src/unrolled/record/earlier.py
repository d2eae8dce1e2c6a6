"""What an earlier version's record calls by the same name and counted in another way. No torch: pages read it."""

from collections.abc import Sequence

from .run_record import RunRecord

# 1: as _CHANGED has it (records that do not say); 2: means over all answers, and over samples.
NUMBERS = 2
OLDER = "older_val_loss_before"  # the step, in the record of a run that was resumed across the change
_CHANGED = (
    ("val/loss", "the mean of batch means", "all answers"),
    ("grad_W_h/cancellation", "that of the summed gradient of the batch", "samples"),
)


def older_before(before: RunRecord, step: int) -> int | None:
    """Returns the step before which a run that is resumed at `step` counted as version 1 does; None: it never did."""
    if before.older_val_loss_before is not None:
        return before.older_val_loss_before
    return step if _is_older(before) else None


def across(since: int) -> list[str]:
    """Returns a line for each column of a run that counted in another way before step `since`."""
    return [
        f"{column} before step {since} is {earlier} of an earlier version, from there on the mean over {what}"
        for column, earlier, what in _CHANGED
    ]


def of_run(record: RunRecord) -> list[str]:
    """Returns what readers of a run's record must know of its numbers; nothing where it has no result."""
    if "val/loss" not in record.metrics:
        return []
    if record.older_val_loss_before is not None:
        return across(record.older_val_loss_before)
    return [f"{column} is {earlier} of an earlier version" for column, earlier, _ in _CHANGED if _is_older(record)]


def of_sweep(runs: Sequence[RunRecord]) -> list[str]:
    """Returns the same of all records of a sweep: what cannot be compared across its runs."""
    known = [record for record in runs if "val/loss" in record.metrics]
    older = sum(map(_is_older, known))
    return [
        f"{column} of {older} of {len(known)} runs is {earlier} of an earlier version"
        for column, earlier, _ in _CHANGED
        if older
    ]


def _is_older(record: RunRecord) -> bool:
    return (record.numbers or 1) < NUMBERS
