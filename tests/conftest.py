import json
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import torch
from xdist.scheduler import LoadScopeScheduling

from commands import ROOT, train  # noqa: F401  (train for the tests that import it from here)
from unrolled.place import Place
from unrolled.preflight import compose
from unrolled.run import run

torch.set_num_threads(1)  # as in every run: also what makes two of them equal to the bit

QUICK = ["trainer.max_steps=12", "trainer.log_every_n_steps=5", "probe.every=10", "probe.births=3", "probe.samples=32"]

Run = Callable[..., dict[str, Any]]


class Sharing(LoadScopeScheduling):
    """Tests that share a sweep or a browser of their module go to one process: else each process makes its own."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return file if _shares(file) else nodeid


@cache
def _shares(file: str) -> bool:
    return 'scope="module"' in (ROOT / file).read_text(encoding="utf-8")


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Sharing:
    return Sharing(config, log)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Puts the signal handlers back that a test has changed: the next test's processes would inherit them."""
    before = {each: signal.getsignal(each) for each in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM, signal.SIGHUP)}
    yield
    for each, handler in before.items():
        signal.signal(each, handler)


@pytest.fixture
def quick_run(tmp_path: Path) -> Run:
    """Runs a configuration in this process, a dozen steps by default; returns its status. No W&B."""

    def one(*overrides: str, folder: str = "run") -> dict[str, Any]:
        place = Place(tmp_path / folder, "a quick run", "a quick run")
        place.folder.mkdir()
        return run(compose([*QUICK, "tracker=none", *overrides]), place)

    return one


def wandb_records(folder: Path) -> list[dict[str, Any]]:
    """What W&B's own reader says of a run."""
    command = [str(Path(sys.executable).parent / "wandb"), "leet", "inspect", "--json", str(folder)]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    return [json.loads(line) for line in told.stdout.splitlines()]


def wandb_rows(folder: Path) -> list[dict[str, Any]]:
    """The history of a run, a dict per logged row."""
    return [record["history"]["item"] for record in wandb_records(folder) if record["type"] == "history"]
