"""A run on a device that is stopped half-way and resumed, against one that was not."""

import csv
import math
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory

ROOT = Path(__file__).resolve().parents[2]
NEEDED = ("hydra", "omegaconf", "pytorch_lightning", "torchmetrics", "wandb", "rich")
SMALL = ["task=latch", "task.samples=200", "model.hidden=8", "probe.every=5", "probe.births=2", "probe.samples=32"]
SMALL += ["trainer.log_every_n_steps=1"]


def missing() -> list[str]:
    """The packages that a run needs and this Python lacks."""
    return [name for name in NEEDED if find_spec(name) is None]


def a_run_and_its_resume(trainer: str) -> str:
    """What held, in words. Raises AssertionError where it does not.

    trainer: of conf/trainer, such as gpu. A GPU adds in no fixed order: the numbers agree to float32's precision.
    """
    with TemporaryDirectory() as folder:
        whole, halves = Path(folder) / "whole", Path(folder) / "halves"
        _train(trainer, whole, "trainer.max_steps=20")
        _train(trainer, halves, "trainer.max_steps=10")
        assert "resumed after 10 updates" in _train(trainer, halves, "trainer.max_steps=20", "resume=true")
        expected, found = (_numbers(each / "metrics.csv") for each in (whole, halves))
    assert len(found) == len(expected) > 20
    for row, twin in zip(found, expected, strict=True):
        for value, other in zip(row, twin, strict=True):
            equal = math.isclose(value, other, rel_tol=1e-3, abs_tol=1e-5) or (math.isnan(value) and math.isnan(other))
            assert equal, f"step {row[0]:g}: {value} after a resume, {other} without"
    return f"trainer={trainer}: a run of 20 updates, and one resumed after 10"


def _train(trainer: str, folder: Path, *words: str) -> str:
    command = [sys.executable, str(ROOT / "src" / "train.py"), *SMALL, f"trainer={trainer}", f"hydra.run.dir={folder}"]
    ended = subprocess.run([*command, *words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
    return ended.stdout


def _numbers(file: Path) -> list[list[float]]:
    with file.open(newline="") as text:
        return [[float(value or "nan") for value in row] for row in list(csv.reader(text))[1:]]
