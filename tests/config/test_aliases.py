"""A key may be given under the name that it had in earlier versions: on the command line, in a file, in a record."""

from pathlib import Path
from typing import Any

import pytest

from unrolled.config.aliases import ALIASES, renamed
from unrolled.config.schema import plain
from unrolled.config.validate import from_record
from unrolled.errors import UserError
from unrolled.run.preflight import compose, preflight


def value(values: dict[str, Any], key: str) -> Any:
    group, _, name = key.partition(".")
    return values[group][name]


@pytest.mark.parametrize(("old", "new"), ALIASES.items())
def test_an_earlier_name_sets_the_key_of_today(old: str, new: str, tmp_path: Path) -> None:
    words = ["tracker=none", f"{old}=7"]
    assert value(plain(compose(words)), new) == 7
    group, _, key = old.partition(".")
    (tmp_path / "mine.yaml").write_text(f"# @package _global_\ndefaults: [train, _self_]\n{group}:\n  {key}: 8\n")
    found = preflight(["--config-dir", str(tmp_path), "--config-name", "mine", "tracker=none"]).config
    assert found is not None and value(plain(found), new) == 8
    values = plain(compose(["tracker=none"]))
    before = {**values, group: {**{k: v for k, v in values[group].items() if k != new.partition(".")[2]}, key: 9}}
    assert value(plain(from_record(before)), new) == 9
    assert key in before[group]


def test_a_mistake_names_the_key_of_today_and_its_place(tmp_path: Path) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text("# @package _global_\ndefaults: [train, _self_]\nsweep:\n  cell_timeout_min: 0\n")
    with pytest.raises(UserError) as error:
        preflight(["--config-dir", str(tmp_path), "--config-name", "mine"])
    assert str(error.value) == (
        f"sweep.run_timeout_min=0 is out of range: must be above 0 (in {file}, line 4, column 3)"
    )


def test_other_words_stay() -> None:
    words = ["seed=0", "+sweep.cell_timeout_min=1", "a=sweep.cell_timeout_min=2", "~sweep", "--multirun"]
    assert renamed(words) == ["seed=0", "sweep.run_timeout_min=1", *words[2:]]
