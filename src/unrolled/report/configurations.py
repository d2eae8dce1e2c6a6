"""Runs grouped by configuration (all axes but the seed), with their scores, baselines and times."""

from dataclasses import dataclass

from unrolled.config.identity import name_of
from unrolled.record.checked import Numbers
from unrolled.record.results import Swept, SweptRun
from unrolled.record.run_record import RunRecord
from unrolled.record.values import key_of

from .averages import numbers
from .gather import Axes, Pool, combinations, pool, varied


@dataclass(frozen=True)
class Group:
    """The runs with a result that share all axes but the seed, at least one."""

    axes: Axes
    runs: list[SweptRun]

    @property
    def name(self) -> str:
        return name_of(self.axes)

    @property
    def first(self) -> RunRecord:
        """Record of the first run; the names of scores and baselines are equal in all."""
        return self.runs[0].record

    @property
    def score(self) -> str:
        """Name of the deciding score; empty if the record has none."""
        return self.first.score or ""

    @property
    def scores(self) -> list[float]:
        """Deciding score on the validation split, for each run that has one."""
        return numbers(run.record.metrics.get(run.record.score or "") for run in self.runs)

    @property
    def train_scores(self) -> list[float]:
        """Deciding score on training examples, for each run that has one."""
        records = (run.record for run in self.runs)
        return numbers(each.train.get((each.score or "").removeprefix("val/")) for each in records)

    @property
    def solved_at(self) -> list[int | None]:
        """Updates until each run solved the task; None if it did not. Empty if the task cannot be solved."""
        return [run.record.solved.at for run in self.runs if run.record.solved]

    @property
    def updates(self) -> int:
        """Largest number of updates of any run."""
        return max(run.record.steps or 0 for run in self.runs)

    @property
    def pooled(self) -> Pool:
        """Networks drawn before training and trained networks, pooled over the runs."""
        return pool(self.runs, {})

    @property
    def larger_is_better(self) -> bool | None:
        """Whether a larger deciding score is better; None if the record does not say."""
        return self.first.larger_is_better

    @property
    def baseline(self) -> float | None:
        """Deciding score of the trivial baseline; None if the record has none."""
        return self.first.baseline.get(self.score)

    @property
    def baseline_name(self) -> str:
        return self.first.baseline_name

    @property
    def references(self) -> dict[str, Numbers]:
        """Scores of other references, by their names."""
        return self.first.references

    @property
    def seconds(self) -> list[float]:
        """Seconds that all updates of a run took, for each run with updates."""
        timed = [(run.record.seconds_per_update, run.record.steps) for run in self.runs]
        return [each * steps for each, steps in timed if each is not None and steps]


def groups(swept: Swept) -> list[Group]:
    """Returns the configurations that have a run with a result, in the order of the axes."""
    keys, members = varied(swept), {}
    for run in swept.runs:
        if run.record.has_result and run.record.score is not None:
            members.setdefault(key_of(run.axes, keys), []).append(run)
    found = ((axes, members.get(key_of(axes, keys))) for axes in combinations(swept, keys))
    return [Group(axes, kept) for axes, kept in found if kept]


def trained(swept: Swept) -> bool:
    """Returns whether any run has made an update; otherwise scores are those of untrained networks."""
    return any(run.record.steps for run in swept.runs)
