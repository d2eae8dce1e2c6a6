"""`profiles/samples.npz`: ln of the norm of dL/dh_t of single samples, by training step. No torch here."""

import zipfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .files import replacing
from .tables import PROFILES

SAMPLES = "samples.npz"
MOST_SAMPLES = 32
LARGEST = 1_000_000  # bytes of a file
LONGEST_LABEL = 12  # characters


@dataclass(frozen=True)
class Samples:
    """The gradients of single samples.

    probes: numbers of the probes that are kept, from 0.
    steps: training step of each of them.
    ln_norm: (P, S, T), float32: ln of the norm of dL/dh_t of the sample's own loss; -inf: exactly 0, nan: no such step.
    labels: what each sample reads at each time step, S rows of T texts; empty if the task has no names for it.
    """

    probes: list[int]
    steps: list[int]
    ln_norm: np.ndarray
    labels: list[list[str]]


def read_samples(folder: Path) -> Samples | None:
    """Returns the samples that the run in `folder` has recorded; None if there are none, or the file is damaged."""
    try:
        with (folder / PROFILES / SAMPLES).open("rb") as opened, np.load(opened, allow_pickle=False) as kept:
            probes, steps = kept["probes"].tolist(), kept["steps"].tolist()
            return Samples(probes, steps, kept["ln_norm"], kept["labels"].tolist())
    except (OSError, ValueError, KeyError, zipfile.BadZipFile):
        return None


def write_samples(folder: Path, samples: Samples) -> None:
    """Writes the file of the run in `folder` atomically; equal samples give equal bytes."""
    with replacing(folder / PROFILES / SAMPLES) as draft, draft.open("wb") as file:
        np.savez_compressed(
            file,
            probes=np.array(samples.probes, dtype=np.int64),
            steps=np.array(samples.steps, dtype=np.int64),
            ln_norm=samples.ln_norm,
            labels=np.array(samples.labels, dtype=np.str_),
        )


def kept_probes(probes: list[int], most: int) -> list[int]:
    """Returns the positions of the probes to keep: the multiples of the smallest power of two that fit, and the last.

    What is kept at the end then depends on the number of probes alone, whether or not a run was resumed in between.
    probes: numbers of probes, ascending.
    most: number of probes that fit, at least 2.
    """
    stride = 1
    while probes[-1] // stride + 1 + (probes[-1] % stride > 0) > most:
        stride *= 2
    return [i for i, probe in enumerate(probes) if probe % stride == 0 or i == len(probes) - 1]
