"""`unrolled check-task`: what an own task has, or the one line about what is wrong with it."""

import json
import math
import re
from pathlib import Path

import pytest
from own_tasks import EXAMPLES, config_of

from commands import unrolled
from conftest import ROOT
from unrolled.inspection.check_task import check_task
from unrolled.run.preflight import compose
from unrolled.tasks import load


@pytest.mark.parametrize("kind", EXAMPLES)
def test_each_pattern_is_checked_with_every_loss_that_fits(kind: str, tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    config_of(file, kind)
    config = compose(["task=own", f"task.file={file}", "tracker=none"])
    data, found = load(config.task, config.seed), check_task(config)
    numbers = not isinstance(data.answers, list)
    fitting = ["mse", "mae", "huber"] if numbers else ["cross_entropy", "label_smoothing"]
    assert list(found["loss at initialisation"]) == list(found["baselines"]) == fitting
    assert all(math.isfinite(value) for value in found["loss at initialisation"].values())
    assert found["training examples"] == len(data.train) and found["validation examples"] == len(data.val)
    if found["shares"] is not None:
        assert sum(found["shares"].values()) == pytest.approx(1)


def test_the_documented_task_is_all_right(tmp_path: Path) -> None:
    text = (ROOT / "docs" / "tasks.md").read_text(encoding="utf-8").split("## Your own task")[1]
    (code,) = re.findall(r"```python\n(.*?)```", text.split("\n## ")[0], flags=re.DOTALL)
    (tmp_path / "parity.py").write_text(code)
    found = json.loads(unrolled("check-task", str(tmp_path / "parity.py"), "task.length=6", "--json").stdout)
    assert (found["pattern"], found["answers"], found["lengths"]) == (
        "sequence_to_vector", "2 classes", "6 to 6 of 6 time steps",
    )  # fmt: skip
    assert found["baselines"]["cross_entropy"]["val/loss"] == pytest.approx(math.log(2))
    assert 0.4 < found["shares"]["odd"] < 0.6
    shown = unrolled("check-task", str(tmp_path / "parity.py"))
    assert (shown.returncode, shown.stderr) == (0, "")
    assert shown.stdout.splitlines()[-1].startswith("all right: train on it with task=own task.file=")


def test_what_is_wrong_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("def load(config, seed):\n    return 1 / 0\n")
    ended = unrolled("check-task", str(tmp_path / "mine.py"))
    assert ended.returncode == 2
    assert ended.stderr == f"unrolled: task.file={tmp_path}/mine.py, line 2: ZeroDivisionError: division by zero\n"
    missing = unrolled("check-task", str(tmp_path / "none.py"))
    assert (missing.returncode, missing.stdout) == (2, "") and "no such file" in missing.stderr
