"""A mistake in a file is reported with the file, the line and the column of its key."""

from pathlib import Path

import pytest

from commands import train
from unrolled.errors import UserError
from unrolled.run.preflight import preflight
from unrolled.run.where import position

FILE = """\
# @package _global_
defaults:
  - train
  - override /task: adding
  - _self_

trainer:
  max_epochs: 3
  devices: {devices}
init: {{bias_std: {bias_std}, {key}: 1.0}}
"""


def refused(folder: Path, *words: str, **values: object) -> str:
    (folder / "mine.yaml").write_text(FILE.format(**{"devices": 1, "bias_std": 0.0, "key": "gain", **values}))
    with pytest.raises(UserError) as error:
        preflight(["--config-dir", str(folder), "--config-name", "mine", f"hydra.run.dir={folder}/run", *words])
    return str(error.value)


def test_a_value_in_a_file_has_its_place(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    found = refused(tmp_path, devices=0)
    assert found == f"trainer.devices=0 is out of range: must be at least 1 (in {file}, line 9, column 3)"
    found = refused(tmp_path, bias_std="wide")
    assert found == f"init.bias_std=wide: must be a number (in {file}, line 10, column 8)"
    found = refused(tmp_path, key="gian")
    assert found.startswith("unknown key init.gian (did you mean gain?)")
    assert found.endswith(f"(in {file}, line 10, column 23)")


def test_a_value_on_the_command_line_has_none(tmp_path: Path) -> None:
    assert (
        refused(tmp_path, "trainer.devices=-1", devices=0) == "trainer.devices=-1 is out of range: must be at least 1"
    )


def test_the_last_file_that_sets_it_is_named(tmp_path: Path) -> None:
    """conf/task/adding.yaml sets task.length to 50; this file to less than the task needs."""
    (tmp_path / "short.yaml").write_text(
        "# @package _global_\ndefaults:\n  - train\n  - override /task: adding\n  - _self_\ntask:\n  length: 0\n"
    )
    with pytest.raises(UserError, match=rf"task.length=0 .*\(in {tmp_path}/short.yaml, line 7, column 3\)"):
        preflight(["--config-dir", str(tmp_path), "--config-name", "short"])


def test_an_axis_of_a_sweeps_file_has_its_place(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(
        "# @package _global_\ndefaults: [train, _self_]\nhydra:\n  mode: MULTIRUN\n  sweeper:\n    params:\n"
        "      init.gain: 0.5,-1.0\n"
    )
    ended = train("--config-dir", str(tmp_path), "--config-name", "mine", f"hydra.sweep.dir={tmp_path}/sweep")
    assert ended.returncode == 2
    assert ended.stderr.strip() == (
        "unrolled: init.gain=-1.0 is out of range: must be at least 0 (run init.gain=-1.0) "
        f"(in {file}, line 7, column 7)"
    )


@pytest.mark.parametrize("text", ["", "# nothing\n", "- a\n- b\n", "a: 1\n", "a:\n"])
def test_a_file_without_the_key_has_no_place(text: str, tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text(text)
    assert position(tmp_path / "a.yaml", ("a", "b")) is None
