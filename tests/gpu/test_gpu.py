"""`make test-gpu` without a GPU: a line and no failure; and its comparisons, with the CPU in the GPU's place."""

import subprocess
import sys

import pytest
import recurrence
import resumed
import torch

from conftest import ROOT


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU here: make test-gpu")
def test_where_there_is_no_gpu_a_line_says_so() -> None:
    command = ["make", "--no-print-directory", "test-gpu", f"PY={sys.executable}"]
    ended = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    (line,) = ended.stdout.splitlines()
    assert line.startswith("test-gpu: skipped: torch ")


def test_the_comparisons_hold_between_the_cpu_and_itself() -> None:
    told = [*recurrence.against_the_cpu("cpu"), *recurrence.against_torchs_own("cpu")]
    assert len(told) == 2 * 2 * len(recurrence.ACTIVATIONS) + 2 * 2


def test_a_difference_is_an_error() -> None:
    x = torch.ones(3, dtype=torch.float64)
    recurrence.alike(x, x + 1e-13, "h")
    with pytest.raises(AssertionError, match="h: apart by"):
        recurrence.alike(x, x + 1e-11, "h")


@pytest.mark.long
def test_a_run_and_its_resume_agree_on_the_cpu() -> None:
    assert "resumed after 10" in resumed.a_run_and_its_resume("cpu")
