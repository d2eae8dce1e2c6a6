"""The numbers by which runs are compared: score, training score, seconds, horizon, change of the slope."""

from unrolled.record.reach import SHARES
from unrolled.record.results import Swept, SweptRun

from .comparison import Measured
from .phrases import UNBOUNDED, plain


def limits(score: str) -> tuple[float, float]:
    """Returns the smallest and the largest value that a score can have."""
    return (0.0, 1.0) if score.removeprefix("val/") in SHARES else UNBOUNDED


def score(swept: Swept) -> Measured | None:
    """Returns the deciding score on the validation split; None if the runs have none, or different ones."""
    names = {run.record.score for run in swept.runs if run.record.has_result and run.record.score is not None}
    if len(names) != 1:
        return None
    name = names.pop()
    larger = next((run.record.larger_is_better for run in swept.runs if run.record.score == name), None)
    better = {True: "higher is better", False: "lower is better"}.get(larger) if larger is not None else None
    words = name if better is None else f"{name} ({better})"
    return Measured(words, name, lambda run: run.record.metrics.get(name), larger, _baseline(swept, name), limits(name))


def _baseline(swept: Swept, name: str) -> str:
    """Returns the trivial baseline with its score; of runs with different ones, the range; empty without any."""
    found = [(value, run.record) for run in swept.runs if (value := run.record.baseline.get(name)) is not None]
    values = sorted(value for value, _ in found)
    ends = dict.fromkeys(plain(value) for value in (*values[:1], *values[-1:]))
    names = {record.baseline_name for _, record in found}
    return f"{names.pop() if len(names) == 1 else 'trivial baselines'}: {' to '.join(ends)}" if found else ""


def training_score(swept: Swept) -> Measured | None:
    """Returns the deciding score on training examples; None if no run has one."""
    on_validation = score(swept)
    if on_validation is None:
        return None
    name = on_validation.unit.removeprefix("val/")
    if not any(name in run.record.train for run in swept.runs):
        return None
    return Measured(
        f"{name} on training examples", f"train/{name}", lambda run: run.record.train.get(name), limits=limits(name)
    )


def seconds(run: SweptRun) -> float | None:
    """Returns the seconds that all updates of a run took; None if it made none."""
    each, steps = run.record.seconds_per_update, run.record.steps
    return None if each is None or not steps else each * steps


def change_of_slope(run: SweptRun) -> float | None:
    """Returns the slope after training minus the slope at step 0, nats per lag; None for a run without both."""
    start, end = run.record.start.slope, run.record.end.slope
    trained = run.state == "completed" and run.record.steps
    return end - start if trained and start is not None and end is not None else None


SECONDS = Measured("Seconds of all updates", "seconds of all updates", seconds)
CHANGE = Measured("Change of the slope by training, nats per lag,", "change of slope, nats per lag", change_of_slope)
