"""What a run was trained on is kept, and compared where its network meets data again."""

import hashlib
import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import own_data
from unrolled.cli.commands import unrolled
from unrolled.config.identity import RunIdentity
from unrolled.config.schema import TaskConfig
from unrolled.errors import UserError
from unrolled.inspection.predict import predict
from unrolled.inspection.restore import ChangedData, restore_checkpoint, restore_run
from unrolled.record import status
from unrolled.record.trained_on import TRAINED_ON
from unrolled.report.run_page import build_run
from unrolled.run.folders import check_run
from unrolled.run.lifecycle import run
from unrolled.run.preflight import compose
from unrolled.sweeps.plan import check_data
from unrolled.tasks import load
from unrolled.tasks.trained_on import trained_on

NAMES = """import csv
from pathlib import Path
import torch
from unrolled.tasks.data import Data, Guess, Split
from unrolled.tasks.scores import classification

LETTERS = "abcdef"
HERE = Path(__file__).parent

def codes(name):
    return Split(torch.tensor([[LETTERS.index(letter) for letter in name]]), torch.ones(1, len(name)).bool(),
                 torch.zeros(1, dtype=torch.int64))

def load(config, seed):
    with open(HERE / "names.csv") as file:
        rows = list(csv.DictReader(file))
    x = torch.cat([codes(row["name"]).x for row in rows])
    split = Split(x, torch.ones_like(x).bool(), torch.tensor([int(row["kind"] == "f") for row in rows]))
    return Data("sequence_to_vector", split, split, list(LETTERS), ["m", "f"], lambda: classification(2),
                Guess(torch.zeros(len(rows), 2)), "either", encode=lambda text: codes(text).whole())
"""
QUICK = ["tracker=none", "probe=off", "model.hidden=4", "trainer.max_steps=2"]
WAS = "sha256 {}.. then, {}.. now"


def names(file: Path) -> Path:
    rows: list[list[object]] = [[name, "f" if name.endswith("a") else "m"] for name in ("fada", "ebba", "abed", "caff")]
    own_data.write(file.with_name("names.csv"), ["name", "kind"], rows)
    file.write_text(NAMES)
    return file


def words_of(kind: str, file: Path) -> list[str]:
    more = {"series": ["task.window=10"], "own": ["embedding=onehot"]}
    return [f"task={kind}", f"task.file={file}", *QUICK, *more.get(kind, [])]


def made(folder: Path, kind: str, *words: str, sweep: Path | None = None) -> Path:
    run(compose([*words_of(kind, data_of(folder.parent, kind)), *words]), RunIdentity(folder, "one", "one", sweep))
    return folder


def data_of(folder: Path, kind: str) -> Path:
    if kind == "own":
        return folder / "names.py"
    return folder / own_data.MAKERS[kind][1]


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of each kind of a user's own data."""
    folder = tmp_path_factory.mktemp("lab")
    names(folder / "names.py")
    for make, name in own_data.MAKERS.values():
        make(folder / name)
    for kind in ("own", *own_data.MAKERS):
        made(folder / kind, kind)
    return folder


@pytest.fixture
def restored(lab: Path) -> Iterator[Path]:
    """The runs, whose data and records are put back after the test with the times of their last change."""
    before = {file: (file.read_bytes(), file.stat()) for file in lab.rglob("*") if file.is_file()}
    yield lab
    for file, (content, known) in before.items():
        file.write_bytes(content)
        os.utime(file, ns=(known.st_atime_ns, known.st_mtime_ns))


def replaced(old: str, new: str) -> Callable[[Path], None]:
    def change(file: Path) -> None:
        text = file.read_text()
        assert old in text
        file.write_text(text.replace(old, new, 1))

    return change


def another_number(file: Path) -> None:
    arrays = dict(np.load(file))
    arrays["x"][0, 0] += 1
    np.savez(file, **arrays)


CHANGES: dict[str, tuple[str, str, Callable[[Path], None]]] = {  # the run, the file that changes, and how
    "vocabulary reversed": ("own", "names.py", replaced('"abcdef"', '"fedcba"')),
    "the table of an own task": ("own", "names.csv", replaced("abed,m", "abed,f")),
    "a label": ("texts", "texts.csv", replaced(",no", ",yes")),
    "a value": ("series", "series.csv", replaced("0.", "1.")),
    "a number of an archive": ("sequences", "sequences.npz", another_number),
}


def sums(before: bytes, file: Path) -> str:
    then, now = (hashlib.sha256(content).hexdigest()[:6] for content in (before, file.read_bytes()))
    return WAS.format(then, now)


@pytest.mark.parametrize("change", CHANGES)
def test_data_that_have_changed_are_named_and_refused(
    change: str, restored: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kind, name, spoil = CHANGES[change]
    file, folder = restored / name, restored / kind
    words = [*words_of(kind, data_of(restored, kind)), f"hydra.run.dir={folder}"]
    check_run(compose([*words, "resume=true"]), str(folder))
    before, was = file.read_bytes(), status.read(folder)
    spoil(file)
    line = f"{name} is not what this run was trained on: {sums(before, file)}"
    asked = "fada" if kind in ("own", "texts") else str(file)
    for words_ in (
        ["predict", str(folder), asked],
        ["diagnose", str(folder)],
        ["diagnose", f"{folder}/checkpoints/last.ckpt"],
    ):
        with pytest.raises(UserError) as refused:
            unrolled.main([*words_, "--trust"], standalone_mode=False)
        assert str(refused.value) == f"{line}; --anyway to go on"
    with pytest.raises(UserError) as refused:
        check_run(compose([*words, "resume=true"]), str(folder))
    assert name in str(refused.value) and sums(before, file) in str(refused.value)
    assert str(refused.value).count(name) == 1 and str(refused.value).endswith(": start another run")
    assert status.read(folder) == was
    capsys.readouterr()
    if kind == "own":
        unrolled.main(["predict", str(folder), "fada", "--trust", "--anyway"], standalone_mode=False)
    else:
        restore_run(folder, "last", anyway=True)
    warned = capsys.readouterr().err
    assert warned.startswith(f"unrolled: {line}\n")
    assert "the data are not what this run was trained on; they differ in" in warned


def test_a_diagnosis_goes_on_with_a_warning(
    restored: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    class Measured(Exception): ...

    def measured(*_: Any) -> None:
        raise Measured  # the pictures take seconds

    monkeypatch.setattr("unrolled.inspection.diagnose.portraits_of", measured)
    another_number(restored / "sequences.npz")
    with pytest.raises(Measured):
        unrolled.main(["diagnose", str(restored / "sequences"), "--anyway"], standalone_mode=False)
    assert "sequences.npz is not what this run was trained on" in capsys.readouterr().err


def test_a_vocabulary_in_another_order_turns_answers_around(restored: Path) -> None:
    before = predict(restored / "own", "fada", trust=True)
    replaced('"abcdef"', '"fedcba"')(restored / "names.py")
    after = predict(restored / "own", "fada", trust=True, anyway=True)
    mirrored = predict(restored / "own", "afcf", trust=True, anyway=True)
    assert not isinstance(before, str) and not isinstance(after, str) and not isinstance(mirrored, str)
    assert torch.equal(mirrored.shares, before.shares) and not torch.equal(after.shares, before.shares)


def test_a_changed_python_file_is_not_executed_before_it_is_refused(restored: Path) -> None:
    (restored / "names.py").write_text(f"open({str(restored / 'executed')!r}, 'w')\n{NAMES}")
    with pytest.raises(ChangedData):
        restore_run(restored / "own", "best", trust=True)
    assert not (restored / "executed").exists()


def test_other_sizes_are_refused_even_so(restored: Path) -> None:
    replaced('"abcdef"', '"abcdefg"')(restored / "names.py")
    with pytest.raises(UserError, match="have changed since its run: other sizes or tokens"):
        restore_run(restored / "own", "best", trust=True, anyway=True)


def test_the_page_gives_the_reason_and_no_option_that_it_lacks(restored: Path) -> None:
    replaced("abed,m", "abed,f")(restored / "names.csv")
    page = build_run(restored / "own", trust=True).read_text(encoding="utf-8")
    assert "names.csv is not what this run was trained on: sha256 " in page and "--anyway" not in page


@pytest.mark.parametrize("kind", ["own", "texts", "series", "sequences"])
def test_a_page_needs_no_data(kind: str, restored: Path) -> None:
    file = data_of(restored, kind)
    file.unlink()
    page = build_run(restored / kind, trust=True).read_text(encoding="utf-8")
    assert (f"{file.name}: no such file" in page) == (kind in ("own", "texts"))


def test_files_that_were_moved_are_what_they_were(lab: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("names.py", "names.csv"):
        shutil.copy(lab / name, tmp_path / name)
    kept: Any = torch.load(lab / "own" / "checkpoints" / "last.ckpt", weights_only=True)
    kept["hyper_parameters"]["config"]["task"]["file"] = "names.py"
    torch.save(kept, tmp_path / "moved.ckpt")
    monkeypatch.chdir(tmp_path)
    restore_checkpoint(Path("moved.ckpt"), trust=True)
    replaced("abed,m", "abed,f")(tmp_path / "names.csv")
    with pytest.raises(ChangedData, match=r"names\.csv is not what"):
        restore_checkpoint(Path("moved.ckpt"), trust=True)


def test_what_is_kept_is_what_numpy_finds(lab: Path) -> None:
    kept = status.read(lab / "own")[TRAINED_ON]
    assert kept["files"] == [
        {"path": str(lab / name), "sha256": hashlib.sha256((lab / name).read_bytes()).hexdigest()}
        for name in ("names.py", "names.csv")
    ]
    x = np.array(
        [["abcdef".index(letter) for letter in name] for name in ("fada", "ebba", "abed", "caff")], dtype=float
    )
    rows = np.abs(x).sum(1)
    assert kept["train"]["x"] == kept["val"]["x"]
    assert kept["train"]["x"] == {
        "shape": [4, 4],
        "sum": rows.sum(),
        "in_order": pytest.approx(rows @ np.linspace(0, 1, 4)),
    }
    saved: Any = torch.load(lab / "own" / "checkpoints" / "last.ckpt", weights_only=True)
    assert saved["hyper_parameters"][TRAINED_ON] == kept
    assert (lab / "own" / "own_task.py").read_text() == NAMES
    assert not (lab / "texts" / "own_task.py").exists()


def test_a_file_of_the_users_with_the_name_of_the_copy_is_never_written_over(lab: Path, tmp_path: Path) -> None:
    (tmp_path / "own_task.py").write_text("mine")
    words = words_of("own", lab / "names.py")
    with pytest.raises(UserError, match=r"holds own_task\.py, which would be written over"):
        check_run(compose([*words, f"hydra.run.dir={tmp_path}"]), str(tmp_path))
    assert (tmp_path / "own_task.py").read_text() == "mine"


def changed_checkpoint(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    file = folder / "checkpoints" / "last.ckpt"
    kept: Any = torch.load(file, weights_only=True)
    change(kept["hyper_parameters"])
    torch.save(kept, file)


def test_a_checkpoint_of_an_earlier_version_is_not_compared(restored: Path) -> None:
    folder = restored / "texts"
    changed_checkpoint(folder, lambda known: known.pop(TRAINED_ON))
    CHANGES["a label"][2](restored / "texts.csv")
    restore_run(folder, "last")


def set_(*path: str, to: Callable[[Any], Any]) -> Callable[[dict[str, Any]], None]:
    def change(known: dict[str, Any]) -> None:
        *above, last = (TRAINED_ON, *path)
        for key in above:
            known = known[key]
        known[last] = to(known[last])

    return change


@pytest.mark.parametrize(
    ("change", "line"),
    [
        (set_("train", "x", "sum", to=lambda value: value * (1 + 1e-7)), None),
        (set_("train", "x", "sum", to=lambda value: value * 1.01), r"the sum of \|train\.x\| \(.* then, .* now\)"),
        (set_("val", "y", "in_order", to=lambda value: value * 1.01), "the order of val.y"),
        (
            set_("train", "x", "shape", to=lambda value: [7, *value[1:]]),
            r"the shape of train\.x \(\(7, .*\) then, \(32, ",
        ),
        (set_("answers", "names", to=lambda _: "0"), "the classes"),
    ],
)
def test_data_of_a_package_of_another_version_are_named(
    change: Callable[[dict[str, Any]], None], line: str | None, tmp_path: Path
) -> None:
    folder = tmp_path / "run"
    words = ["task=latch", "task.length=4", "task.samples=40", *QUICK]
    run(compose(words), RunIdentity(folder, "one", "one"))
    changed_checkpoint(folder, change)
    if line is None:
        restore_run(folder, "last")
        return
    with pytest.raises(ChangedData, match=f"the data are not what this run was trained on; they differ in {line}"):
        restore_run(folder, "last")
    resumed = compose([*words, "resume=true", "trainer.max_steps=3"])
    check_run(resumed, str(folder))  # no file has changed: only the loaded data show it
    with pytest.raises(UserError, match=f"resume=true: the data are not what the run in .* they differ in {line}"):
        run(resumed, RunIdentity(folder, "one", "one"))
    assert status.read(folder)["state"] == "completed" and status.read(folder)["resumed"]["state"] == "failed"


def test_a_run_of_a_sweep_with_other_data_is_refused_and_the_others_stay(tmp_path: Path) -> None:
    names(tmp_path / "names.py")
    sweep = tmp_path
    first = made(sweep / "0", "own", sweep=sweep)
    made(sweep / "1", "own", "seed=1", sweep=sweep)
    check_data(sweep)
    replaced("abed,m", "abed,f")(tmp_path / "names.csv")
    with pytest.raises(
        UserError, match=f"^names.csv is not what run 0 of this sweep was trained on: {WAS.format('.*', '.*')}$"
    ):
        made(sweep / "2", "own", "seed=2", sweep=sweep)
    assert [status.read(sweep / name)["state"] for name in "012"] == ["completed", "completed", "failed"]
    assert TRAINED_ON not in status.read(sweep / "2") and not (sweep / "2" / "metrics.csv").exists()
    with pytest.raises(
        UserError, match=r"^sweep\.resume: names\.csv is not what run 0 of this sweep .* start another sweep$"
    ):
        check_data(sweep)
    assert status.read(first)[TRAINED_ON]["files"] != []


def test_two_ranks_keep_it_once_and_are_refused_together(tmp_path: Path) -> None:
    names(tmp_path / "names.py")
    folder = made(tmp_path / "run", "own", "trainer=ddp_cpu")
    assert [Path(each["path"]).name for each in status.read(folder)[TRAINED_ON]["files"]] == ["names.py", "names.csv"]
    assert (folder / "own_task.py").read_text() == NAMES
    restore_run(folder, "last", trust=True)
    changed_checkpoint(folder, set_("train", "y", "sum", to=lambda value: value + 1))
    with pytest.raises(
        UserError, match=r"resume=true: the data are not what .* the sum of \|train\.y\| \(3 then, 2 now\)"
    ):
        made(folder, "own", "trainer=ddp_cpu", "resume=true", "trainer.max_steps=3")


def test_many_files_are_one_entry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unrolled.tasks.trained_on.MOST_FILES", 3)
    (tmp_path / "parts").mkdir()
    for i in range(4):
        (tmp_path / "parts" / f"{i}.txt").write_text(str(i))
    names(tmp_path / "names.py")
    replaced("def load", "[open(HERE / 'parts' / f'{i}.txt').close() for i in range(4)]\n\ndef load")(
        tmp_path / "names.py"
    )
    config = TaskConfig("own", file=str(tmp_path / "names.py"))
    found = trained_on(config, load(config, 0))["files"]
    assert [each["path"] for each in found] == [str(tmp_path / "names.py"), str(tmp_path)]
    (tmp_path / "parts" / "2.txt").write_text("two")
    assert trained_on(config, load(config, 0))["files"][1] != found[1]
    json.dumps(found)
