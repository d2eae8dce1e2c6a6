"""Ranks of a Slurm job meet at an address that Slurm knows: the names of its nodes need not resolve."""

import os
from pathlib import Path

import pytest

from unrolled.processes.ranks import Rank, started_outside
from unrolled.sweeps.meeting import PORTS, address, as_rank

# As Slurm 22.05 answers, shortened.
SHOWN = "NodeName=n7 Arch=x86_64 CoresPerSocket=1 NodeAddr=10.1.2.3 NodeHostName=rack7 Port=6818 State=IDLE"


@pytest.fixture
def scontrol(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program of that name, alone on the PATH; it answers with the file beside it."""
    program = tmp_path / "bin" / "scontrol"
    program.parent.mkdir()
    program.write_text(f'#!/bin/sh\necho "$@" > {tmp_path}/asked\n/bin/cat {tmp_path}/shown 2> /dev/null\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent))
    return tmp_path


def test_on_one_node_no_name_is_needed() -> None:
    assert address(["n7"]) == "127.0.0.1"


def test_on_several_it_is_the_address_that_slurm_gives(scontrol: Path) -> None:
    (scontrol / "shown").write_text(SHOWN)
    assert address(["n7", "n8"]) == "10.1.2.3"
    assert (scontrol / "asked").read_text().split()[-3:] == ["show", "node", "n7"]


def test_where_slurm_gives_none_it_is_the_name(scontrol: Path) -> None:
    assert address(["n7", "n8"]) == "n7"
    (scontrol / "bin" / "scontrol").unlink()
    assert address(["n7", "n8"]) == "n7"


@pytest.mark.parametrize("task", range(4))
def test_each_task_knows_who_it_is(task: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two nodes of two tasks; what a surrounding job has put into the environment does not count."""
    told = {"JOB_ID": 71, "NTASKS": 4, "PROCID": task, "LOCALID": task % 2, "NNODES": 2, "NODEID": task // 2}
    told |= {"JOB_NODELIST": "n[7-8]", "JOB_NUM_NODES": 2}
    monkeypatch.setattr(os, "environ", {"MASTER_ADDR": "elsewhere", "MASTER_PORT": "1", "PATH": ""})
    os.environ["SUBMITIT_EXECUTOR"] = "slurm"
    os.environ |= {f"SLURM_{name}": str(value) for name, value in told.items()}
    as_rank()
    assert started_outside() == Rank(task, 4)
    assert (os.environ["MASTER_ADDR"], os.environ["LOCAL_RANK"]) == ("n7", str(task % 2))
    assert PORTS[0] <= int(os.environ["MASTER_PORT"]) <= PORTS[1]
    assert os.environ["LOCAL_WORLD_SIZE"] == "2"
