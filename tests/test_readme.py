"""What the README shows is what happens."""

import math
import re
import shlex
import subprocess
from pathlib import Path

import click
import pytest

from commands import run
from conftest import ROOT, Run, train
from unrolled.bench.hard import hard
from unrolled.bench.networks import constructed
from unrolled.bench.regimes import COUNT
from unrolled.cli.commands import unrolled
from unrolled.config.files import SWEEPS, choices
from unrolled.config.schema import plain
from unrolled.record.tables import read_rows
from unrolled.run.preflight import compose, preflight
from unrolled.tasks import load, sentiment

README = (ROOT / "README.md").read_text(encoding="utf-8")


def _parse(command: click.Command, words: list[str]) -> None:
    """Raises ClickException for words that are no command."""
    context = command.make_context(command.name, words)
    if isinstance(command, click.Group):
        name, inner, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        assert name and inner
        _parse(inner, rest)


def blocks(language: str) -> list[str]:
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


TRAIN = [
    line.split("src/train.py", 1)[1].split("#")[0].strip()
    for block in blocks("sh")
    for line in block.splitlines()
    if "src/train.py" in line
]


@pytest.mark.parametrize("arguments", TRAIN)
def test_every_command_is_accepted(arguments: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    preflight(shlex.split(arguments))


def test_every_other_command_is_one() -> None:
    lines = re.findall(r"^(?:\$ )?\.venv/bin/unrolled (.*)$", README, flags=re.MULTILINE)
    assert len(lines) >= 8
    for line in lines:
        words = shlex.split(line, comments=True)
        if words[0] != "train":
            _parse(unrolled, words)


@pytest.mark.parametrize(("word", "printed"), [("tape.dh", "tensor(["), ("mean_field(", "vanishing -0.")])
def test_the_python_examples_run(word: str, printed: str, tmp_path: Path) -> None:
    (example,) = (block for block in blocks("python") if word in block)
    (tmp_path / "example.py").write_text(example, encoding="utf-8")
    told = run(tmp_path / "example.py", folder=tmp_path)
    assert told.stdout.startswith(printed)
    assert told.stderr == ""


def test_the_readers_own_task_runs_from_one_file_outside_the_package(tmp_path: Path) -> None:
    (task,) = (block for block in blocks("python") if "def load" in block)
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


def test_the_growth_that_the_settings_promise_is_that_before_training(quick_run: Run, tmp_path: Path) -> None:
    """An orthogonal W_h times 1.3, and nothing else, multiplies by 1.3 a step: 1.3^29 over 30 steps."""
    shrinks, grows = (int(n.replace(",", "")) for n in re.findall(r"([\d,]+)-fold", README))
    untrained = ["trainer.max_steps=0", "probe.every=1"]
    quick_run("experiment=exploding", *untrained, folder="exploding")
    assert first_profile(tmp_path / "exploding")[0] == pytest.approx(29 * math.log(1.3), rel=1e-6)
    assert grows == pytest.approx(1.3**29, rel=0.05)
    lag = quick_run("experiment=vanishing", *untrained, folder="vanishing")["dependency"]
    assert first_profile(tmp_path / "vanishing")[::-1][int(lag)] < -math.log(shrinks)


def first_profile(folder: Path) -> list[float]:
    """Returns the mean of ln of the norm of dL/dh_t relative to the last step, by time step, before training."""
    return read_rows(folder / "profiles" / "grad_h_relative_log.csv")[0][1:]


@pytest.mark.long
def test_the_examples_are_as_many_as_it_says() -> None:
    said = re.findall(r"^\| `(\w+)` \| [^|]* \| ([\d,]+) ", README, re.MULTILINE)
    counted = {"sentiment": len([*sentiment._examples(sentiment._read())])}  # a tenth of them is in no split
    for name in ("caption", "translate"):
        data = load(compose([f"task={name}"]).task, 0)
        counted[name] = len(data.train) + len(data.val)
    assert {name: int(n.replace(",", "")) for name, n in said if name in counted} == counted


def test_the_networks_of_the_benches_are_as_many_as_it_says() -> None:
    said = re.search(
        r"on (\d+) networks whose regime is known[^,]*, on (\d+) of kinds that are hard, and on (\d+)", README
    )
    assert said is not None
    assert [int(n) for n in said.groups()] == [len(constructed()), len(hard()), COUNT]


def test_every_make_target_is_in_its_help() -> None:
    told = subprocess.run(
        ["make", "--no-print-directory", "help"], capture_output=True, text=True, cwd=ROOT, check=True
    ).stdout
    working = ["setup", "train", "sweep", "test", "test-long", "test-gpu", "lint", "docs"]
    targets = [*working, "report", "dashboard", "sync", "bench", "clean"]
    assert [line.split()[1] for line in told.splitlines()] == ["help", *targets]
    for target in re.findall(r"(?:`|^)make ([a-z-]+)", README, flags=re.MULTILINE):
        assert target in [*targets, "help"]


def test_the_table_of_groups_is_complete() -> None:
    for group, names in choices().items():
        (row,) = re.findall(rf"^\| `{group}` \| (.*?) \|", README, flags=re.MULTILINE)
        assert sorted(re.findall(r"[a-z_]+", re.sub(r"\(.*?\)", "", row))) == names


def test_every_value_named_in_the_table_exists() -> None:
    values = plain(compose([]))
    table = README.split("## What can be chosen")[1].split("## What a run leaves")[0]
    named = re.findall(r"`([a-z]+)\.([a-z_]+)`", table)
    assert len(named) > 10
    for group, key in named:
        assert key in values[group], f"{group}.{key}"


def test_every_sweep_asks_a_question() -> None:
    files = sorted(SWEEPS.glob("*.yaml"))
    assert files
    for file in files:
        assert re.search(r"^  question: .+\?|^  question: .+\.$", file.read_text(), flags=re.MULTILINE), file
