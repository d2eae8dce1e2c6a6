"""Candidate panels of a sweep's workspace, each with the keys that runs must have logged for it to show data."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from unrolled.config.identity import SEED
from unrolled.record.parts import SEVERAL, labels
from unrolled.record.quantities import PART, logged

from .chart import FIELDS, STRINGS, TABLE_KEY
from .library import Column, wr
from .logged import Logged
from .tracker import STEP

CONFIGURATIONS = ("configuration", "cell")  # the entry of W&B's config with all axes but the seed; `cell`: older runs
GROUPINGS = {"activation.name": "activation", "model.hidden": "hidden size"}
FLOW = {
    name: f"{each.label.capitalize()}{f' in the {part}' if part else ''} ({each.unit})"
    for part in labels(SEVERAL).values()
    for name, each in logged(part).items()
    if each.logged is not None and PART in each.logged
}
Needs = frozenset[tuple[str, str]]


@dataclass(frozen=True)
class Candidate:
    """A panel that is shown only if enough runs logged its data.

    needs: (field of `Logged`, key) of each value that the panel names.
    runs: number of runs that must have logged all of them.
    """

    panel: Any
    needs: Needs
    runs: int = 1

    def shows(self, logged: Sequence[Logged]) -> bool:
        return sum(all(run.has(*need) for need in self.needs) for run in logged) >= self.runs


def gradient_flow(logged: Sequence[Logged]) -> Iterable[Candidate]:
    """Yields the panels of gradient metrics: a row for each metric, a column for each grouping."""
    for metric, title in FLOW.items():
        for key, name in groupings(logged).items():
            yield _line(f"{title}, by {name}", [metric], key)


def through_time(logged: Sequence[Logged], chart: str) -> Iterable[Candidate]:
    """Yields the panels over time steps and lags. chart: entity/name of the preset of profiles."""
    profiles = wr.CustomChart(
        query={"summaryTable": {"tableKey": TABLE_KEY}}, chart_name=chart, chart_fields=FIELDS, chart_strings=STRINGS
    )
    yield Candidate(profiles, _needs("media", TABLE_KEY))
    yield _media("Heat map: training step by time step", "heat_map")
    lags = sorted({k for run in logged for k in run.history if k.startswith("grad_h/log10_lag_")}, key=_lag)
    for metric in lags:
        yield _line(f"log10 of the norm of dL/dh at lag {_lag(metric)}", [metric], configuration_key(logged))
    for key in sorted({key for run in logged for key in run.media if key.startswith("portrait/")}):
        yield _media(f"Portrait: {key.removeprefix('portrait/')}", key)


def across_the_sweep(axes: Sequence[str], score: str | None) -> Iterable[Candidate]:
    """Yields the panels that compare runs by their axes.

    axes: the swept keys.
    score: key of the task's main score, None: there is none.
    """
    named = {axis: config_key(axis) for axis in axes}
    columns = [Column(wr.Config(key), axis) for axis, key in named.items()]
    results = ["slope", score] if score else ["slope"]
    columns += [Column(wr.SummaryMetric(key)) for key in results]
    yield Candidate(
        wr.ParallelCoordinatesPlot(columns, title="Axes, slope and score"),
        _needs("config", *named.values()) | _needs("summary", *results),
    )
    yield Candidate(
        wr.ScatterPlot(title="Length against slope", x=wr.Config("task.length"), y=wr.SummaryMetric("slope")),
        _needs("config", "task.length") | _needs("summary", "slope"),
    )
    for key in results:
        yield Candidate(wr.ParameterImportancePlot(with_respect_to=key), _needs("summary", key), runs=2)


def learning(logged: Sequence[Logged], score: str | None) -> Iterable[Candidate]:
    """Yields the panels of loss and scores over training.

    score: key of the task's main score, shown beside its trivial baseline. None: there is none.
    """
    scores = sorted({key for run in logged for key in run.history if key.startswith("val/")})
    group = configuration_key(logged)
    for metric in ["loss", "train/accuracy", *scores]:
        yield _line(metric, [metric], group)
    if score is not None:
        pair = [score, f"baseline/{score}"]
        bars = wr.BarPlot(title=f"{score} and its baseline", metrics=list(pair), **_grouped(group))
        yield Candidate(bars, _needs("summary", *pair) | _needs("config", group))


def configuration_key(logged: Sequence[Logged]) -> str:
    """Returns the config key under which most of the runs have their axes without the seed."""
    return max(CONFIGURATIONS, key=lambda key: sum(key in run.config for run in logged))


def groupings(logged: Sequence[Logged]) -> dict[str, str]:
    """Returns config key -> title of the groupings that differ; the first is by all axes but the seed."""
    first = configuration_key(logged)
    titles, kept = {first: "configuration", **GROUPINGS}, dict[str, set[frozenset[str]]]()
    for key in titles:
        values = {run.config.get(key) for run in logged}
        parts = {frozenset(run.id for run in logged if run.config.get(key) == value) for value in values}
        if key == first or (len(values) > 1 and parts not in kept.values()):
            kept[key] = parts
    return {key: titles[key] for key in kept}


def config_key(axis: str) -> str:
    """Returns the key of an axis in W&B's config: a group's choice is under `choices`, a value under its own key."""
    return axis if "." in axis or axis == SEED else f"choices.{axis}"


def _line(title: str, metrics: list[str], group: str) -> Candidate:
    panel = wr.LinePlot(title=title, x=STEP, y=list[Any](metrics), **_grouped(group))
    return Candidate(panel, _needs("history", STEP, *metrics) | _needs("config", group))


def _grouped(key: str) -> dict[str, Any]:
    """Returns the options that draw each group's mean in a band from its minimum to its maximum."""
    return {"groupby": wr.Config(key), "groupby_aggfunc": "mean", "groupby_rangefunc": "minmax"}


def _media(title: str, key: str) -> Candidate:
    return Candidate(wr.MediaBrowser(title=title, media_keys=[key]), _needs("media", key))


def _needs(kind: str, *keys: str) -> Needs:
    return frozenset((kind, key) for key in keys)


def _lag(metric: str) -> int:
    return int(metric.rpartition("_")[2])
