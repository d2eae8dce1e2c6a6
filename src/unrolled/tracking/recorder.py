"""Every number of a run, to its CSV files and to W&B alike."""

import math
from pathlib import Path
from typing import Any

from unrolled.training.probe import Births, Look

from .heat_map import draw
from .tables import METRICS, Profiles, Table, lag_columns
from .weights_and_biases import Tracker

LN_10 = math.log(10)
TABLE = ["step", "t", "lag", "rms", "mean_ln_norm", "samples", "zeros"]


class Recorder:
    """Rows of one step are merged into one; a step's row is written when a later step begins, or at the end.

    steps: time steps of each RNN; lags count back from the end of the first. parameters, scores: names whose columns
    metrics.csv gets.
    """

    def __init__(
        self, folder: Path, tracker: Tracker, steps: list[int], parameters: list[str], scores: list[str]
    ) -> None:
        self.folder, self.tracker = folder, tracker
        self.read, self.lags = steps[0], list(lag_columns(steps[0]))
        columns = ["step", "epoch", "loss", "train/accuracy", *scores]
        columns += [f"grad/{name}" for name in parameters]
        columns += [f"grad_h/log10_lag_{lag}" for lag in self.lags]
        self._metrics = Table(folder / METRICS, [*columns, "grad_h/zeros", "grad_h/slope", "grad_h/horizon"])
        self._profiles = Profiles(folder, sum(steps))
        self._pending: dict[str, float] = {}
        self._media: dict[str, Any] = {}  # what W&B alone keeps of the pending step
        self._step = 0
        self._seen: list[tuple[int, Look]] = []

    def row(self, step: int, values: dict[str, float]) -> None:
        if step != self._step:
            self._flush()
        self._step = step
        self._pending |= values

    def probe(self, step: int, look: Look) -> None:
        self.row(step, self._scalars(look))
        self._profiles.probe(step, look)
        self._media["grad_h/profile"] = self.tracker.profile(look.profile.rms, look.profile.count)
        self._seen.append((step, look))

    def births(self, births: Births) -> None:
        self._profiles.births(births)

    def close(self) -> None:
        """Draws the heat map, and writes what is pending."""
        if self._seen:
            steps = [step for step, _ in self._seen]
            log10 = [look.profile.log_mean / LN_10 for _, look in self._seen]
            zeros = sum(int(look.profile.zeros.nansum()) for _, look in self._seen)
            picture = draw(self.folder / "heat_map.png", steps, log10, zeros, self._seen[-1][1].seam)
            self._media["heat_map"] = self.tracker.image(picture)
            self._media["profiles"] = self.tracker.table(TABLE, self._table())
        self._flush()

    def _scalars(self, look: Look) -> dict[str, float]:
        log_mean = look.profile.log_mean[: self.read].flip(0) / LN_10
        values: dict[str, Any] = {f"grad_h/log10_lag_{k}": float(log_mean[k]) for k in self.lags}
        values["grad_h/zeros"] = float(look.profile.zeros.nansum())
        if look.diagnosis is not None and look.seam is None:
            values["grad_h/slope"] = look.diagnosis.slope.mean if look.diagnosis.slope else None
            values["grad_h/horizon"] = look.diagnosis.horizon.lag
        return {key: v for key, v in values.items() if v is not None and not math.isnan(v)}

    def _flush(self) -> None:
        if self._pending:
            self._metrics.write({"step": self._step, **self._pending})
        if self._pending or self._media:
            self.tracker.log(self._step, {**self._pending, **self._media})
        self._pending, self._media = {}, {}

    def _table(self) -> list[list[Any]]:
        rows = []
        for step, look in (self._seen[0], self._seen[-1]):
            p = look.profile
            T = len(p.rms)
            for t in range(T):
                if p.count[t] > 0:
                    numbers = (p.rms[t], p.log_mean[t], p.count[t], p.zeros[t])
                    rows.append([step, t, (self.read if t < self.read else T) - 1 - t, *(float(n) for n in numbers)])
        return rows
