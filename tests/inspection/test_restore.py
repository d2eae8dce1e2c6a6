"""Runs and checkpoints are restored, or refused in one line; code that they name is not executed unasked."""

import copy
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from unrolled.config.identity import RunIdentity
from unrolled.config.schema import plain
from unrolled.errors import UserError
from unrolled.inspection.diagnose import diagnose_run
from unrolled.inspection.predict import examples, predict
from unrolled.inspection.restore import restore_checkpoint, restore_run
from unrolled.report.run_page import build_run
from unrolled.report.show import show
from unrolled.run.lifecycle import run
from unrolled.run.preflight import compose, preflight

TASK = """import torch
from unrolled.tasks.data import Data, Guess, Split
from unrolled.tasks.scores import classification

def load(config, seed):
    split = Split(torch.arange(30).view(6, 5) % 3, torch.ones(6, 5).bool(), torch.arange(6) % 2)
    return Data(
        pattern="sequence_to_vector", reads=["a", "b", "c"], answers=["even", "odd"], train=split, val=split,
        scores=lambda: classification(2), baseline=Guess(torch.zeros(6, 2)), baseline_name="always the same",
    )
"""
TRUSTING = "names mine.py, a Python file that would be executed: --trust allows it"


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of an own task, started beside its file, which writes down each time that it is executed."""
    folder = tmp_path_factory.mktemp("lab")
    (folder / "mine.py").write_text(f"with open({str(folder / 'executed')!r}, 'a') as log: log.write('x')\n{TASK}")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        words = ["task=own", "task.file=mine.py", "model.hidden=4", "probe=off", "trainer.max_steps=2", "tracker=none"]
        config = compose(words)
        (folder / "run" / ".hydra").mkdir(parents=True)
        run(config, RunIdentity(folder / "run", "mine", "mine"))
    (folder / "run" / ".hydra" / "config.yaml").write_text(json.dumps(plain(config)))
    record = {"hydra": {"runtime": {"cwd": str(folder)}}}
    (folder / "run" / ".hydra" / "hydra.yaml").write_text(yaml.safe_dump(record))
    return folder / "run"


def executed(ran: Path) -> int:
    return len((ran.parent / "executed").read_text())


def test_a_task_file_is_executed_once_in_a_process(ran: Path) -> None:
    assert executed(ran) == 1


def test_a_task_file_is_executed_on_trust_alone_and_found_from_elsewhere(ran: Path, tmp_path: Path) -> None:
    (ran.parent / "mine.py").touch()  # as another process would see it: not executed yet
    before, last = executed(ran), ran / "checkpoints" / "last.ckpt"
    for call in (
        lambda: diagnose_run(ran, tmp_path),
        lambda: diagnose_run(last, tmp_path),
        lambda: predict(ran, "a b"),
        lambda: examples(ran, 2),
    ):
        with pytest.raises(UserError, match=f"^{ran}.* {TRUSTING}$"):
            call()
    show(ran)
    assert TRUSTING in build_run(ran).read_text(encoding="utf-8")
    assert executed(ran) == before
    assert TRUSTING not in build_run(ran, trust=True).read_text(encoding="utf-8")
    restore_run(ran, "best", trust=True)
    restore_checkpoint(last, trust=True)
    with pytest.raises(UserError, match="predict needs a task that reads a text"):
        predict(ran, "a b", trust=True)
    assert executed(ran) == before + 1


def test_a_resume_from_elsewhere_names_where_the_run_was_started(ran: Path) -> None:
    words = ["task=own", "task.file=mine.py", "resume=true", f"hydra.run.dir={ran}"]
    with pytest.raises(UserError, match=rf"mine.py: no such file.* \(the run was started in {ran.parent}: continue it"):
        preflight(words)


def without(*path: str) -> Callable[[Any], None]:
    def change(kept: Any) -> None:
        *above, last = path
        for key in above:
            kept = kept[key]
        del kept[last]

    return change


def with_(value: Any, *path: str) -> Callable[[Any], None]:
    def change(kept: Any) -> None:
        *above, last = path
        for key in above:
            kept = kept[key]
        kept[last] = value

    return change


CONFIG, WEIGHTS, SPEC = ("hyper_parameters", "config"), ("state_dict", "network.rnn.W_h"), ("hyper_parameters", "spec")
CHANGED = {
    "no configuration": (without(*CONFIG), "is no checkpoint of a run .no configuration in it"),
    "another configuration": (with_(3, *CONFIG), "is no checkpoint of a run .no configuration in it"),
    "hyperparameters of another program": (with_([1], "hyper_parameters"), "is no checkpoint of a run .no config"),
    "a later version": (with_(3, *CONFIG, "model", "layers"), "is of another version of unrolled: unknown key"),
    "half a configuration": (with_({"seed": 0}, *CONFIG), "is of another version of unrolled: "),
    "a spec of another program": (with_({"a": 1}, *SPEC), "is no checkpoint of a run .its sizes make no network"),
    "no weights": (without("state_dict"), "its state_dict holds no weights"),
    "a weight less": (without(*WEIGHTS), "its weights lack network.rnn.W_h"),
    "a weight more": (with_(torch.zeros(1), "state_dict", "network.more"), "its configuration has no network.more"),
    "another shape": (with_(torch.zeros(2, 3), *WEIGHTS), r"network.rnn.W_h is \(2, 3\), its .* needs \(4, 4\)"),
    "complex": (with_(torch.zeros(4, 4, dtype=torch.complex64), *WEIGHTS), "W_h is no dense tensor of real numbers"),
    "sparse": (with_(torch.eye(4).to_sparse(), *WEIGHTS), "W_h is no dense tensor of real numbers"),
    "other data": (with_(7, *SPEC, "reads"), "is .*, its configuration needs|have changed since its run"),
}


@pytest.mark.parametrize("kind", CHANGED)
def test_a_checkpoint_that_does_not_fit_is_named(
    kind: str, ran: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ran.parent)  # a checkpoint alone does not say where its run was started
    change, message = CHANGED[kind]
    kept = copy.deepcopy(torch.load(ran / "checkpoints" / "last.ckpt", weights_only=True))
    change(kept)
    torch.save(kept, tmp_path / "mine.ckpt")
    with pytest.raises(UserError, match=f"^{tmp_path}/mine.ckpt.*{message}"):
        restore_checkpoint(tmp_path / "mine.ckpt", trust=True)
