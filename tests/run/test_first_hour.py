"""What a first hour mistypes: each answer is one line that says what to type instead."""

from pathlib import Path

import pytest

from conftest import some
from unrolled.cli.commands import call, unrolled
from unrolled.errors import UserError
from unrolled.run.mistyped import COMMANDS
from unrolled.run.preflight import preflight

MISTAKES = [
    ("hidden=8", "did you mean model.hidden=8?"),
    ("Model.Hidden=8", "did you mean model.hidden=8?"),
    ("model/hidden=8", "did you mean model.hidden=8?"),
    ("hidden_size=8", "did you mean model.hidden=8?"),
    ("hiden=8", "did you mean model.hidden=8?"),
    ("lr=0.1", "did you mean optimizer.lr=0.1?"),
    ("optimizer.learning_rate=0.1", "did you mean optimizer.lr=0.1?"),
    ("epochs=3", "did you mean trainer.max_epochs=3?"),
    ("trainer.epochs=3", "did you mean trainer.max_epochs=3?"),
    ("trainer.gpus=1", "did you mean trainer.devices=1?"),
    ("samples=100", "did you mean task.samples=100 or probe.samples=100?"),
    ("Seed=3", "did you mean seed=3?"),
    ("dataset=imdb", "did you mean task=imdb?"),
    ("-m hidden=4,8", "did you mean model.hidden=4,8?"),
    ("activation=tanh,relu", "several values are a sweep, which needs -m"),
    ("activation=Tanh", "did you mean tanh?"),
    ("activation=TANH", "did you mean tanh?"),
    ("model=lstm", "allowed: auto, large, medium, small"),
    ("model=relu", "did you mean activation=relu?"),
    ("task=imdb", "allowed: adding, caption,"),
    ("sweep=activations", "named by --config-name activations"),
    ("experiment=activations", "named by --config-name activations"),
    ("model.hidden = 8", "type model.hidden=8"),
    ("hidden = 8", "type model.hidden=8"),
    ("model.hidden= 8", "type model.hidden=8"),
    ("model.hidden =8", "type model.hidden=8"),
    ("activation:relu", "type activation=relu"),
    ("activation==relu", "type activation=relu"),
    ("--hidden 8", "type model.hidden=8"),
    ("--model.hidden=8", "type model.hidden=8"),
    ("-model.hidden=8", "type model.hidden=8"),
    ("-lr=0.1", "type optimizer.lr=0.1"),
    ("--resume", "type resume=true"),
    ("resume", "type resume=true"),
    ("relu", "type activation=relu"),
    ("seed=", "seed= is empty: it must be a whole number, such as seed=0"),
    ("model.hidden=eight", "model.hidden=eight: must be a whole number"),
    ("sweeps/activations.yaml", "named by --config-name activations"),
    ("activations", "named by --config-name activations"),
    ("--config-name sweeps/activations.yaml", "named without its folder: activations"),
    ("--config-name nosuch", "--config-name nosuch: no such file; allowed: activations,"),
    ("report outputs", "unrolled report"),
    ("help", "type --help"),
    ("hydra.run.dir=out/lr=1", "type \"hydra.run.dir='out/lr=1'\""),
    ("hydra.run.dir=~/runs", "type hydra.run.dir=$HOME/runs"),
    ("seed=choice()", "empty choice is not legal"),
]


@pytest.mark.parametrize(("words", "instead"), some(MISTAKES, 4))
def test_a_mistake_is_answered_with_what_to_type(words: str, instead: str) -> None:
    with pytest.raises(UserError) as raised:
        preflight(words.split())
    assert instead in str(raised.value) and "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("word", "instead"),
    [
        ("model.hidden = 8", "type model.hidden=8"),
        ("model.hidden=8 activation=relu", "type model.hidden=8 activation=relu"),
        ("hydra.run.dir=a (c)", "type \"hydra.run.dir='a (c)'\""),
        ("sweep.question='a b',c=d", "each text with such characters needs quotes of its own"),
    ],
)
def test_one_word_with_spaces(word: str, instead: str) -> None:
    with pytest.raises(UserError) as raised:
        preflight([word])
    assert instead in str(raised.value)


@pytest.mark.parametrize("words", ["model.hidden=8", "++model.hidden=8", "hydra.verbose=true hydra.job.name=a"])
def test_what_is_right_is_not_refused(words: str) -> None:
    assert preflight(["tracker=none", *words.split()]).config is not None


@pytest.mark.parametrize(
    ("words", "instead"),
    [
        ("trian", "did you mean unrolled train?"),
        ("reprot x", "did you mean unrolled report?"),
        ("predict {sweep} text", "name one of its runs, such as {sweep}/0"),
        ("diagnose {sweep}", "name one of its runs, such as {sweep}/0"),
        ("show {sweep}/multirun.yaml", "name the folder, {sweep}"),
        ("report {sweep}/multirun.yaml", "name the folder, {sweep}"),
        ("predict {sweep}/multirun.yaml text", "name the folder, {sweep}"),
    ],
)
def test_a_command_that_is_given_something_else(words: str, instead: str, tmp_path: Path) -> None:
    (tmp_path / "multirun.yaml").write_text("")
    with pytest.raises(UserError) as raised:
        call([word.format(sweep=tmp_path) for word in words.split()])
    assert instead.format(sweep=tmp_path) in str(raised.value)


def test_a_runs_folder_is_no_sweep_to_resume(tmp_path: Path) -> None:
    (tmp_path / "status.json").write_text("{}")
    with pytest.raises(UserError, match=r"continue that with hydra.run.dir=.* resume=true"):
        preflight(["-m", "seed=0,1", f"sweep.resume='{tmp_path}'"])


def test_the_commands_that_a_line_names_are_those_that_there_are() -> None:
    assert sorted(COMMANDS) == sorted(unrolled.commands)
