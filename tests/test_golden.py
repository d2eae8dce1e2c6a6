"""Numbers of whole runs that must not move. To accept new ones on purpose: `python tests/test_golden.py`."""

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest

from conftest import QUICK, Run
from unrolled.config.identity import RunIdentity
from unrolled.run.lifecycle import run
from unrolled.run.preflight import compose

FILE = Path(__file__).parent / "golden" / "runs.json"
RUNS = {
    "default": [],
    "gelu gaussian sgd": ["activation=gelu", "init=gaussian", "optimizer=sgd", "model.hidden=16"],
    "xavier softsign 64 bits": ["activation=softsign", "init=xavier", "trainer.precision=64", "init.bias_std=0.5"],
    "words are shuffled, labels are noisy": ["task.shuffle_words=true", "task.label_noise=0.5", "loss=label_smoothing"],
    "captions": ["task=caption", "model.hidden=16"],
    "numbers": ["task=numbers", "task.samples=200", "model.hidden=16"],
    "characters": ["task=chars", "trainer.max_steps=5"],
    "adding": ["task=adding", "loss=huber"],
    "irnn medium": ["experiment=irnn", "model=medium", "trainer.gradient_clip_val=1"],
}


FLIPS = 2e-3  # of accuracy: an answer that is nearly a tie may fall either way, and is at most 1/1000 of a split


def numbers(status: dict[str, Any]) -> dict[str, Any]:
    told = status["halves"]["encoder"] if "halves" in status else status
    births = {f"births/{key}": told["births"][key] for key in ("slope_mean", "slope_sd")}
    kept = {key: told[key] for key in ("slope_start", "slope", "slope_error", "horizon", "regime_start", "regime")}
    return kept | births | status["metrics"] | {f"baseline/{k}": v for k, v in status["baseline"].items()}


@pytest.mark.parametrize("name", RUNS)
def test_a_run_gives_the_numbers_it_always_gave(name: str, quick_run: Run) -> None:
    """Other processors round differently: hence a tolerance, and no more than that."""
    expected = json.loads(FILE.read_text())[name]
    found = numbers(quick_run(*RUNS[name]))
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        if value is None or isinstance(value, str):
            assert found[key] == value, key
        else:
            least = FLIPS if key.endswith("accuracy") else 1e-5
            assert found[key] == pytest.approx(value, rel=1e-3, abs=least), key


def accept() -> None:
    found = {}
    for name, overrides in RUNS.items():
        with tempfile.TemporaryDirectory() as folder:
            config = compose([*QUICK, "tracker=none", *overrides])
            found[name] = numbers(run(config, RunIdentity(Path(folder), name, name)))
    FILE.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    accept()
