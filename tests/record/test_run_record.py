"""A run's record: what it reads, what it leaves alone, and that nobody else spells its keys."""

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from conftest import ROOT, train
from unrolled.record import ends, status
from unrolled.record.entries import Early, Flawed, Result, Start, Times
from unrolled.record.run_record import KEYS, RunRecord
from unrolled.record.successor import Record

SRC = ROOT / "src"
WRITERS = ("unrolled/run/outcome.py", "unrolled/training/measurement.py")  # what is measured, on its way to the record
ELSEWHERE = {  # keys of other tables that are spelled alike
    ("unrolled/training/checkpoints.py", "torch"),  # the state of torch's generator
    ("unrolled/training/checkpoints.py", "started"),  # batches, in Lightning's progress
    ("unrolled/config/files.py", "name"),  # of a choice
    ("unrolled/config/fingerprint.py", "name"),
    ("unrolled/config/validate.py", "name"),
    ("unrolled/wandb_runs/push.py", "name"),  # of a workspace
}


def spelled(code: str) -> Iterator[tuple[int, str]]:
    """(line, key) of each key of a record in a subscript, in a `.get`, or looked for with `in`."""
    for node in ast.walk(ast.parse(code)):
        found: ast.expr | None = None
        if isinstance(node, ast.Subscript):
            found = node.slice
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "get":
            found = next(iter(node.args), None)
        elif isinstance(node, ast.Compare) and isinstance(node.ops[0], ast.In | ast.NotIn):
            found = node.left
        if isinstance(found, ast.Constant) and found.value in KEYS:
            yield found.lineno, str(found.value)


def test_no_key_of_a_record_is_spelled_outside_of_record() -> None:
    files = [file for file in SRC.rglob("*.py") if "record" not in file.relative_to(SRC).parts]
    found = [(str(file.relative_to(SRC)), *each) for file in sorted(files) for each in spelled(file.read_text("utf-8"))]
    assert [each for each in found if each[0] not in WRITERS and (each[0], each[2]) not in ELSEWHERE] == []


@pytest.mark.parametrize("code", ['kept["slope"]', 'kept.get("seam", 1)', '"score" in kept', 'a.b["slope_start"]'])
def test_a_key_that_is_spelled_is_found(code: str) -> None:
    assert len(list(spelled(code))) == 1


def test_step_0_and_the_end_are_of_one_type_and_what_is_wrong_is_missing() -> None:
    kept = {"slope": 0.5, "slope_start": -0.1, "start": {"slope": "steep", "flat": 0.2}, "steps": "many", "dead": None}
    record = RunRecord.from_dict(kept)
    assert (record.end.slope, record.end.dead, record.end.flat, record.steps) == (0.5, None, None, None)
    assert (record.start.slope, record.start.flat) == (None, 0.2)
    assert RunRecord.from_dict({**kept, "start": None}).start.slope == -0.1


def test_what_this_version_does_not_know_survives_a_failed_resume(tmp_path: Path) -> None:
    before = {"state": "completed", "of_a_later_version": [1], "remark": None}
    Record(tmp_path, RunRecord.from_dict(before)).update(state="failed", error="why")
    record = RunRecord.read(tmp_path)
    assert record.kept == {**before, "resumed": {"state": "failed", "error": "why"}}
    assert record.resumed is not None and record.resumed.error == "why"


def test_a_record_is_true_where_there_is_one(tmp_path: Path) -> None:
    assert not RunRecord() and not RunRecord.read(tmp_path) and not ends.read(tmp_path)
    status.write(tmp_path, {"state": "running"})
    assert RunRecord.read(tmp_path) and ends.read(tmp_path)


def test_every_key_that_a_run_writes_is_read_by_the_record(tmp_path: Path) -> None:
    words = ["task=numbers", "task.samples=50", "trainer.max_steps=2", "probe.births=2", "model.hidden=8"]
    ended = train(*words, f"hydra.run.dir={tmp_path / 'run'}")
    assert (ended.returncode, ended.stderr) == (0, "")
    kept = status.read(tmp_path / "run")
    parts = [kept, *kept["halves"].values()]
    assert [key for part in parts for key in part if key not in KEYS] == []
    assert [key for part in parts for key in part["start"] if key not in KEYS] == []


@pytest.mark.parametrize("entries", [Start, Result, Early, Flawed, Times])
def test_every_entry_with_a_type_is_read_by_the_record(entries: Any) -> None:
    assert set(entries.__annotations__) <= KEYS


def test_an_entry_that_no_record_has_is_not_written(tmp_path: Path) -> None:
    record = Record(tmp_path, RunRecord())
    with pytest.raises(TypeError, match="no entry of a record: slpoe"):
        record.update(state="running", slpoe=0.5)
    assert not (tmp_path / "status.json").exists()
