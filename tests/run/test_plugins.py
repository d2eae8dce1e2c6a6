"""What Hydra's launcher and the machine are asked for: what can never be is refused before anything is loaded."""

import subprocess
import sys

import pytest

from unrolled.errors import UserError
from unrolled.processes import ranks, resources
from unrolled.run import plugins
from unrolled.run.preflight import preflight

SWEEP = ["hydra.mode=MULTIRUN", "seed=0,1"]
SLOTS = "must be a whole number of at least 1 and at most 64, 16 for each of the 4 cores here; null: as many as cores"


@pytest.fixture(autouse=True)
def four_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (plugins, ranks):
        monkeypatch.setattr(module, "cores", lambda: 4)


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ([*SWEEP, "hydra.launcher.slots=-1"], f"hydra.launcher.slots=-1: {SLOTS}"),
        ([*SWEEP, "hydra.launcher.slots=0"], f"hydra.launcher.slots=0: {SLOTS}"),
        ([*SWEEP, "hydra.launcher.slots=65"], f"hydra.launcher.slots=65: {SLOTS}"),
        ([*SWEEP, "hydra.launcher.slots=1.5"], "hydra.launcher.slots: Value '1.5' of type 'float'"),
        ([*SWEEP, "hydra.launcher.slots=true"], "hydra.launcher.slots: Value 'True' of type 'bool'"),
        ([*SWEEP, "hydra.launcher.slots=many"], "hydra.launcher.slots: Value 'many' of type 'str'"),
        ([*SWEEP, "+hydra.launcher.jobs=1"], "unknown key hydra.launcher.jobs; allowed here: slots"),
        (
            [*SWEEP, "hydra/launcher=basic", "+hydra.launcher.slots=1"],
            "unknown key hydra.launcher.slots",
        ),
        ([*SWEEP, "hydra.launcher=3"], "hydra.launcher=3: this is a group: set its values"),
        ([*SWEEP, "+hydra.sweeper.x=1"], "unknown key hydra.sweeper.x; allowed here: max_batch_size, params"),
        (
            ["trainer=ddp_cpu", "trainer.devices=5"],
            "trainer.devices=5: each process needs a core, and this machine has 4",
        ),
    ],
)
def test_it_is_refused(words: list[str], line: str) -> None:
    with pytest.raises(UserError) as refused:
        preflight(words)
    assert str(refused.value).startswith(line)


@pytest.mark.parametrize(
    "words", [["hydra.launcher.slots=null"], ["hydra.launcher.slots=64"], ["hydra/launcher=joblib"]]
)
def test_what_can_be_is_not(words: list[str]) -> None:
    assert preflight([*SWEEP, *words]).sweep


def test_two_processes_run_on_one_core(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ranks, "cores", lambda: 1)
    assert preflight(["trainer=ddp_cpu", "trainer.devices=2"]).config is not None
    with pytest.raises(UserError, match="this machine has 1: at most 2"):
        preflight(["trainer=ddp_cpu", "trainer.devices=3"])


@pytest.mark.parametrize(
    ("words", "found"),
    [
        (None, None), ("", []), ("-1", []), ("NoDevFiles", []), ("2,3", ["2", "3"]), ("0,-1,1", ["0"]), ("none", []),
        ("GPU-ab, 1", ["GPU-ab", "1"]), ("0,,1", ["0"]), ("0,0", ["0"]),
    ],
)  # fmt: skip
def test_the_environment_names_gpus_as_cuda_reads_it(words: str | None, found: list[str] | None) -> None:
    assert resources.named_gpus(words) == found


@pytest.mark.parametrize("hidden", [None, "", "-1", "NoDevFiles", "0"])
def test_a_gpu_that_is_not_there_is_refused_without_torch(hidden: str | None) -> None:
    code = f"""
import os, sys
from unrolled.processes import resources
from unrolled.run.preflight import preflight
os.environ.pop("CUDA_VISIBLE_DEVICES", None)
os.environ.update({{}} if {hidden!r} is None else {{"CUDA_VISIBLE_DEVICES": {hidden!r}}})
resources.DEVICES = resources.DRIVERS = ()
try:
    preflight(["trainer=gpu"])
except Exception as error:
    print("torch" in sys.modules, error)
"""
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ended.stdout.startswith("False trainer.accelerator=gpu: torch sees no GPU here; use trainer=cpu"), (
        ended.stderr
    )
