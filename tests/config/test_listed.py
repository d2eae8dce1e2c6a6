"""A list for a config group would leave only its last choice: it is refused, with what to write instead."""

from pathlib import Path

import pytest

from unrolled.config.files import choices
from unrolled.config.listed import refuse_lists
from unrolled.errors import UserError
from unrolled.run.preflight import compose, preflight

LISTED = [
    ("activation=[tanh,relu]", "activation=tanh,relu with -m"),
    ("+activation=[tanh,relu]", "activation=tanh,relu with -m"),
    ("activation=tanh,[relu,gelu]", "activation=tanh,relu,gelu with -m"),
    ("activation=choice([tanh],[relu])", "activation=tanh,relu with -m"),
    ("activation=['tanh','relu']", "activation=tanh,relu with -m"),
    ("task=[latch,adding]", "task=latch,adding with -m"),
    ("activation=[tanh]", "such as activation=tanh"),
    ("activation=[]", "give one choice"),
    ("hydra/launcher=[local,basic]", "such as hydra/launcher=local"),
]


@pytest.mark.parametrize(("word", "instead"), LISTED)
@pytest.mark.parametrize("mode", [[], ["-m"]])
def test_a_list_is_refused_on_the_command_line(word: str, instead: str, mode: list[str]) -> None:
    with pytest.raises(UserError) as told:
        preflight([*mode, "tracker=none", word])
    assert str(told.value).startswith(f"{word}: a list would leave only its last choice") and instead in str(told.value)


@pytest.mark.parametrize("group", sorted(choices()))
def test_of_every_group(group: str) -> None:
    names = ",".join(choices()[group])
    with pytest.raises(UserError, match="a list would leave only its last choice"):
        compose([f"{group}=[{names}]"])
    refuse_lists([f"{group}={names}"])


FILE = """
# @package _global_
defaults:
  - train
  - {default}
  - _self_
hydra:
  mode: MULTIRUN
  sweeper:
    params:
      {axis}
"""


@pytest.mark.parametrize(
    ("default", "axis"),
    [
        ("override /activation: [tanh, relu]", "seed: 0,1"),
        ("activation: [tanh, relu]", "seed: 0,1"),
        ("override /activation: tanh", "activation: [tanh, relu]"),
        ("override /activation: tanh", "activation: '[tanh,relu],gelu'"),
    ],
)
def test_in_a_sweeps_file(default: str, axis: str, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(FILE.format(default=default, axis=axis))
    with pytest.raises(UserError, match=r"activation.*: a list would leave only its last choice: .*activation=tanh,"):
        preflight(["--config-dir", str(tmp_path), "--config-name", "mine", f"hydra.sweep.dir={tmp_path / 'sweep'}"])


def test_a_list_for_a_value_is_one() -> None:
    refuse_lists(["slurm.setup=[module load cuda]", "activation=tanh,relu", "activation=glob(t*)", "~probe"])
