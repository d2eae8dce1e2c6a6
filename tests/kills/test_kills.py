"""Commands that are killed at exact moments, and completed by the same command to the bits of an undisturbed one.

Whoever ends a run, and when: its record says so, and no process stays.
"""

import json
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
import torch
from strikes import LAUNCHER, VARIABLE, Strike, stat
from tally import GONE_S

from commands import TRAIN, Command
from conftest import ROOT, train, wandb_rows
from same_bits import same
from unrolled.record import status
from unrolled.record.results import read_sweep

pytestmark = pytest.mark.long

DISTURBED = Path(__file__).with_name("disturbed.py")
WORDS = ["task=latch", "model.hidden=4", "task.samples=60", "trainer.batch_size=10", "trainer.max_steps=18"]
WORDS += ["trainer.max_epochs=3", "trainer.log_every_n_steps=3", "probe.every=7", "probe.births=2", "probe.samples=16"]
WORDS += ["trainer.checkpoint_every_s=0", "trainer.progress=false", "optimizer=adam"]
EPOCH, LAST_STEP, RUNS = 6, 18, 2
KINDS = {"one run": ["tracker=none"], "W&B": ["tracker=offline"], "two ranks": ["tracker=none", "trainer=ddp_cpu"]}
KINDS["sweep"] = ["tracker=none", "seed=0,1"]
INT, TERM, HUP, KILL = SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
LONGEST_S = 20.0

COLUMN = {
    "modules load": "modules load",
    "folder claimed": "folder",
    "plan": "folder",
    "data loaded": "before step 1",
    "initialisations drawn": "before step 1",
    "a run starts": "before step 1",
    "a run has started": "before step 1",
    "step": "step",
    "backward": "step",
    "row": "step",
    "save begins": "saving",
    "draft saved": "saving",
    "draft in place": "saving",
    "validation": "validation",
    "status.json": "status.json",
    "last evaluation": "evaluation",
    "judged": "evaluation",
    "summary": "evaluation",
    "W&B opened": "W&B",
    "W&B finish": "W&B",
    "W&B finished": "W&B",
    "table": "table, page",
    "page": "table, page",
}
EARLY = {"modules load", "folder claimed", "data loaded", "initialisations drawn", "W&B opened", "plan", "a run starts"}
LATE = {"W&B finish", "W&B finished", "summary"}
ONCE = (
    "modules load",
    "folder claimed",
    "data loaded",
    "initialisations drawn",
    "last evaluation",
    "judged",
    "summary",
)
RESULT = 3  # the writing of status.json that has it; those before open the record and name the data


class Kill(NamedTuple):
    """A kind of command, and a strike without its file."""

    kind: str
    strike: Strike

    @property
    def label(self) -> str:
        s = self.strike
        at = "" if s.at is None else f" {s.at}"
        again = "" if s.again_s is None else f" twice {s.again_s:g} s"
        inside = "" if s.inside is None else f" in {s.inside}"
        return f"{self.kind}: {signal.Signals(s.number).name}{again} to {s.target}{inside}, {s.moment}{at}"

    @property
    def row(self) -> str:
        twice = "" if self.strike.again_s is None else " twice"
        return f"{self.kind}, {signal.Signals(self.strike.number).name}{twice}"


def single() -> Iterator[Kill]:
    draw = random.Random(0)
    for number in SIGNALS:
        moments: list[tuple[str, int | None]] = [(moment, None) for moment in ONCE]
        moments += [(draw.choice(["step", "backward", "row"]), draw.randrange(1, LAST_STEP)) for _ in range(4)]
        moments += [(each, draw.randrange(1, LAST_STEP)) for each in ("save begins", "draft saved", "draft in place")]
        moments += [("step", 0), ("save begins", LAST_STEP), ("validation", EPOCH), ("validation", LAST_STEP)]
        moments += [("status.json", i) for i in range(RESULT + 1)]
        for i, (moment, at) in enumerate(moments):
            yield Kill("one run", Strike(moment, number, "", ("process", "group")[i % 2], at))
        for target in ("process", "group"):
            for moment in ("W&B opened", "W&B finish", "W&B finished"):
                yield Kill("W&B", Strike(moment, number, "", target))
    for number in (INT, TERM, HUP):
        for again_s, hold_s in ((0.05, 0.1), (3.0, 3.5)):
            for moment, at in (("step", 9), ("save begins", 7), ("draft saved", 8), ("validation", 12)):
                yield Kill("one run", Strike(moment, number, "", "group", at, again_s=again_s, hold_s=hold_s))


def ranks() -> Iterator[Kill]:
    draw = random.Random(1)
    for number in SIGNALS:
        for i, (target, inside) in enumerate([("process", "0"), ("process", "1"), ("launcher", "0"), ("group", "1")]):
            late = ("last evaluation", None) if inside == "0" else ("validation", 2 * EPOCH)
            outside = (("data loaded", None), ("step", 0), late)[(i + number) % 3]
            saving = (draw.choice(["save begins", "draft saved"]), draw.randrange(1, LAST_STEP))
            within = ("step", draw.randrange(1, LAST_STEP))
            for moment, at in (outside, within, saving):
                yield Kill("two ranks", Strike(moment, number, "", target, at, inside))


def sweeps() -> Iterator[Kill]:
    draw = random.Random(2)
    for number in SIGNALS:
        for i, moment in enumerate(("plan", "a run starts", "a run has started", "table", "page", "page")):
            yield Kill("sweep", Strike(moment, number, "", ("launcher", "group")[i % 2], inside=LAUNCHER))
        for target in ("launcher", "group", "process"):
            inside = draw.choice("01")
            for moment, at in (("step", draw.randrange(1, LAST_STEP)), ("draft saved", draw.randrange(1, LAST_STEP))):
                yield Kill("sweep", Strike(moment, number, "", target, at, inside))
        yield Kill("sweep", Strike("last evaluation", number, "", "process", None, "1"))
        yield Kill("sweep", Strike("step", number, "", "fork server", draw.randrange(1, LAST_STEP), "0"))


def command(kind: str, folder: Path, *words: str) -> list[str]:
    if kind == "sweep":
        begun = (folder / "cells.json").is_file()
        where = [f"sweep.resume={folder}" if begun else f"hydra.sweep.dir={folder}"]
        return ["-m", *WORDS, *KINDS[kind], *where, *words]
    return [*WORDS, *KINDS[kind], f"hydra.run.dir={folder}", *words]


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    """The folder of an undisturbed command of a kind, made once a process."""
    made: dict[str, Path] = {}

    def get(kind: str) -> Path:
        if kind not in made:
            made[kind] = tmp_path_factory.mktemp("undisturbed") / "folder"
            ended = train(*command(kind, made[kind]))
            assert (ended.returncode, ended.stderr) == (0, "")
        return made[kind]

    return get


@pytest.mark.parametrize("kill", [*single(), *ranks(), *sweeps()], ids=lambda kill: kill.label)
def test_what_is_killed_is_resumed_to_the_same_bits(
    kill: Kill, undisturbed, killed, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    killed(kill.row, COLUMN[kill.strike.moment])
    whole, folder, struck = undisturbed(kill.kind), tmp_path / "folder", tmp_path / "struck.json"
    order = json.dumps(kill.strike._replace(file=str(struck))._asdict())
    process = Command(DISTURBED, *command(kill.kind, folder), environment={**os.environ, VARIABLE: order})
    _, stderr = process.communicate(timeout=120)
    assert process.returncode is not None
    assert struck.is_file(), stderr or "the moment has not come"
    record_property(GONE_S, seconds_until_gone(json.loads(struck.read_text())))
    (check_sweep if kill.kind == "sweep" else check_run)(kill, folder, process.returncode, stderr)
    completes(kill.kind, folder, whole)


def seconds_until_gone(family: list[tuple[int, str]]) -> float:
    """Returns how long it takes until no process of the command is left, which is an error after LONGEST_S."""
    began = time.monotonic()
    while left := [
        pid for pid, start in family if (now := stat(Path(f"/proc/{pid}"))) is not None and now[19] == start
    ]:
        assert time.monotonic() < began + LONGEST_S, left
        time.sleep(0.02)
    return time.monotonic() - began


def check_run(kill: Kill, folder: Path, code: int, stderr: str) -> None:
    """What a run leaves: whether its result stands, and the weights of its last step."""
    moment, at, number = kill.strike.moment, kill.strike.at, kill.strike.number
    kept = status.read(folder)
    early = moment in EARLY or (moment == "status.json" and at != RESULT)
    stands = moment in LATE or (moment == "status.json" and number != KILL)
    if kill.kind == "two ranks" and number == KILL and kill.strike.target == "process":
        assert (code, kept["state"]) == (1, "failed")
        assert f"rank {kill.strike.inside} was killed by SIGKILL" in stderr
        return
    if number == KILL:
        assert (code, stderr) == (-KILL, "")
        ranks_end = kill.kind == "two ranks" and kill.strike.target == "launcher"  # in order, without it
        unfinished = "interrupted" if ranks_end else "running"
        assert kept.get("state", unfinished) == ("completed" if moment == "summary" else unfinished)
        return
    assert code in (128 + number, 0 if moment in LATE else -number)
    assert stderr in ("", f"unrolled: interrupted (stopped by {number_name(number)}); what was computed is kept\n")
    if early and not folder.exists():
        return
    if stands and not early:
        assert kept["state"] == "completed"
        return
    assert (kept["state"], kept["error"]) == ("interrupted", f"stopped by {number_name(number)}")
    if not early:
        saved = torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)["global_step"]
        if moment in ("step", "backward") and at is not None and kill.strike.hold_s < 1:
            assert saved == at + 1 or (kill.kind == "two ranks" and saved > at)  # there a rank asks the launcher first
        assert saved > 0


def number_name(number: int) -> str:
    return signal.Signals(number).name


def check_sweep(kill: Kill, folder: Path, code: int, stderr: str) -> None:
    """What a sweep leaves: its page and its table, however many of its runs have ended."""
    number, target = kill.strike.number, kill.strike.target
    if number == KILL and target in ("launcher", "group"):
        assert (code, stderr) == (-KILL, "")
        return
    if target in ("launcher", "group"):
        assert code == 128 + number
        assert stderr == f"unrolled: interrupted (stopped by {number_name(number)}); what was computed is kept\n"
    elif target == "process":
        assert code == 1
        states = [run.state for run in read_sweep(folder).runs]
        victim = int(kill.strike.inside or 0)
        assert states[victim] == ("failed" if number == KILL else "interrupted")
        assert states[1 - victim] == "completed"
    else:
        assert code == (1 if number == KILL else 0)
    assert (folder / "results.csv").is_file() and (folder / "report.html").is_file()


def completes(kind: str, folder: Path, whole: Path) -> None:
    """The command once more, to the same bits."""
    resume = ["resume=true"] if kind != "sweep" and status.read(folder) else []
    again = train(*command(kind, folder, *resume))
    assert (again.returncode, again.stderr) == (0, "")
    if kind != "sweep":
        same(folder, whole)
        if kind == "W&B":
            logged = [row["trainer/global_step"] for row in wandb_rows(folder / status.read(folder)["wandb"]["folder"])]
            written = [int(line.partition(",")[0]) for line in (folder / "metrics.csv").read_text().splitlines()[1:]]
            assert logged == written
        return
    for number in range(RUNS):
        same(folder / str(number), whole / str(number))
    assert (folder / "results.csv").read_bytes() == (whole / "results.csv").read_bytes()
    assert (folder / "report.html").is_file()


PART_OF = {
    "hydra": "hydra.types",
    "torch": "torch.nn",
    "pytorch_lightning": "pytorch_lightning.core",
    "wandb": "wandb.sdk",
}


@pytest.mark.parametrize(("number", "library"), list(zip(SIGNALS, PART_OF, strict=True)))
def test_a_kill_while_a_library_loads_leaves_nothing(
    library: str, number: int, undisturbed, killed, tmp_path: Path
) -> None:
    """In a process of its own, whose modules do load."""
    killed(f"one run, {number_name(number)}", "modules load")
    (tmp_path / "sitecustomize.py").write_text(
        "import os, sys\n"
        "class Finder:\n"
        "    def find_spec(self, name, *_):\n"
        f"        if name == {PART_OF[library]!r}: os.kill(os.getpid(), {int(number)})\n"
        "sys.meta_path.insert(0, Finder())\n"
    )
    folder = tmp_path / "folder"
    script = [sys.executable, str(TRAIN), *command("one run", folder)]
    environment = {**os.environ, "PYTHONPATH": str(tmp_path)}
    ended = subprocess.run(script, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert ended.returncode in (-number, 128 + number)
    assert ended.stderr in (
        "",
        f"unrolled: interrupted (stopped by {number_name(number)}); what was computed is kept\n",
    )
    assert status.read(folder).get("state") in (None, "interrupted")
    completes("one run", folder, undisturbed("one run"))
