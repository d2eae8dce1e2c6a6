"""docs/tasks.md: the table counts what there is, and the reader's own task runs."""

import re
from pathlib import Path

import pytest

from commands import train
from conftest import ROOT
from unrolled.config.files import choices
from unrolled.run.preflight import compose
from unrolled.tasks import load, sentiment

PAGE = (ROOT / "docs" / "tasks.md").read_text(encoding="utf-8")


def test_every_task_has_a_row() -> None:
    table = PAGE.split("| task | pattern |")[1].split("\n\n")[0]
    named = re.findall(r"`(\w+)`", "\n".join(line.split("|")[1] for line in table.splitlines()[2:]))
    assert sorted([*named, "own"]) == choices()["task"]


def test_the_readers_own_task_runs_from_one_file_outside_the_package(tmp_path: Path) -> None:
    (task,) = (block for block in re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL) if "def load" in block)
    file = tmp_path / "parity.py"
    file.write_text(task, encoding="utf-8")
    quick = ["trainer.max_epochs=1", "probe.births=3", "tracker=none", f"hydra.run.dir={tmp_path / 'run'}"]
    ended = train("task=own", f"task.file={file}", "embedding=onehot", "model.hidden=32", *quick)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "parity tanh gain=1.0" in ended.stdout and "either" in ended.stdout
    assert (tmp_path / "run" / "profiles" / "grad_h.csv").is_file()
    refused = train("task=own", f"task.file={file}", "loss=mse", f"hydra.run.dir={tmp_path / 'other'}")
    assert refused.returncode == 2
    assert refused.stderr == (
        "unrolled: loss=mse does not fit task=own, which answers with classes: "
        "use one of cross_entropy, label_smoothing\n"
    )


@pytest.mark.long
def test_the_examples_are_as_many_as_it_says() -> None:
    claimed = re.findall(r"^\| `(\w+)` \| [^|]* \| ([\d,]+) ", PAGE, re.MULTILINE)
    counted = {"sentiment": len([*sentiment._examples(sentiment._read())])}  # a tenth of them is in no split
    for name in ("caption", "translate"):
        data = load(compose([f"task={name}"]).task, 0)
        counted[name] = len(data.train) + len(data.val)
    assert {name: int(n.replace(",", "")) for name, n in claimed if name in counted} == counted
