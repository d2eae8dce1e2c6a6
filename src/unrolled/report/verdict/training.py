"""Training and validation scores side by side: what was learnt by heart, and what holds for new examples."""

from unrolled.record.results import Swept

from ..intervals import Estimate
from . import numbers
from .comparison import AtValue, Measured, by_value, summary
from .phrases import label
from .statement import Sentence, whole


def beside_training(swept: Swept, key: str) -> list[Sentence]:
    """Returns both scores at each value, and whether they are certainly better than the trivial baseline."""
    on_training, on_validation = numbers.training_score(swept), numbers.score(swept)
    if on_training is None or on_validation is None:
        return []
    both = zip(by_value(swept, key, on_training), by_value(swept, key, on_validation), strict=True)
    name = on_validation.unit.removeprefix("val/")
    parts = [
        f"{label(key, new.value) if key in swept.axes else 'the runs'}: {name} {summary(old, on_training)} on training "
        f"examples, {summary(new, on_validation)} on validation{_learnt(old, new, on_validation)}"
        for old, new in both
    ]
    every = [run for run in swept.runs if run.record.has_result]
    beside = f"; {on_validation.beside}" if on_validation.beside else ""
    return [whole(f"{'; '.join(parts)}{beside}", every)]


def _learnt(old: AtValue, new: AtValue, measured: Measured) -> str:
    """Returns how both scores stand to the trivial baseline; empty if an interval or the baseline is not known."""
    limits = {run.record.baseline.get(measured.unit) for run in new.runs}
    limit = limits.pop() if len(limits) == 1 else None
    if limit is None or measured.larger_is_better is None or old.found.half is None or new.found.half is None:
        return ""
    sides = [_side(each.found, limit, measured.larger_is_better) for each in (old, new)]
    if sides[0] == sides[1]:
        return f" (both {sides[0]} the trivial baseline)"
    return f" (on training {sides[0]} the trivial baseline, on validation {sides[1]} it)"


def _side(found: Estimate, limit: float, larger_is_better: bool) -> str:
    distance = found.mean - limit
    if abs(distance) <= (found.half or 0):
        return "not certainly different from"
    return "better than" if (distance > 0) == larger_is_better else "worse than"
