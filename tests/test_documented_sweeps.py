"""docs/sweeps.md: every sweep and ready setting has a row that counts its runs, and grows as it says."""

import math
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from conftest import ROOT, Run
from unrolled.config.files import CONF, SWEEPS
from unrolled.record.tables import read_rows

PAGE = (ROOT / "docs" / "sweeps.md").read_text(encoding="utf-8")


def rows(heading: str) -> dict[str, int]:
    """Returns the number of runs of each row in the table under a heading."""
    table = PAGE.split(f"## {heading}\n")[1].split("\n## ")[0]
    return {name: int(runs) for name, runs in re.findall(r"^\| `(\w+)` \| (\d+) \|", table, flags=re.MULTILINE)}


def axes(file: Path) -> dict[str, Any]:
    """Returns the values of each axis, those of the sweep that it extends included."""
    content = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    own = content.get("hydra", {}).get("sweeper", {}).get("params", {})
    bases = [SWEEPS / f"{each}.yaml" for each in content.get("defaults", []) if isinstance(each, str)]
    return {key: value for base in bases if base.is_file() for key, value in axes(base).items()} | own


TABLES = [("The files in sweeps/", SWEEPS), ("Ready settings", CONF / "experiment")]


@pytest.mark.parametrize(("heading", "folder"), TABLES)
def test_every_file_has_a_row_with_its_number_of_runs(heading: str, folder: Path) -> None:
    counted = {
        file.stem: math.prod(len(str(values).split(",")) for values in axes(file).values())
        for file in folder.glob("*.yaml")
        if file.stem != "none"
    }
    assert len(counted) > 5
    assert rows(heading) == counted


def test_every_sweep_asks_a_question() -> None:
    asking = [file for file in (*SWEEPS.glob("*.yaml"), *(CONF / "experiment").glob("*.yaml")) if axes(file)]
    assert len(asking) > 10
    for file in asking:
        assert re.search(r"^  question: .+\?|^  question: .+\.$", file.read_text(), flags=re.MULTILINE), file


def test_the_growth_that_the_settings_promise_is_that_before_training(quick_run: Run, tmp_path: Path) -> None:
    """An orthogonal W_h times 1.3, and nothing else, multiplies by 1.3 a step: 1.3^29 over 30 steps."""
    shrinks, grows = (int(n.replace(",", "")) for n in re.findall(r"([\d,]+)-fold", PAGE))
    untrained = ["trainer.max_steps=0", "probe.every=1"]
    quick_run("experiment=exploding", *untrained, folder="exploding")
    assert first_profile(tmp_path / "exploding")[0] == pytest.approx(29 * math.log(1.3), rel=1e-6)
    assert grows == pytest.approx(1.3**29, rel=0.05)
    lag = quick_run("experiment=vanishing", *untrained, folder="vanishing")["dependency"]
    assert first_profile(tmp_path / "vanishing")[::-1][int(lag)] < -math.log(shrinks)


def first_profile(folder: Path) -> list[float]:
    """Returns the mean of ln of the norm of dL/dh_t relative to the last step, by time step, before training."""
    return read_rows(folder / "profiles" / "grad_h_relative_log.csv")[0][1:]
