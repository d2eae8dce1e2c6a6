"""Every task and every ready setting, from outside: it trains, scores, and leaves its profiles."""

import csv
import importlib.util
from pathlib import Path

import pytest

import own_data
from conftest import Run, some, train
from unrolled.config.files import choices
from unrolled.errors import UserError
from unrolled.gradients import REGIMES
from unrolled.run.lifecycle import run
from unrolled.run.preflight import compose, preflight
from unrolled.tasks import OWN, TASKS

SMALL = {
    "caption": ["trainer.max_steps=3"],
    "copy": ["task.delay=3"],
    "numbers": ["task.samples=100"],
    "pixels": ["model.hidden=8", "trainer.max_steps=2"],
    "translate": ["model.hidden=8", "trainer.max_steps=3"],
}
PATTERN_OF = {
    "caption": "vector_to_sequence",
    "translate": "encoder_decoder",
    "numbers": "encoder_decoder",
    "forecast": "sequence_to_sequence",
    "chars": "sequence_to_sequence",
    "copy": "sequence_to_sequence",
    "noiseless_memorization": "sequence_to_sequence",
}


def test_every_task_has_its_file_and_every_file_its_task() -> None:
    assert sorted(TASKS) == choices()["task"]


@pytest.mark.parametrize("name", some((name for name in TASKS if name != OWN), 3))
def test_every_task_trains_and_leaves_its_profiles(name: str, quick_run: Run, tmp_path: Path) -> None:
    if not all(importlib.util.find_spec(package) for package in TASKS[name].needs):
        pytest.skip("its extra is not installed")
    status = quick_run(f"task={name}", *SMALL.get(name, []), *own_data.overrides(name))
    assert status["state"] == "completed"
    assert set(status["baseline"]) == set(status["metrics"])
    assert status["score"] in status["metrics"] and status["baseline_name"]
    for profile in ("grad_h", "grad_x", "grad_h_log"):
        with (tmp_path / "run" / "profiles" / f"{profile}.csv").open(newline="") as file:
            header, *rows = csv.reader(file)
        assert header[:2] == ["step", "t0"]
        assert rows[0][0] == "0" and rows[-1][0] == str(status["steps"])
        assert any(float(value) != 0 for value in rows[-1][1:] if value)
    pattern = PATTERN_OF.get(name, "sequence_to_vector")
    assert status["every_state"] == (pattern in ("vector_to_sequence", "sequence_to_sequence"))
    assert ("halves" in status) == (pattern == "encoder_decoder")
    for told in status.get("halves", {"rnn": status}).values():
        assert told["regime_start"] in REGIMES and told["regime"] in REGIMES and told["regime_reason"]
        assert sum(told["births"]["regimes"].values()) == told["births"]["n"] == 3
        assert set(told["predictions"]) == set(told["predictions_start"]) >= {"bound", "ln_rho", "mean_field"}
        assert told["explanation"].count(". ") == 1 and told["explanation"].endswith(".")


def test_the_halves_of_an_encoder_decoder_are_told_apart(quick_run: Run, tmp_path: Path) -> None:
    status = quick_run("task=numbers", *SMALL["numbers"])
    encoder, decoder = status["halves"]["encoder"], status["halves"]["decoder"]
    assert encoder["births"]["n"] == 3 and isinstance(encoder["slope"], float)
    assert decoder["births"]["n"] == 3 and isinstance(decoder["slope"], float)
    with (tmp_path / "run" / "profiles" / "grad_h_count.csv").open(newline="") as file:
        header, first, *_ = csv.reader(file)
    counts = [int(value) if value else 0 for value in first[1:]]
    seam = status["seam"]
    assert counts[seam - 1] == counts[seam] == max(counts)  # what is read ends there, what is written begins there
    assert counts[:seam] == sorted(counts[:seam]) and counts[seam:] == sorted(counts[seam:], reverse=True)
    assert len(header) == 1 + len(counts)


@pytest.mark.parametrize("name", [name for name in choices()["experiment"] if name != "none"])
def test_every_ready_setting_is_accepted(name: str) -> None:
    preflight([f"experiment={name}"])


def test_notes_example_prints_its_passes_and_its_update(quick_run: Run, capsys: pytest.CaptureFixture[str]) -> None:
    config = compose(["experiment=notes_example"])
    assert (config.embedding.dim, config.model.hidden, config.trainer.max_steps) == (4, 8, 80)
    status = quick_run("experiment=notes_example", "trainer.max_steps=1")
    printed = capsys.readouterr().out
    for vector in ("+0.500 +0.200 +0.100 +0.800", "+0.900 +0.100 +0.700 +0.400", "+0.300 +0.800 +0.500 +0.600"):
        assert vector in printed
    for word in ("t = 1: i", "t = 2: love", "t = 3: machine", "t = 4: learning", "positive", "neutral", "negative"):
        assert word in printed
    assert status["steps"] == 1


def test_plain_descent_without_clipping_ends_in_nan_for_every_seed(quick_run: Run) -> None:
    for seed in range(4):
        status = quick_run("experiment=nan", f"seed={seed}", "trainer.max_steps=100", folder=str(seed))
        assert status["state"] == "diverged"
        assert status["regime_start"] == "exploding"


@pytest.mark.long
def test_more_noise_is_learnt_by_heart_as_well(quick_run: Run) -> None:
    clean, noisy = (
        quick_run("task.samples=60", f"task.label_noise={share}", "trainer.max_steps=150", "trainer.max_epochs=200",
                  "model.hidden=32", "probe=off", folder=str(share))
        for share in (0.0, 1.0)
    )  # fmt: skip
    assert clean["train"]["accuracy"] > 0.9 and noisy["train"]["accuracy"] > 0.9
    assert noisy["metrics"]["val/accuracy"] < 0.45
    assert clean["roughness"] > 0


def test_solved_is_the_first_validation_that_reaches_the_goal(quick_run: Run) -> None:
    easy = ["task=latch", "task.length=5", "task.samples=640", "trainer.max_steps=60", "probe=off"]
    status = quick_run(*easy)
    assert status["solved"]["score"] == "val/accuracy" and status["solved"]["at"] in range(10, 61, 10)
    censored = quick_run(*easy, "optimizer.lr=1e-9", folder="slow")
    assert censored["solved"]["at"] is None


def test_words_before_and_after_training(quick_run: Run, tmp_path: Path) -> None:
    quick_run("embedding.dim=16")
    with (tmp_path / "run" / "words.csv").open(newline="") as file:
        rows = {(row["word"], row["other"]): row for row in csv.DictReader(file)}
    assert ("love", "like") in rows
    for row in rows.values():
        assert -1 <= float(row["cosine_start"]) <= 1 and row["cosine"] != row["cosine_start"]
    quick_run("embedding=frozen", folder="frozen")
    with (tmp_path / "frozen" / "words.csv").open(newline="") as file:
        assert all(row["cosine"] == row["cosine_start"] for row in csv.DictReader(file))


def test_a_mistake_that_only_the_data_show_is_one_line(tmp_path: Path) -> None:
    ended = train("task=chars", "task.length=200000", f"hydra.run.dir={tmp_path / 'run'}")
    assert ended.returncode == 2
    assert ended.stderr == "unrolled: task.length=200000: task=chars has no example that long\n"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("def load(config, seed):\n    return 1\n", "load() returned int, not unrolled.tasks.data.Data"),
        ("x = 1\n", "has no function load(config, seed)"),
        ("import no_such_module\n", "ModuleNotFoundError: No module named 'no_such_module'"),
        ("def load(\n", "SyntaxError"),
    ],
)
def test_what_is_wrong_with_your_own_task_is_told(text: str, message: str, tmp_path: Path) -> None:
    from unrolled.config.identity import RunIdentity

    file = tmp_path / "mine.py"
    file.write_text(text)
    with pytest.raises(UserError) as told:
        identity = RunIdentity(tmp_path / "run", "mine", "mine")
        config = compose(["task=own", f"task.file={file}", "tracker=none"])
        identity.folder.mkdir()
        run(config, identity)
    assert message in str(told.value)
