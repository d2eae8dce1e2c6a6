"""A user's configuration file that is wrong is named with line and column, in words that are not Python's."""

import re
from pathlib import Path

import pytest

from conftest import ROOT, some
from unrolled.config.config_file import check_config_file
from unrolled.config.validate import read_config
from unrolled.config.yaml_file import load_record
from unrolled.errors import UserError
from unrolled.run.preflight import preflight

HEAD = "# @package _global_\ndefaults:\n  - train\n  - override /task: adding\n  - _self_\n"
SWEEP = f"{HEAD}hydra:\n  mode: MULTIRUN\n  sweeper:\n    params:\n"


def chosen(line: str) -> str:
    return HEAD.replace("  - _self_", f"  - {line}\n  - _self_")


WRONG: dict[str, tuple[str | bytes, str]] = {
    "tab": (f"{HEAD}trainer:\n\tmax_epochs: 3\n", "line 7, column 1: a tab, where YAML takes spaces only"),
    "bracket": (f"{HEAD}trainer: {{max_epochs: 3\n", "line 7, column 1: expected ',' .*begins in line 6, column 10"),
    "quote": (f"{HEAD}seed: 'a\n", "line 7, column 1: .*a quoted scalar that begins in line 6, column 7"),
    "a key twice": (f"{HEAD}init:\n  gain: 1\n  gain: 2\n", "line 8, column 3: the key gain .* again, after line 7"),
    "an axis twice": (f"{SWEEP}      seed: 0,1\n      seed: 2\n", "line 11, column 7: the key seed .* after line 10"),
    "latin-1": (f"{HEAD}# caf\xe9\n".encode("latin-1"), "line 6, column 6: byte 0xe9 is not UTF-8"),
    "UTF-16": (HEAD.encode("utf-16"), "its text is UTF-16: write it as UTF-8"),
    "a control character": (f"{HEAD}seed: \x01\n", "unacceptable character #x0001"),
    "empty": ("", "mine.yaml is empty: begin it with 'defaults: .train, _self_.'"),
    "a comment alone": ("# nothing\n", "mine.yaml is empty: begin it with"),
    "a list": ("- a\n", "line 1, column 1: a list stands at the top"),
    "a text": ("abc\n", "line 1, column 1: a text stands at the top"),
    "no defaults": ("trainer:\n  max_epochs: 3\n", "mine.yaml has no defaults list.*: begin it with"),
    "two documents": (f"{HEAD}---\nseed: 1\n", "line 6, column 1: found another document"),
    "an alias": (f"{HEAD}seed: *a\n", "line 6, column 7: found undefined alias 'a'"),
    "a Python object": (f"{HEAD}seed: !!python/object/apply:os.system ['true']\n", "line 6, column 7: !!python/.*tags"),
    "a set": (f"{HEAD}seed: !!set {{a, b}}\n", "line 6, column 7: !!set: tags are not allowed"),
    "no number": (f"{HEAD}seed: !!int abc\n", "line 6, column 7: abc is no number"),
    "defaults of one word": ("defaults: train\n", "line 1, column 11: defaults is a text; a list is wanted"),
    "defaults as keys": ("defaults:\n  train: x\n", "line 2, column 3: defaults is a mapping; a list is wanted"),
    "two keys in an entry": (chosen("{/loss: mse, /probe: full}"), "line 5, column 5: 2 keys in one entry of defaults"),
    "an empty entry": (
        chosen(""),
        "line 5, column 5?: null, which is no name|line 5, column .*: null, which is no name",
    ),
    "no such group": (chosen("override /tusk: adding"), "line 5, column 5: tusk: no such group; allowed: .*task"),
    "octal": (f"{HEAD}seed: 012\n", "line 6, column 7: YAML reads 012 as 10: write that"),
    "base 60": (f"{HEAD}trainer:\n  max_steps: 1:30\n", "line 7, column 14: YAML reads 1:30 as 90: write that"),
    "a number as a key": (f"{HEAD}3: 4\n", "line 6, column 1: the key 3 is read as a number"),
    "null as a key": (f"{HEAD}null: 4\n", "line 6, column 1: the key null"),
    "yes as a key": (f"{HEAD}yes: 4\n", "line 6, column 1: the key yes is read as true or false"),
    "a list for a group": (f"{HEAD}trainer: 1\ntask: [1]\n", "line 7, column 7: task is a group: set its values"),
    "hydra: null": (f"{HEAD}hydra: null\n", "line 6, column 8: hydra is a group: set its values"),
    "a key of hydra": (
        f"{HEAD}hydra:\n  swepper: 1\n",
        "unknown key hydra.swepper .did you mean sweeper.*line 7, column 3",
    ),
    "another package": (HEAD.replace("_global_", "trainer"), "line 1: its values would go below trainer"),
    "params as a list": (f"{SWEEP[:-1]} [a]\n", "line 9, column 13: params is a list: it needs a line for each axis"),
    "values as a list": (f"{SWEEP}      seed: [0, 1]\n", "line 10, column 13: .*write seed: 0,1"),
    "values in a key below": (
        f"{SWEEP}      init:\n        gain: 1,2\n",
        "line 11, column 9: .*such as init.gain: 1,2",
    ),
    "no values": (f"{SWEEP}      seed: ''\n", "line 10, column 13: the axis seed has no values"),
    "null": (f"{SWEEP}      seed: null\n", "line 10, column 13: the axis seed has no values"),
    "off as an axis": (f"{SWEEP}      probe: off\n", "line 10, column 14: probe: off is read as true or false"),
    "an interval": (
        f"{SWEEP}      init.gain: interval(0.5,2)\n",
        "an interval has no values to list.*line 10, column 7",
    ),
    "a tagged one": (
        f"{SWEEP}      init.gain: tag(a,interval(1,2))\n",
        "an interval has no values to list.*line 10, column 7",
    ),
    "no range": (f"{SWEEP}      seed: range(3,1)\n", r"seed=range\(3,1\): no value.*line 10, column 7"),
    "a step of 0": (f"{SWEEP}      seed: range(1,3,0)\n", "a step that is not 0.*line 10, column 7"),
    "no choice": (
        f"{SWEEP}      seed: choice()\n",
        r"seed: choice\(\) is not how values are written.*line 10, column 7",
    ),
    "an open choice": (f"{SWEEP}      seed: choice(1,2\n", "is not how values are written.*line 10, column 7"),
    "a comma too many": (f"{SWEEP}      seed: 1,2,\n", "is not how values are written.*line 10, column 7"),
    "params misspelt": (
        f"{SWEEP.replace('params', 'param')}      seed: 1,2\n",
        "unknown key hydra.sweeper.param .*line 9",
    ),
    "itself": (
        f"{HEAD}trainer:\n  max_steps: ${{trainer.max_steps}}\n",
        "trainer.max_steps: Recursive.*line 7, column 3",
    ),
    "no such resolver": (f"{HEAD}seed: ${{foo:3}}\n", "seed: Unsupported interpolation type foo.*line 6, column 1"),
    "no such variable": (
        f"{HEAD}seed: ${{oc.env:UNSET_X}}\n",
        "seed: Environment variable 'UNSET_X' not found.*line 6",
    ),
    "no such key": (f"{HEAD}seed: ${{nothing.there}}\n", "seed: Interpolation key 'nothing.there' not found.*line 6"),
}
WRONG |= {
    f"{word} as a choice": (
        chosen(f"override /probe: {word}"),
        f"line 5, column 22: override /probe: {word} is read as .*, which is no name: write '{word}' in quotes; ",
    )
    for word in ("off", "on", "yes", "no", "1e3", "1e-3", "3", "0.5")
}
PYTHON = re.compile(r"\b\w*(Error|Exception|Config|Conf)\b")


@pytest.mark.parametrize("kind", some(WRONG, 4))
def test_it_is_refused_in_one_line_with_its_place(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text, message = WRONG[kind]
    monkeypatch.chdir(tmp_path)
    (tmp_path / "c").mkdir()
    file = tmp_path / "c" / "mine.yaml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(UserError, match=message) as raised:
        preflight(["--config-dir", "c", "--config-name", "mine", "hydra.run.dir=run", "hydra.sweep.dir=sweep"])
    found = str(raised.value)
    assert "c/mine.yaml" in found and "\n" not in found and not PYTHON.search(found)
    assert [path.name for path in tmp_path.iterdir()] == ["c"]


@pytest.mark.parametrize(
    "text",
    [
        f"\ufeff{HEAD}",
        HEAD.replace("\n", "\r\n"),
        f"{HEAD}trainer:\n  progress: on\n  max_steps: 1e3\n",
        chosen("override /probe: 'off'"),
        f"{SWEEP}      probe: off,full\n      seed: 0,1\n",
        SWEEP,
    ],
)
def test_what_is_right_is_taken(text: str, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_bytes(text.encode())
    folders = [f"hydra.run.dir={tmp_path}/run", f"hydra.sweep.dir={tmp_path}/sweep"]
    assert preflight(["--config-dir", str(tmp_path), "--config-name", "mine", *folders]).config is not None


def test_the_file_of_a_choice_is_checked_too(tmp_path: Path) -> None:
    (tmp_path / "experiment").mkdir()
    file = tmp_path / "experiment" / "mine.yaml"
    words = ["--config-dir", str(tmp_path), "experiment=mine", f"hydra.run.dir={tmp_path}/run"]
    for text, message in {
        "trainer:\n\tmax_steps: 3\n": "mine.yaml, line 2, column 1: a tab",
        "trainer:\n  max_steps: 3\n": "mine.yaml needs the first line # @package _global_",
        "# @package _global_\ntrainer:\n  max_steps: 012\n": "line 3, column 14: YAML reads 012 as 10",
    }.items():
        file.write_text(text)
        with pytest.raises(UserError, match=message):
            preflight(words)


def test_each_file_of_ours_is_right() -> None:
    for file in [*ROOT.glob("conf/**/*.yaml"), *ROOT.glob("sweeps/*.yaml")]:
        check_config_file(file, whole=file.parent.name == "sweeps" or file.name == "train.yaml")


@pytest.mark.parametrize("text", ["", "- a\n", "abc", "a: [", "a: 1\na: 2\n", "\xff", "a: ${b}\n", "task: {name: 1}\n"])
def test_a_broken_record_is_named(text: str, tmp_path: Path) -> None:
    file = tmp_path / "config.yaml"
    file.write_text(text, encoding="latin-1")
    with pytest.raises(UserError, match=str(file)) as raised:
        read_config(file)
    assert "\n" not in str(raised.value)
    with pytest.raises(UserError, match="cannot be read: No such file"):
        load_record(tmp_path / "none.yaml")
