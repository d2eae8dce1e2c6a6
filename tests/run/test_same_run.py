"""A run is resumed only with the configuration with which it began, environment variables and files included."""

import json
from pathlib import Path

import pytest
import torch
from omegaconf import OmegaConf

from conftest import some
from unrolled.config.identity import RunIdentity
from unrolled.config.schema import plain
from unrolled.errors import UserError
from unrolled.inspection.restore import restore_run
from unrolled.run.folders import check_run
from unrolled.run.lifecycle import run
from unrolled.run.preflight import compose
from unrolled.tasks import load

TASK = """import torch
from unrolled.tasks.data import Data, Guess, Split, Stream
from unrolled.tasks.scores import classification

def load(config, seed):
    def make(n, generator):
        x = torch.randint(0, 2, (n, 6), generator=generator)
        return Split(x=x, mask=torch.ones(n, 6, dtype=torch.bool), y=x.sum(1) % 2)
    train = Stream(make, samples=40, seed=seed)
    return Data("sequence_to_vector", train, train.split("val", 20), ["0", "1"], ["even", "odd"],
                lambda: classification(2), Guess(torch.zeros(20, 2)), "either")
"""
QUICK = ["model.hidden=2", "tracker=none", "probe=off", "trainer.batch_size=20", "trainer.max_epochs=2"]
VECTORS = ["task=sentiment", "task.samples=40", "embedding=pretrained", "embedding.path=${oc.env:VECTORS}"]
LATCH = ["task=latch", "task.length=4", "task.samples=40", "seed=${oc.env:SEED}"]
OWN = ["task=own", "task.file=${oc.env:TASK}", "embedding=onehot"]


@pytest.fixture(autouse=True)
def surroundings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a configuration takes from outside: a seed, the file of a task, a file of word vectors."""
    (tmp_path / "task.py").write_text(TASK)
    (tmp_path / "vectors.txt").write_text("the 0.5 1\nfilm 1 -1\n")
    monkeypatch.setenv("SEED", "1")
    monkeypatch.setenv("TASK", str(tmp_path / "task.py"))
    monkeypatch.setenv("VECTORS", str(tmp_path / "vectors.txt"))


def began(folder: Path, words: list[str], *, unresolved: bool = True) -> None:
    """A run that has ended, with the configuration that Hydra saves: as it was typed, or resolved."""
    config = compose([*QUICK, *words])
    typed = [word.partition("=") for word in words if "${" in word]
    saved = OmegaConf.create(plain(config))
    for key, _, value in typed if unresolved else []:
        OmegaConf.update(saved, key, value)
    (folder / ".hydra").mkdir(parents=True)
    OmegaConf.save(saved, folder / ".hydra" / "config.yaml")
    run(config, RunIdentity(folder, "a run", "a run"))


def resume(folder: Path, *words: str) -> None:
    check_run(compose([*QUICK, *words, "resume=true"]), str(folder))


def as_an_earlier_version(folder: Path) -> None:
    file = folder / "status.json"
    record = json.loads(file.read_text())
    del record["resume_fingerprint"]
    file.write_text(json.dumps(record))


@pytest.mark.parametrize("earlier", [False, True])
@pytest.mark.parametrize("lost", some(["", "checkpoints/last.ckpt", ".hydra/config.yaml"], 3))
def test_another_seed_from_the_environment_is_refused(
    lost: str, earlier: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "run"
    began(folder, LATCH)
    if earlier:
        as_an_earlier_version(folder)
    if lost:
        (folder / lost).unlink()
    resume(folder, *LATCH, "trainer.max_epochs=5", "trainer.checkpoint_every_s=1")
    monkeypatch.setenv("SEED", "2")
    named = "what an environment variable resolves to" if lost.startswith("checkpoints") else "seed is 2 now and was 1"
    with pytest.raises(UserError, match=f"resume=true: {named}"):
        resume(folder, *LATCH)


@pytest.mark.parametrize("earlier", [False, True])
@pytest.mark.parametrize(
    ("words", "file", "edited", "named"),
    [
        (OWN, "task.py", TASK.replace("sum(1) % 2", "sum(1) // 4"), r"the content of task\.file=.*task\.py is not"),
        (OWN, "task.py", TASK + "\n", r"the content of task\.file=.*task\.py is not"),
        (VECTORS, "vectors.txt", "the 0.5 1\nfilm 1 -2\n", r"the content of embedding\.path=.*vectors\.txt is not"),
    ],
)
def test_another_content_of_a_file_is_refused(  # noqa: PLR0917 - parameters
    words: list[str], file: str, edited: str, named: str, earlier: bool, tmp_path: Path
) -> None:
    began(tmp_path / "run", words)
    if earlier:
        as_an_earlier_version(tmp_path / "run")
    resume(tmp_path / "run", *words, "trainer.max_epochs=3")
    (tmp_path / file).write_text(edited)
    with pytest.raises(UserError, match=named):
        resume(tmp_path / "run", *words, "trainer.max_epochs=3")


def test_what_is_restored_is_what_was_trained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    began(tmp_path / "run", LATCH)
    trained, _, _ = restore_run(tmp_path / "run", "best")
    monkeypatch.setenv("SEED", "2")
    config, data, _ = restore_run(tmp_path / "run", "best")
    assert config == trained and config.seed == 1
    assert torch.equal(data.val.x, load(config.task, 1).val.x)


def test_what_a_resume_may_change_does_not_count(tmp_path: Path) -> None:
    began(tmp_path / "run", LATCH)
    free = ["trainer.max_epochs=9", "trainer.max_steps=99", "trainer.progress=false", "trainer.checkpoint_every_s=0"]
    resume(tmp_path / "run", *LATCH, *free, "tracker.project=another", "sweep.on_error=stop")
    for other in ("model.hidden=3", "optimizer.lr=0.5", "trainer.batch_size=10", "init.gain=2"):
        with pytest.raises(UserError, match=rf"{other.partition('=')[0]} is .* now and was"):
            resume(tmp_path / "run", *LATCH, other)


def test_a_resume_that_died_before_its_record_can_be_repeated(tmp_path: Path) -> None:
    """Hydra saves the configuration before the record is written; it then has another length than the record."""
    began(tmp_path / "run", LATCH)
    as_an_earlier_version(tmp_path / "run")
    file = tmp_path / "run" / ".hydra" / "config.yaml"
    file.write_text(file.read_text().replace("max_epochs: 2", "max_epochs: 7"))
    for epochs in (2, 7, 9):
        resume(tmp_path / "run", *LATCH, f"trainer.max_epochs={epochs}")
