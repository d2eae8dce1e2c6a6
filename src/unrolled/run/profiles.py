"""Writes `profiles/`, a row per probe, and `words.csv`."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import torch
from torch import Tensor

from unrolled.record.parts import suffixes
from unrolled.record.tables import PROFILES, WORDS, Table, read_rows
from unrolled.training.diagnoses import relative_log
from unrolled.training.initialisations import Initialisations
from unrolled.training.neighbours import Pair
from unrolled.training.probe import Measurement

QUANTITIES = ("", "_log", "_count", "_zeros")
JOINT = "grad_state"  # of a layer with two states


class Profiles:
    """Writes the files of `profiles/`, one per quantity, with the header `step,t0,t1,...`. Logarithms are in nats.

    folder: of the run.
    steps: number of time steps of each RNN, by name, in order of time.
    resumed: keep the rows in the files.
    states: names of the states of a layer.
    rows: for each of `QUANTITIES` of the joint state, training step -> profile (T,), float64; nan for an empty field.
    """

    def __init__(self, folder: Path, steps: Mapping[str, int], resumed: bool, states: Sequence[str] = ("h",)) -> None:
        self.folder, self.times = folder / PROFILES, [f"t{t}" for t in range(sum(steps.values()))]
        self.suffixes = suffixes(steps)
        self.folder.mkdir(exist_ok=True)
        whole = "grad_h" if len(states) == 1 else JOINT
        self.drawn = {f"{whole}{each}": each for each in QUANTITIES}
        self.rows = {each: self._kept(name) if resumed else {} for name, each in self.drawn.items()}
        self._tables: dict[str, Table] = {}

    def _kept(self, name: str) -> dict[int, Tensor]:
        rows = read_rows(self.folder / f"{name}.csv")
        return {int(step): torch.tensor(row, dtype=torch.float64) for step, *row in rows}

    def probe(self, step: int, measurement: Measurement) -> None:
        """Writes the profiles of a probe. A field is empty if no sample is real; a mean log also if all norms are 0."""
        void = measurement.profile.count == 0
        self._row("grad_x", "step", step, measurement.input_rms, empty=void)
        found = {f"grad_{name}": each for name, each in measurement.of_states.items()}
        if len(found) > 1:
            found[JOINT] = measurement.profile
        for name, p in found.items():
            values = {name: p.rms, f"{name}_q10": p.q10, f"{name}_q50": p.q50, f"{name}_q90": p.q90}
            for key, row in (values | {f"{name}_zeros": p.zeros, f"{name}_count": p.count}).items():
                self._row(key, "step", step, row, empty=void)
            self._row(f"{name}_log", "step", step, p.log_mean, empty=p.log_mean.isnan())
        logs = {}
        for part, diagnosis in measurement.diagnoses.items():
            logs[f"grad_h_relative_log{self.suffixes[part]}"] = relative_log(diagnosis)
        for name, row in logs.items():
            self._row(name, "step", step, row, empty=row.isnan())
        for part, weights in measurement.weights.items():
            self._row(f"grad_W_h{self.suffixes[part]}", "step", step, weights.norms, empty=weights.norms.isnan())
            for gate, norms in measurement.gates[part].items():
                self._row(f"grad_W_h_{gate}{self.suffixes[part]}", "step", step, norms, empty=norms.isnan())

    def initialisations(self, drawn: dict[str, Initialisations]) -> None:
        """Writes the profile, relative to lag 0, of each network drawn before training. drawn: by name of the RNN."""
        for part, initialisations in drawn.items():
            for i, row in enumerate(initialisations.curves):
                self._row(f"births_relative_log{self.suffixes[part]}", "birth", i, row, empty=row.isnan())

    def _row(self, name: str, key: str, index: int, values: Tensor, empty: Tensor) -> None:
        times = self.times[: len(values)]  # a profile of one RNN among several covers its own steps only
        if name not in self._tables:
            self._tables[name] = Table(self.folder / f"{name}.csv", [key, *times], keep=True)
        cells = zip(times, values.tolist(), empty.tolist(), strict=True)
        self._tables[name].write({key: index, **{t: None if void else v for t, v, void in cells}})
        if name in self.drawn:
            self.rows[self.drawn[name]][index] = values.double().masked_fill(empty, torch.nan).cpu()


def write_words(folder: Path, before: Sequence[Pair], after: Sequence[Pair]) -> None:
    """Writes `words.csv`: cosines of pairs of words, and nearest words, before and after training.

    folder: of the run.
    before, after: the same pairs in the same order; nothing is written if there are none.
    """
    if not after:
        return
    table = Table(folder / WORDS, ["word", "other", "cosine_start", "cosine", "nearest_start", "nearest"])
    for first, last in zip(before, after, strict=True):
        cosines = {"cosine_start": first.cosine, "cosine": last.cosine}
        nearest = {"nearest_start": first.nearest, "nearest": last.nearest}
        table.write({"word": last.word, "other": last.other, **cosines, **nearest})
