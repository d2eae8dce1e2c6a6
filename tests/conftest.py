import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from unrolled.place import Place
from unrolled.preflight import compose
from unrolled.run import run

ROOT = Path(__file__).resolve().parents[1]
torch.set_num_threads(1)  # as in every run: also what makes two of them equal to the bit

QUICK = ["trainer.max_steps=12", "trainer.log_every_n_steps=5", "probe.every=10", "probe.births=3", "probe.samples=32"]

Run = Callable[..., dict[str, Any]]


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that share a sweep or a browser of their module go to one process: else each would make its own."""
    for item in items:
        assert isinstance(item, pytest.Function)
        if any(fixtures[-1].scope == "module" for fixtures in item._fixtureinfo.name2fixturedefs.values()):
            item.add_marker(pytest.mark.xdist_group(item.nodeid.partition("::")[0]))


@pytest.fixture
def quick_run(tmp_path: Path) -> Run:
    """Runs a configuration in this process, a dozen steps by default; returns its status. No W&B."""

    def one(*overrides: str, folder: str = "run") -> dict[str, Any]:
        place = Place(tmp_path / folder, "a quick run", "a quick run")
        place.folder.mkdir()
        return run(compose([*QUICK, "tracker=none", *overrides]), place)

    return one


def train(*arguments: str, timeout_s: float = 120) -> subprocess.CompletedProcess[str]:
    """`python src/train.py ...` as a user types it."""
    command = [sys.executable, str(ROOT / "src" / "train.py"), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=timeout_s, cwd=ROOT, check=False)


def wandb_records(folder: Path) -> list[dict[str, Any]]:
    """What W&B's own reader says of a run."""
    command = [str(Path(sys.executable).parent / "wandb"), "leet", "inspect", "--json", str(folder)]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in told.stdout.splitlines()]


def wandb_rows(folder: Path) -> list[dict[str, Any]]:
    """The history of a run, a dict per logged row."""
    return [record["history"]["item"] for record in wandb_records(folder) if record["type"] == "history"]
