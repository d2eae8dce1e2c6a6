import os
import random
import signal
from collections.abc import Callable, Iterable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings
from xdist.scheduler import LoadScopeScheduling

from commands import ROOT, train  # noqa: F401  (train for the tests that import it from here)
from kills import tally

# A shell starts what it runs in the background with SIGINT ignored, nohup with SIGHUP: as in a terminal all the same.
signal.signal(signal.SIGINT, signal.default_int_handler)
signal.signal(signal.SIGHUP, signal.SIG_DFL)
os.fsync = lambda _: None  # a power cut is not among the tests' means, and to wait for the disk is half of their time

settings.register_profile("on every machine", deadline=None)  # no test depends on the clock
settings.load_profile("on every machine")

QUICK = ["trainer.max_steps=12", "trainer.log_every_n_steps=5", "probe.every=10", "probe.births=3", "probe.samples=32"]

Run = Callable[..., dict[str, Any]]


def pytest_configure(config: pytest.Config) -> None:
    """Imports what nearly every test needs, but in the process that only hands tests out."""
    if hasattr(config, "workerinput") or not config.getoption("numprocesses", None):
        from unrolled.run.load import load_run

        load_run()
        import torch

        torch.set_num_threads(1)  # as in every run: also what makes two of them equal to the bit


class Sharing(LoadScopeScheduling):
    """Tests that share a sweep or a browser of their module go to one process: else each process makes its own."""

    def _split_scope(self, nodeid: str) -> str:
        file = nodeid.partition("::")[0]
        return file if _shares(file) else nodeid


@cache
def _shares(file: str) -> bool:
    return 'scope="module"' in (ROOT / file).read_text(encoding="utf-8")


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Prints the table of the kills, if any were among the tests."""
    stats = terminalreporter.stats
    for line in tally.lines([report for name in ("passed", "failed") for report in stats.get(name, [])]):
        terminalreporter.write_line(line)


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Sharing:
    return Sharing(config, log)


@pytest.fixture(autouse=True)
def handlers() -> Iterator[None]:
    """Puts the signal handlers back that a test has changed: the next test's processes would inherit them."""
    from unrolled.processes.signals import ENDING

    before = {each: signal.getsignal(each) for each in (*ENDING, signal.SIGALRM)}
    yield
    signal.setitimer(signal.ITIMER_REAL, 0)
    for each, handler in before.items():
        signal.signal(each, handler)


@pytest.fixture(autouse=True)
def as_wide_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Removes the width of the terminal in which the tests are started: tables would follow it."""
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture(autouse=True)
def seeded() -> None:
    """Gives each test the same random numbers, whichever tests ran before it in its process."""
    import numpy as np
    import torch

    random.seed(0)
    np.random.seed(0)
    torch.manual_seed(0)


@pytest.fixture
def killed(record_property: Callable[[str, Any], None]) -> Callable[[str, str], None]:
    """Counts a kill of this test in the table at the end: (row, column), and whether the test passes."""
    return lambda row, column: record_property(tally.KILL, (row, column))


@pytest.fixture
def quick_run(tmp_path: Path) -> Run:
    """Runs a configuration in this process, a dozen steps by default; returns its status. No W&B."""
    from unrolled.config.identity import RunIdentity
    from unrolled.run.lifecycle import run
    from unrolled.run.preflight import compose

    def one(*overrides: str, folder: str = "run") -> dict[str, Any]:
        identity = RunIdentity(tmp_path / folder, "a quick run", "a quick run")
        identity.folder.mkdir()
        return run(compose([*QUICK, "tracker=none", *overrides]), identity)

    return one


def some(cases: Iterable[Any], every: int) -> list[Any]:
    """Returns the cases of a parametrised test: `make test` takes each `every`-th, `make test-long` the others."""
    as_tuple = ((i, case if isinstance(case, tuple) else (case,)) for i, case in enumerate(cases))
    return [pytest.param(*case, marks=[pytest.mark.long] * bool(i % every)) for i, case in as_tuple]


def wandb_records(folder: Path) -> list[dict[str, Any]]:
    """What W&B's own reader finds of the one run in a folder, its own or that of the run of ours."""
    from unrolled.wandb_runs.read_back import read_records

    (file,) = folder.rglob("*.wandb")
    return read_records(file.parent)


def wandb_rows(folder: Path) -> list[dict[str, Any]]:
    """The history of a run, a dict per logged row."""
    return [record["history"]["item"] for record in wandb_records(folder) if record["type"] == "history"]
