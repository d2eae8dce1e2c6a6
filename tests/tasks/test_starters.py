"""`unrolled new-task` writes a file that is right as it is, trains, and takes the place of no other."""

import json
from pathlib import Path

import pytest

from commands import unrolled
from conftest import ROOT, train
from unrolled.errors import UserError
from unrolled.inspection.check_task import check_task
from unrolled.run.preflight import compose
from unrolled.tasks import load
from unrolled.tasks.data import Data, Split, baseline_scores, score
from unrolled.tasks.starters import KINDS, new_task
from unrolled.training.losses import loss_of

LOSSES = {"texts": "cross_entropy", "series": "mse", "sequences": "cross_entropy"}
MAIN = {"texts": "val/accuracy", "series": "val/mse", "sequences": "val/accuracy"}


@pytest.mark.parametrize("kind", KINDS)
def test_what_it_writes_is_right_and_asks_for_loss_embedding_and_sizes(kind: str, tmp_path: Path) -> None:
    file = new_task("mine", kind, tmp_path)
    config = compose(["task=own", f"task.file={file}", "tracker=none"])
    assert (config.loss.name, config.model.hidden) == (LOSSES[kind], 16)
    assert config.embedding.name == ("trainable" if kind == "texts" else "none")
    found, data = check_task(config), load(config.task, config.seed)
    assert found["baselines"][LOSSES[kind]]["name"] == data.baseline_name
    assert isinstance(data.train, Split) and data.val.mask is not None and bool(data.val.mask[:, -1].all())
    _a_reference_is_better_than_the_baseline(data, config, MAIN[kind])


def _a_reference_is_better_than_the_baseline(data: Data, config, name: str) -> None:
    loss = loss_of(config.loss)
    trivial = baseline_scores(data, loss, config.loss.name)[name]
    others = [score(each, data, loss)[name] for each in data.references.values()]
    assert min(others) < trivial if name == "val/mse" else max(others) > trivial


@pytest.mark.parametrize(
    ("kind", "word", "steps"),
    [("texts", "task.length=3", 3), ("series", "task.options.window=7", 7), ("sequences", "task.length=5", 5)],
)
def test_its_options_are_read(kind: str, word: str, steps: int, tmp_path: Path) -> None:
    config = compose(["task=own", f"task.file={new_task('mine.py', kind, tmp_path)}", "tracker=none", word])
    assert load(config.task, config.seed).val.x.shape[1] == steps


def test_nothing_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text("precious")
    (tmp_path / "folder.py").mkdir()
    for name in ("mine", "mine.py", "folder"):
        with pytest.raises(UserError, match=r"\.py is there already: give another name"):
            new_task(name, "texts", tmp_path)
    assert (tmp_path / "mine.py").read_text() == "precious"
    with pytest.raises(UserError, match=r"no/mine\.py cannot be written: No such file or directory"):
        new_task("no/mine", "texts", tmp_path)


def test_from_the_command_to_the_result(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    made = unrolled("new-task", str(tmp_path / "mine"), "--like", "sequences")
    assert (made.returncode, made.stderr) == (0, "") and f"task.file={file}" in made.stdout
    assert file.read_text() == (ROOT / "src/unrolled/tasks/starters/sequences.py").read_text()
    again = unrolled("new-task", str(file), "--like", "texts")
    assert (again.returncode, again.stderr) == (2, f"unrolled: {file} is there already: give another name\n")
    words = ["probe.births=3", "tracker=none", f"hydra.run.dir={tmp_path / 'run'}"]
    ended = train("task=own", f"task.file={file}", *words)
    assert (ended.returncode, ended.stderr) == (0, "")
    status = json.loads((tmp_path / "run" / "status.json").read_text())
    assert status["state"] == "completed"
    assert status["metrics"]["val/accuracy"] > status["baseline"]["val/accuracy"] + 0.2
