"""`profiles/samples.npz`: its size, what it keeps, and that a resumed run ends with the same bytes."""

from pathlib import Path

import numpy as np
import pytest

from conftest import Run, some
from unrolled.record.quantities import LN_10
from unrolled.record.samples import LARGEST, kept_probes, read_samples
from unrolled.record.tables import read_rows
from unrolled.run.samples import SampleNorms

T, S = 1000, 40


def norms(probe: int, samples: int = S) -> np.ndarray:
    return np.random.default_rng(probe).normal(size=(samples, T))


def words() -> list[list[str]]:
    draw = np.random.default_rng(0)
    return [["".join(map(chr, draw.integers(97, 123, 7))) for _ in range(T)] for _ in range(S)]


def written(folder: Path, first: int, last: int) -> bytes:
    """The file after the probes first ... last - 1, with what it held of earlier ones."""
    folder.joinpath("profiles").mkdir(parents=True, exist_ok=True)
    kept = SampleNorms(folder, words(), probes=first)
    for probe in range(first, last):
        kept.probe(10 * probe, norms(probe))
    kept.write()
    return (folder / "profiles" / "samples.npz").read_bytes()


def test_a_thousand_steps_and_many_probes_fit_into_a_megabyte(tmp_path: Path) -> None:
    assert len(written(tmp_path, 0, 23)) <= LARGEST
    found = read_samples(tmp_path)
    assert found is not None
    assert found.probes == [0, 8, 16, 22] and found.steps == [0, 80, 160, 220]
    assert found.ln_norm.dtype == np.float32 and found.ln_norm.shape == (4, 32, T)
    np.testing.assert_array_equal(found.ln_norm[-1], norms(22)[:32].astype(np.float32))
    assert found.labels == words()[:32]


@pytest.mark.parametrize(("checkpoint", "killed"), some([(3, 12), (3, 3), (9, 10)], 3))
def test_a_resumed_run_ends_with_the_same_bytes(checkpoint: int, killed: int, tmp_path: Path) -> None:
    undisturbed = written(tmp_path / "a", 0, 14)
    written(tmp_path / "b", 0, killed)
    assert written(tmp_path / "b", checkpoint, 14) == undisturbed


@pytest.mark.parametrize("most", [2, 5, 9])
def test_probes_are_thinned_evenly(most: int) -> None:
    kept: list[int] = []
    for probe in range(70):
        kept.append(probe)
        kept = [kept[i] for i in kept_probes(kept, most)]
        assert len(kept) <= most and kept[-1] == probe and kept[0] == 0
        assert len({*np.diff(kept[:-1]).tolist()}) <= 1


def test_a_smaller_training_batch_leaves_the_other_samples_empty(tmp_path: Path) -> None:
    (tmp_path / "profiles").mkdir()
    kept = SampleNorms(tmp_path, [], probes=0)
    kept.probe(0, norms(0, 5))
    kept.probe(1, norms(1, 3))
    kept.write()
    found = read_samples(tmp_path)
    assert found is not None and found.labels == []
    assert np.isnan(found.ln_norm).any((1, 2)).tolist() == [False, True]


def test_a_run_records_its_first_samples_and_what_they_read(quick_run: Run, tmp_path: Path) -> None:
    quick_run("probe.samples=32")
    found = read_samples(tmp_path / "run")
    assert found is not None
    step, *logs = read_rows(tmp_path / "run" / "profiles" / "grad_h_log.csv")[0]  # in float64 before training
    assert found.steps[0] == step == 0
    alive = ~np.isnan(logs)
    np.testing.assert_allclose(np.nanmean(found.ln_norm[0][:, alive], 0), np.array(logs)[alive], atol=1e-4 * LN_10)
    read = np.array([[bool(word) for word in row] for row in found.labels])
    np.testing.assert_array_equal(read, ~np.isnan(found.ln_norm[0]))
