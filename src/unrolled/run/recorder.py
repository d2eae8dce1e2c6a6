"""Records every number of a run in its CSV files and in W&B."""

import math
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from unrolled.gradients.diagnosis import Diagnosis
from unrolled.gradients.portrait import Portrait
from unrolled.inspection.heat_map import draw
from unrolled.inspection.portrait import write_portrait
from unrolled.record import ownership
from unrolled.record.files import sync
from unrolled.record.parts import labels, starts
from unrolled.record.quantities import LN_10, logged
from unrolled.record.tables import METRICS, PROFILES, Table, lag_columns, read_table
from unrolled.training.initialisations import Initialisations
from unrolled.training.measurement import value
from unrolled.training.probe import Measurement
from unrolled.wandb_runs.tracker import Tracker

from .profiles import Profiles
from .samples import SampleNorms

PORTRAITS = "portraits"
TABLE = ["step", "t", "lag", "rms", "mean_ln_norm", "samples", "zeros"]


class Recorder:
    """Writes every number of a run. Rows of one step are merged, and written when a later step begins or at the end.

    On resume, rows written after the checkpoint are cut off. Earlier rows are logged to W&B again, because an offline
    W&B file cannot be appended to.
    folder: of the run.
    steps: number of time steps of each RNN by its name; lags count back from the end of the first.
    parameters, scores: names whose columns metrics.csv gets.
    states: names of the states of a layer.
    reads: what each sample of the probe reads at each time step, if that has names.
    state: of the recorder in the checkpoint that is resumed; None: a run from step 0.
    """

    def __init__(
        self,
        folder: Path,
        tracker: Tracker,
        steps: Mapping[str, int],
        parameters: list[str],
        scores: list[str],
        *,
        states: Sequence[str] = ("h",),
        reads: list[list[str]] | None = None,
        state: dict[str, Any] | None = None,
    ) -> None:
        self.folder, self.tracker = folder, tracker
        self.read = next(iter(steps.values()))
        self.starts, self.labels, self.lags = starts(steps), labels(steps), list(lag_columns(self.read))
        if state is not None:
            _cut(folder, state["sizes"])
        columns = ["step", "epoch", "loss", "train/accuracy", *scores]
        columns += [f"grad/{name}" for name in parameters]
        columns += [f"grad_{state}/log10_lag_{lag}" for state in states for lag in self.lags]
        columns += [name for part in self.labels.values() for name in logged(part)]
        self._metrics = Table(folder / METRICS, columns, keep=state is not None)
        self._profiles = Profiles(folder, steps, resumed=state is not None, states=states)
        self._samples = SampleNorms(folder, reads or [], probes=len(self._profiles.rows[""]))
        self._pending: dict[str, float] = {}
        self._media: dict[str, Any] = {}  # images and tables of the pending step, for W&B alone
        self._last: Measurement | None = None
        self._step = 0
        if state is not None:
            self._step, self._pending = state["step"], state["pending"]
            self._replay()

    def row(self, step: int, values: dict[str, float]) -> None:
        if step != self._step:
            self._flush()
        self._step = step
        self._pending |= values

    def probe(self, step: int, measurement: Measurement) -> None:
        self.row(step, self._scalars(measurement))
        self._profiles.probe(step, measurement)
        self._samples.probe(step, measurement.samples.numpy())
        self._media["grad_h/profile"] = self.tracker.profile(measurement.profile.rms, measurement.profile.count)
        self._last = measurement

    def initialisations(self, drawn: dict[str, Initialisations]) -> None:
        self._profiles.initialisations(drawn)

    def state(self) -> dict[str, Any]:
        """Returns the plain values with which a later `Recorder` continues here; sizes of files in bytes."""
        files = _tables(self.folder)
        sizes = {str(file.relative_to(self.folder)): file.stat().st_size for file in files}
        return {"step": self._step, "pending": dict(self._pending), "sizes": sizes}

    def sync(self) -> None:
        """Returns once the rows that `state` counts are on the disk: a checkpoint must not outlive them."""
        self._samples.write()
        for file in _tables(self.folder):
            sync(file)

    def portraits(self, when: str, title: str, found: dict[str, tuple[Diagnosis, Portrait | None]]) -> None:
        """Writes `portraits/<when>.json`, .png and .svg, or `<when>_<name>` for each RNN if there are several.

        when: "start" or "end" of training.
        title: of the drawing.
        found: diagnosis and portrait of each RNN, by name.
        """
        for part, (diagnosis, portrait) in found.items():
            name = when if len(found) == 1 else f"{when}_{part}"
            write_portrait(self.folder / PORTRAITS / f"{name}.json", f"{title}: {name}", diagnosis, portrait)

    def close(self) -> None:
        """Draws the heat map, and writes the samples and the pending row."""
        self._samples.write()
        rows = self._profiles.rows
        if rows["_log"]:
            zeros = sum(int(row.nansum()) for row in rows["_zeros"].values())
            log10 = {step: row / LN_10 for step, row in rows["_log"].items()}
            picture = draw(self.folder / "heat_map.png", log10, zeros, self.starts, self._last)
            self._media["heat_map"] = self.tracker.image(picture)
            self._media["profiles"] = self.tracker.table(TABLE, self._table())
        for picture in sorted((self.folder / PORTRAITS).glob("*.png")):
            self._media[f"portrait/{picture.stem}"] = self.tracker.image(picture)
        self._flush()

    def _scalars(self, measurement: Measurement) -> dict[str, float]:
        values: dict[str, Any] = {}
        for state, profile in measurement.of_states.items():
            log_mean = profile.log_mean[: self.read].flip(0) / LN_10
            values |= {f"grad_{state}/log10_lag_{k}": float(log_mean[k]) for k in self.lags}
        for part, marked in self.labels.items():
            values |= {name: value(each, measurement, part) for name, each in logged(marked).items()}
        return {key: v for key, v in values.items() if v is not None and not math.isnan(v)}

    def _flush(self) -> None:
        if self._pending:
            self._metrics.write({"step": self._step, **self._pending})
        if self._pending or self._media:
            self.tracker.log(self._step, _for_viewer(self._pending) | self._media)
        self._pending, self._media = {}, {}

    def _replay(self) -> None:
        rms, count = self._profiles.rows[""], self._profiles.rows["_count"]
        media = {s: {"grad_h/profile": self.tracker.profile(rms[s], count[s].nan_to_num())} for s in rms}
        header, rows = read_table(self._metrics.path)
        for step, *values in rows:
            known = {key: v for key, v in zip(header[1:], values, strict=True) if not math.isnan(v)}
            self.tracker.log(int(step), _for_viewer(known) | media.pop(int(step), {}))
        self._media = media.pop(self._step, {})

    def _table(self) -> list[list[Any]]:
        quantities = list(self._profiles.rows.values())
        steps, rows = list(quantities[0]), []
        for step in (steps[0], steps[-1]):
            T = len(quantities[0][step])
            for t in range(T):
                numbers = [float(found[step][t]) for found in quantities]
                if numbers[2] > 0:
                    rows.append([step, t, (self.read if t < self.read else T) - 1 - t, *numbers])
        return rows


def _for_viewer(values: dict[str, float]) -> dict[str, float]:
    """Returns the values, with log10 of the parameters' gradients too: W&B's terminal viewer has linear axes only."""
    norms = {key.removeprefix("grad/"): v for key, v in values.items() if key.startswith("grad/")}
    return values | {f"grad/log10_{name}": math.log10(v) for name, v in norms.items() if 0 < v < math.inf}


class NullRecorder:
    """The recorder of a rank that does not lead: it records nothing."""

    def row(self, step: int, values: dict[str, float]) -> None: ...
    def probe(self, step: int, measurement: Measurement) -> None: ...
    def initialisations(self, drawn: dict[str, Initialisations]) -> None: ...
    def portraits(self, when: str, title: str, found: dict[str, tuple[Diagnosis, Portrait | None]]) -> None: ...
    def close(self) -> None: ...
    def sync(self) -> None: ...

    def state(self) -> dict[str, Any]:
        return {}


def _tables(folder: Path) -> list[Path]:
    names = [name for name in ownership.RUN if name == METRICS or name.startswith(PROFILES)]
    return ownership.ours(folder, [name for name in names if name.endswith(".csv")])


def _cut(folder: Path, sizes: dict[str, int]) -> None:
    """Cuts the tables back to the sizes that a checkpoint stores, and removes tables that it does not list."""
    for file in _tables(folder):
        size = sizes.get(str(file.relative_to(folder)))
        if size is None:
            file.unlink()
        else:
            os.truncate(file, size)


def recorded(folder: Path, state: dict[str, Any]) -> bool:
    """Returns whether all files that a checkpoint lists still exist and are at least as long as then.

    folder: of the run.
    state: of the recorder, as the checkpoint stores it.
    """
    sizes = state["sizes"].items()
    return all((folder / name).is_file() and (folder / name).stat().st_size >= size for name, size in sizes)
