"""The gradient of each time step's own loss along the chain, from the portraits of a run."""

import json
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from unrolled.record.quantities import LN_10

from .portrait_figures import numbers


@dataclass(frozen=True)
class Cone:
    """log10 of the norm of dL_s/dh_t, mean over samples.

    steps: P training steps.
    sources: the S time steps whose loss goes back, counted from 0 over all RNNs.
    part: name of the RNN, "" of the only one.
    log10: (P, S, T); nan where there is none, -inf where it is exactly 0.
    """

    steps: list[int]
    sources: list[int]
    part: str
    log10: np.ndarray


def recorded_cone(folder: Path, last: int, spans: Iterable[tuple[str, int, int]]) -> Cone | None:
    """Returns the cone of the RNN whose steps have losses of their own; None if no portrait has one.

    last: training step at the end of the run.
    spans: (name, first time step, end) of each RNN.
    """
    spans = list(spans)
    T = spans[-1][2]
    for i, (name, start, end) in enumerate(spans):
        files = [folder / "portraits" / f"{when}{f'_{name}' if name else ''}.json" for when in ("start", "end")]
        found = [(step, own) for step, file in zip((0, last), files, strict=True) if (own := _own(file, end - start))]
        if found and all(sources == found[-1][1][0] for _, (sources, _) in found):
            sources, rows = found[-1][1]
            # the longest samples: the first RNN reads them to its end, a later one writes them from its start
            first = start if i else end - rows.shape[1]
            log10 = np.full((len(found), len(rows), T), np.nan)
            for p, (_, (_, ln)) in enumerate(found):
                log10[p, :, first : first + ln.shape[1]] = ln / LN_10
            return Cone([step for step, _ in found], [first + s for s in sources], name, log10)
    return None


def _own(file: Path, steps: int) -> tuple[list[int], np.ndarray] | None:
    """Returns (sources, ln norms) of a portrait whose steps have losses of their own, if it has at most `steps`."""
    try:
        portrait = json.loads(file.read_text(encoding="utf-8"))["portrait"]
        if portrait is None or not portrait["own_loss"]:
            return None
        rows = numbers(portrait["ln_cone"])
    except (OSError, ValueError, KeyError):  # not recorded, or cut short
        return None
    return (portrait["sources"], rows) if rows.ndim == 2 and rows.shape[1] <= steps else None
