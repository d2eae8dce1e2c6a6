"""A file that no record of ours lists is never removed, moved or written over: its folder is refused, or it stays."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from conftest import some
from unrolled.config.identity import RunIdentity
from unrolled.errors import UserError
from unrolled.record import ownership, status
from unrolled.record.plan import Planned, write_plan
from unrolled.run.folders import check_run, check_sweep
from unrolled.run.lifecycle import run
from unrolled.run.preflight import compose
from unrolled.run.resume import start_anew
from unrolled.sweeps.plan import clear

TOPS = sorted({name.partition("/")[0] for name in ownership.RUN} - {".status.json.*", ".report.html.*"})
SWEEP_TOPS = {name.partition("/")[0] for name in ownership.SWEEP if not name.endswith(".*")}
SHORT = ["task=latch", "task.length=6", "model.hidden=4", "task.samples=64", "tracker=none", "trainer.batch_size=32"]
SHORT += ["probe.births=2", "probe.samples=16", "trainer.max_epochs=1"]


def tree(folder: Path) -> dict[str, str]:
    return {str(file.relative_to(folder)): file.read_text() for file in sorted(folder.rglob("*")) if file.is_file()}


def put(folder: Path, name: str, text: str = "precious") -> None:
    (folder / name).parent.mkdir(parents=True, exist_ok=True)
    (folder / name).write_text(text)


@pytest.mark.parametrize("inside", ["", "/resnet.pt"])
@pytest.mark.parametrize("name", some([*TOPS, ".unrolled.json"], 3))
def test_a_single_run_refuses_each_name_that_it_would_write(name: str, inside: str, tmp_path: Path) -> None:
    put(tmp_path, name + inside)
    with pytest.raises(UserError, match=rf"holds {re.escape(name)}, which would be written over"):
        check_run(compose(SHORT), str(tmp_path))
    with pytest.raises(UserError):
        check_run(compose([*SHORT, "resume=true"]), str(tmp_path))
    if name not in (".hydra", "cell.log", ".unrolled.json"):  # Hydra and launchers write these first
        with pytest.raises(UserError):
            run(compose(SHORT), RunIdentity(tmp_path, "a run", "a run"))
    assert tree(tmp_path) == {name + inside: "precious"}


@pytest.mark.parametrize("name", some([*sorted(SWEEP_TOPS), ".unrolled.json", "0/cat.png", "17/dog.png"], 2))
def test_a_sweep_refuses_each_name_that_it_would_write(name: str, tmp_path: Path) -> None:
    put(tmp_path, name)
    with pytest.raises(UserError, match=rf"holds {name.partition('/')[0].replace('.', '[.]')}, which"):
        check_sweep(compose([]), str(tmp_path))
    with pytest.raises(UserError):
        check_sweep(compose([f"sweep.resume={tmp_path}"]), str(tmp_path))
    assert tree(tmp_path) == {name: "precious"}


def test_empty_files_of_hydra_are_not_in_the_way_and_others_are(tmp_path: Path) -> None:
    for name in ("config.yaml", "hydra.yaml"):
        put(tmp_path, f".hydra/{name}", "")
    check_run(compose(SHORT), str(tmp_path))
    put(tmp_path, ".hydra/overrides.yaml", "- precious")
    with pytest.raises(UserError, match=r"holds [.]hydra, which would be written over"):
        check_run(compose(SHORT), str(tmp_path))


def test_a_foreign_status_json_or_plan_makes_nothing_ours(tmp_path: Path) -> None:
    put(tmp_path, "status.json", '{"state": "completed"}')
    put(tmp_path, "cells.json", "[1, 2]")
    put(tmp_path, "metrics.csv")
    assert (ownership.of_run(tmp_path), ownership.of_sweep(tmp_path)) == ([], [])


def test_other_files_stay_where_they_are_and_a_run_lists_all_that_it_writes(tmp_path: Path) -> None:
    for name in ("notes.txt", "src/train.py", "data/0/cat.png"):
        put(tmp_path, name)
    translate = ["task=translate", "probe=full", "probe.samples=16", "probe.births=2", "tracker=none"]
    config = compose([*translate, "model.hidden=4", "trainer.max_steps=1", "embedding.dim=3"])
    check_run(config, str(tmp_path))
    run(config, RunIdentity(tmp_path, "a run", "a run"))
    listed = {str(file.relative_to(tmp_path)) for file in ownership.ours(tmp_path, ownership.of_run(tmp_path))}
    there = {str(file.relative_to(tmp_path)) for file in tmp_path.rglob("*") if file.is_file()}
    assert there - listed == {"notes.txt", "src/train.py", "data/0/cat.png", ".unrolled.json"}
    assert {"profiles/grad_h.csv", "checkpoints/last.ckpt", "portraits/start_encoder.png"} <= listed


THEIRS = st.sampled_from(["checkpoints/resnet.pt", "profiles/mine.csv", "profiles/grad_h.csv.bak", "notes.txt"])


@given(st.sets(THEIRS, min_size=1))
def test_a_start_from_step_0_and_a_resume_leave_what_was_added(tmp_path_factory, names: set[str]) -> None:
    folder = tmp_path_factory.mktemp("run")
    ownership.claim(folder, ownership.RUN, [])
    for name in ("checkpoints/last.ckpt", "profiles/grad_h.csv", "metrics.csv", "words.csv", *names):
        put(folder, name)
    start_anew(folder)
    assert set(tree(folder)) == names | {".unrolled.json"}


def test_a_run_that_is_resumed_leaves_what_was_added(tmp_path: Path) -> None:
    identity = RunIdentity(tmp_path, "a run", "a run")
    run(compose(SHORT), identity)
    for name in ("checkpoints/resnet.pt", "profiles/mine.csv", "profiles/deep/mine.csv"):
        put(tmp_path, name)
    run(compose([*SHORT, "trainer.max_epochs=2", "resume=true"]), identity)
    kept = [tmp_path / name for name in ("checkpoints/resnet.pt", "profiles/mine.csv", "profiles/deep/mine.csv")]
    assert [file.read_text() for file in kept] == ["precious"] * 3


def test_a_name_of_a_later_version_is_not_ours_in_an_older_folder(tmp_path: Path) -> None:
    put(tmp_path, "status.json", '{"fingerprint": "0"}')
    put(tmp_path, "metrics.csv")
    ownership.claim(tmp_path, ownership.FIRST_RUN, ownership.of_run(tmp_path))
    put(tmp_path, "spectra.csv")
    with pytest.raises(UserError, match=r"holds spectra.csv"):
        ownership.claim(tmp_path, [*ownership.FIRST_RUN, "spectra.csv"], ownership.of_run(tmp_path))
    (tmp_path / "spectra.csv").unlink()
    ownership.claim(tmp_path, [*ownership.FIRST_RUN, "spectra.csv"], ownership.of_run(tmp_path))
    assert "spectra.csv" in ownership.of_run(tmp_path)


def test_making_way_in_a_sweep_removes_only_what_its_runs_wrote(tmp_path: Path) -> None:
    planned = [Planned(0, {"seed": 0}, "a"), Planned(1, {"seed": 1}, "b")]
    ownership.claim(tmp_path, ownership.SWEEP, [])
    write_plan(tmp_path, planned)
    for number in ("0", "1"):
        ownership.claim_run(tmp_path / number)
        status.write(tmp_path / number, {"state": "failed", "fingerprint": number})
        put(tmp_path, f"{number}/metrics.csv")
    ownership.note_wandb(tmp_path / "0", "ours0000")
    for name in ("0/notes.txt", "2/cat.png", "wandb/run-20260101_000000-theirs00/a.wandb"):
        put(tmp_path, name)
    put(tmp_path, "wandb/offline-run-20260101_000000-ours0000/a.wandb")
    clear(tmp_path, planned)
    left = set(tree(tmp_path)) - {".unrolled.json", "cells.json"}
    assert left == {
        "0/notes.txt",
        "2/cat.png",
        "wandb/run-20260101_000000-theirs00/a.wandb",
        "wandb/superseded/offline-run-20260101_000000-ours0000/a.wandb",
    }
    with pytest.raises(UserError, match="holds 2, which"):
        ownership.check_numbers(tmp_path, [2])
    assert json.loads((tmp_path / ".unrolled.json").read_text())["names"] == sorted(ownership.SWEEP)
