"""What a run's chain shows, read from the files of its folder."""

import math
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from unrolled.record.quantities import LN_10
from unrolled.record.run_record import RunRecord
from unrolled.record.samples import Samples, read_samples
from unrolled.record.tables import PROFILES, read_rows

from .chain import Group, Scale, chain, grouped, groups, mean_over_samples
from .chain_cone import Cone, recorded_cone

MOST_PROBES = 30  # positions of the slider
OF_THE_LOSS, OF_OWN_LOSS = "of the loss", "of each step's own loss"


@dataclass(frozen=True)
class View:
    """One way to look at the gradient, by training step.

    mean: (P, boxes), log10 of the norm, mean over samples.
    samples: (P, S, boxes), of each sample; S = 0: not recorded.
    sources: the time step of each row of `samples`, if a row is no sample but the loss of that step; its number of the
    box, and its name.
    remark: what else there is to know.
    """

    name: str
    unit: str
    steps: list[int]
    mean: np.ndarray
    samples: np.ndarray
    scale: Scale
    sources: list[tuple[int, str]] = field(default_factory=list)
    remark: str = ""

    def as_json(self) -> dict[str, Any]:
        """Returns plain values: "0" for an exact 0, None where there is no gradient."""
        return {
            "name": self.name, "unit": self.unit, "steps": self.steps, "low": self.scale.low, "high": self.scale.high,
            "mean": _plain(self.mean), "samples": _plain(self.samples), "sources": self.sources, "remark": self.remark,
        }  # fmt: skip


@dataclass(frozen=True)
class ChainData:
    """The chain of a run. labels: by sample and box, empty if what the steps read is not known."""

    boxes: list[Group]
    views: list[View]
    labels: list[list[str]] = field(default_factory=list)

    @property
    def size(self) -> int:
        """Returns the largest number of time steps that a box stands for."""
        return max(each.last - each.first + 1 for each in self.boxes)

    @property
    def names(self) -> list[str]:
        return [each.name for each in self.boxes]

    @property
    def shared_labels(self) -> list[str]:
        """Returns the labels that all samples have in common; empty if they differ."""
        alike = self.labels and all(row == self.labels[0] for row in self.labels)
        return self.labels[0] if alike else []

    def at_first(self) -> list[Any]:
        """Returns the boxes that the page shows until a slider moves: the last probe, the mean over samples."""
        view = self.views[0]
        return chain(view.mean[-1].tolist(), self.names, self.shared_labels, view.scale)

    def as_json(self) -> dict[str, Any]:
        """Returns what the page's script needs to draw every other position of the sliders."""
        views = [view.as_json() for view in self.views]
        return {"names": self.names, "labels": self.labels, "shared": self.shared_labels, "views": views}


def chain_data(folder: Path, record: RunRecord) -> ChainData | None:
    """Returns the chain of the run in `folder`; None if it has recorded no gradients."""
    samples = read_samples(folder)
    loss = _recorded(samples) if samples else _of_the_loss(folder, record)
    if loss is None:
        return None
    steps, mean, each, unit = loss
    T = mean.shape[1]
    parts = {name: end - start for name, start, end in _spans(record, T)}
    found = np.isfinite(mean).any(0) | np.isneginf(mean).any(0)
    boxes = groups(parts, int(found.argmax()) if found.any() and len(parts) == 1 else 0)
    views = [_view(OF_THE_LOSS, unit, (steps, mean, each), boxes)]
    if cone := recorded_cone(folder, record.steps or 0, _spans(record, T)):
        views.append(_of_cone(cone, dict(_starts(record, T)), boxes))
    elif record.every_state and len(parts) == 1 and (own := _csv(folder, "grad_h_relative_log")):
        steps, mean = own
        views.append(_view(OF_OWN_LOSS, "relative to the step of the loss", (steps, mean, each[:0]), boxes))
    return ChainData(boxes, views, _labels(samples, boxes) if samples else [])


def _view(name: str, unit: str, found: tuple[list[int], np.ndarray, np.ndarray], boxes: list[Group]) -> View:
    steps, mean, each = found
    kept = np.unique(np.linspace(0, len(steps) - 1, MOST_PROBES).round().astype(int))
    mean, each = grouped(mean[kept], boxes), grouped(each[kept] if len(each) else each, boxes)
    return View(name, unit, [steps[i] for i in kept], mean, each, Scale.of(np.append(mean.ravel(), each.ravel())))


def _of_cone(cone: Cone, starts: dict[str, int], boxes: list[Group]) -> View:
    lead = f"{cone.part} " if len(starts) > 1 else ""
    box = {t: i for i, each in enumerate(boxes) for t in range(each.first, each.last + 1)}
    kept = [i for i, s in enumerate(cone.sources) if s in box]
    names = [(box[s], f"{lead}{s - starts[cone.part] + 1}") for s in (cone.sources[i] for i in kept)]
    rows = grouped(cone.log10[:, kept], boxes)
    remark = f"Recorded of the {cone.part} alone." if lead else ""
    return View(OF_OWN_LOSS, "‖dL_s/dh‖", cone.steps, rows[:, -1], rows, Scale.of(rows.ravel()), names, remark)


def _recorded(samples: Samples) -> tuple[list[int], np.ndarray, np.ndarray, str]:
    log10 = samples.ln_norm.astype(np.float64) / LN_10
    return samples.steps, np.stack([mean_over_samples(each) for each in log10]), log10, "‖dL/dh‖"


def _of_the_loss(folder: Path, record: RunRecord) -> tuple[list[int], np.ndarray, np.ndarray, str] | None:
    """Returns what earlier versions recorded: means over samples."""
    last_alone = not record.every_state and not record.halves
    found = _csv(folder, "grad_h_relative_log" if last_alone else "grad_h_log")
    if found is None:
        return None
    steps, mean = found
    return steps, mean, np.empty((0, 0, mean.shape[1])), "relative to the last step" if last_alone else "‖dL/dh‖"


def _csv(folder: Path, name: str) -> tuple[list[int], np.ndarray] | None:
    rows = read_rows(folder / PROFILES / f"{name}.csv")
    if not rows:
        return None
    table = np.array(rows)
    return table[:, 0].astype(int).tolist(), table[:, 1:] / LN_10


def _spans(record: RunRecord, T: int) -> Iterable[tuple[str, int, int]]:
    """Yields (name, first time step, end) of each RNN."""
    names = list(record.parts)
    firsts = [0, *record.later_parts.values()]
    return zip(names, firsts, [*firsts[1:], T], strict=False)


def _starts(record: RunRecord, T: int) -> Iterable[tuple[str, int]]:
    return ((name, start) for name, start, _ in _spans(record, T))


def _labels(samples: Samples, boxes: list[Group]) -> list[list[str]]:
    if not samples.labels:
        return []
    return [[_joined(row[each.first : each.last + 1]) for each in boxes] for row in samples.labels]


def _joined(words: list[str]) -> str:
    found = [word for word in words if word]
    return found[0] if len(found) == 1 else f"{found[0]} ... {found[-1]}" if found else ""


def _plain(values: np.ndarray) -> Any:
    if values.ndim > 1:
        return [_plain(each) for each in values]
    return [round(v, 3) if math.isfinite(v) else ("0" if v == -math.inf else None) for v in values.tolist()]
