"""The file of an own task is executed once in a process, unless the random generators decide what it makes."""

from pathlib import Path

import pytest
import torch

from unrolled.tasks.own_file import import_file

FILE = """import random
import numpy
import torch
with open({log!r}, "a") as log:
    log.write("x")
{line}
def load(config, seed): ...
"""


def written(folder: Path, line: str) -> tuple[str, Path]:
    log = folder / "log"
    (folder / "mine.py").write_text(FILE.format(log=str(log), line=line))
    return str(folder / "mine.py"), log


def test_it_is_executed_once_in_each_state(tmp_path: Path) -> None:
    file, log = written(tmp_path, "value = 1")
    first = import_file(file)
    assert import_file(file, seeded=True) is first and import_file(f"{tmp_path}/mine.py") is first
    assert log.read_text() == "x"
    written(tmp_path, "value = 22")
    assert import_file(file).value == 22
    assert log.read_text() == "xx"


@pytest.mark.parametrize(
    "line", ["value = torch.rand(1)", "value = numpy.random.rand()", "value = random.random()", "torch.manual_seed(7)"]
)
def test_one_that_draws_is_executed_again_under_the_runs_seed(line: str, tmp_path: Path) -> None:
    file, log = written(tmp_path, line)
    for _ in range(3):
        import_file(file)
    assert log.read_text() == "x"
    torch.manual_seed(3)
    found = import_file(file, seeded=True)
    assert log.read_text() == "xx"
    if line.startswith("value = torch"):
        torch.manual_seed(3)
        assert torch.equal(found.value, torch.rand(1))
