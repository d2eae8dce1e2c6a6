"""Numbers of whole runs that must not move. To accept new ones on purpose: `python tests/test_golden.py`."""

import json
import tempfile
from pathlib import Path
from typing import Any

import pytest

from conftest import QUICK, Run
from unrolled.place import Place
from unrolled.preflight import compose
from unrolled.run import run

FILE = Path(__file__).parent / "golden" / "runs.json"
RUNS = {
    "default": [],
    "gelu gaussian sgd": ["activation=gelu", "init=gaussian", "optimizer=sgd", "model.hidden=16"],
    "xavier softsign 64 bits": ["activation=softsign", "init=xavier", "trainer.precision=64", "init.bias_std=0.5"],
    "irnn medium": ["experiment=irnn", "model=medium", "trainer.gradient_clip_val=1"],
}


def numbers(status: dict[str, Any]) -> dict[str, Any]:
    births = {f"births/{key}": status["births"][key] for key in ("slope_mean", "slope_sd")}
    kept = {key: status[key] for key in ("slope_start", "slope", "slope_error", "horizon", "regime_start", "regime")}
    return kept | births | status["metrics"] | {f"baseline/{k}": v for k, v in status["baseline"].items()}


@pytest.mark.parametrize("name", RUNS)
def test_a_run_gives_the_numbers_it_always_gave(name: str, quick_run: Run) -> None:
    """Other processors round differently: hence a tolerance, and no more than that."""
    expected = json.loads(FILE.read_text())[name]
    found = numbers(quick_run(*RUNS[name]))
    words = ("regime_start", "regime")
    assert {key: found[key] for key in words} == {key: expected[key] for key in words}
    for key in set(expected) - set(words):
        assert found[key] == pytest.approx(expected[key], rel=1e-3, abs=1e-5), key


def accept() -> None:
    found = {}
    for name, overrides in RUNS.items():
        with tempfile.TemporaryDirectory() as folder:
            config = compose([*QUICK, "tracker=none", *overrides])
            found[name] = numbers(run(config, Place(Path(folder), name, name)))
    FILE.write_text(json.dumps(found, indent=1) + "\n")


if __name__ == "__main__":
    accept()
