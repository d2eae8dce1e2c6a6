"""Keeps the gradients of single samples during a run, and writes `profiles/samples.npz`."""

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from unrolled.record.samples import (
    LARGEST,
    LONGEST_LABEL,
    MOST_SAMPLES,
    Samples,
    kept_probes,
    read_samples,
    write_samples,
)

FOR_LABELS = LARGEST // 3  # bytes; a character takes one byte or more, and packing makes words shorter


class SampleNorms:
    """The gradients of the first samples of each probe, thinned evenly to at most 1 MB.

    folder: of the run.
    labels: what each sample reads at each time step; dropped if they are too many.
    probes: number of the probes before: what the file holds of later ones is cut off.
    """

    def __init__(self, folder: Path, labels: list[list[str]], probes: int) -> None:
        self.folder = folder
        self.labels = [[text[:LONGEST_LABEL] for text in row] for row in labels[:MOST_SAMPLES]]
        if sum(len(text) + 1 for row in self.labels for text in row) > FOR_LABELS:
            self.labels = []
        self._rows: dict[int, tuple[int, np.ndarray]] = {}
        self._next, self._changed = probes, False
        earlier = read_samples(folder) if probes else None
        if earlier:
            rows = zip(earlier.probes, earlier.steps, earlier.ln_norm, strict=True)
            self._rows = {number: (step, norms) for number, step, norms in rows if number < probes}

    def probe(self, step: int, ln_norm: np.ndarray) -> None:
        """Adds a probe. ln_norm: (S, T)."""
        kept = fitting(ln_norm.astype(np.float32))
        self._rows[self._next] = step, kept
        self._next, self._changed = self._next + 1, True
        most = max(2, (LARGEST - FOR_LABELS) // max(1, kept.nbytes))
        numbers = sorted(self._rows)
        self._rows = {numbers[i]: self._rows[numbers[i]] for i in kept_probes(numbers, most)}

    def write(self) -> None:
        """Writes the file if there is something new. It reaches the disk before this returns."""
        if self._changed:
            steps, norms = zip(*self._rows.values(), strict=True)
            labels = self.labels[: max(map(len, norms))]
            write_samples(self.folder, Samples(list(self._rows), list(steps), _stacked(norms), labels))
            self._changed = False


def _stacked(norms: Sequence[np.ndarray]) -> np.ndarray:
    """Returns (P, S, T); nan for samples that a smaller training batch lacks."""
    most = max(map(len, norms))
    return np.stack([np.pad(each, ((0, most - len(each)), (0, 0)), constant_values=np.nan) for each in norms])


def fitting(ln_norm: np.ndarray) -> np.ndarray:
    """Returns as many samples, at most 32, as let two probes fit into the file. ln_norm: (S, T)."""
    most = (LARGEST - FOR_LABELS) // (2 * ln_norm.shape[1] * ln_norm.itemsize)
    return ln_norm[: max(1, min(MOST_SAMPLES, most))]
