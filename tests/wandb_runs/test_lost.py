"""W&B's own process may be killed, as Slurm does when it cancels a job: the run continues and says what is missing."""

import subprocess
import sys
from pathlib import Path

import pytest

from conftest import ROOT

CODE = """
import os, signal, sys, time
from pathlib import Path
import torch
from unrolled.wandb_runs.tracker import WandbTracker

def core():
    children = Path(f"/proc/{os.getpid()}/task/{os.getpid()}/children").read_text().split()
    return [int(pid) for pid in children if b"wandb-core" in Path(f"/proc/{pid}/cmdline").read_bytes()]

folder = Path(sys.argv[1])
tracker = WandbTracker(folder=folder, mode="offline", project="a", group=None, name="b", tags=[], config={})
tracker.log(1, {"loss": 1.0})
(pid,) = core()
os.kill(pid, getattr(signal, sys.argv[2]))
time.sleep(1)
for step in range(2, 50):
    row = {"loss": 1.0, "grad_h/profile": tracker.profile(torch.ones(600), torch.ones(600))}
    tracker.log(step, row)
tracker.summary({"slope": 1.0})
print(tracker.finish(exit_code=0))
"""


@pytest.mark.long
@pytest.mark.parametrize("number", ["SIGTERM", "SIGKILL"])
def test_a_run_outlives_wandbs_process(number: str, tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", CODE, str(tmp_path), number],
        capture_output=True, text=True, cwd=ROOT, check=False, timeout=120,
    )  # fmt: skip
    assert ended.returncode == 0, ended.stderr
    line = ended.stdout.splitlines()[-1]
    assert line.startswith("W&B's file in ") or line.startswith("W&B stopped recording: ")
