"""Settings of Hydra's own that a run or a sweep would ignore, or could not do with, are refused."""

from pathlib import Path

import pytest

from conftest import some
from unrolled.config.hydra_private import argument_parser, options_first
from unrolled.errors import UserError
from unrolled.run.preflight import preflight

SWEEP = "-m seed=0,1"
REFUSED = [
    ("hydra.output_subdir=null", "a run keeps its configuration in .hydra"),
    ("hydra.output_subdir=conf", "a run keeps its configuration in .hydra"),
    (f"{SWEEP} hydra.output_subdir=null", "a run keeps its configuration in .hydra"),
    ("hydra.job.chdir=true", "leave it false"),
    (f"{SWEEP} hydra.job.chdir=true", "leave it false"),
    (f"{SWEEP} hydra.sweep.subdir=mine", "the folder of a sweep's run is its number"),
    (f"{SWEEP} hydra.sweep.subdir=${{hydra.job.override_dirname}}", "the folder of a sweep's run is its number"),
    (f"{SWEEP} hydra.run.dir=out", "this is a sweep, whose folder is hydra.sweep.dir=..."),
    ("--config-name activations hydra.run.dir=out", "this is a sweep, whose folder is hydra.sweep.dir=..."),
    ("hydra.sweep.dir=out", "this is a single run, whose folder is hydra.run.dir=..."),
    ("++hydra.sweep.dir=out", "this is a single run, whose folder is hydra.run.dir=..."),
    ("hydra.job.num=3", "Hydra sets this itself"),
    (f"{SWEEP} hydra.job.num=3", "Hydra sets this itself"),
    ("hydra.runtime.output_dir=x", "Hydra sets this itself"),
    (f"{SWEEP} hydra.mode=RUN", "give one of them"),
    ("hydra.mode=BOTH", "hydra.mode: Invalid value 'BOTH'"),
    ("hydra.verbose=7", "must be true, false, or names of loggers"),
    (f"{SWEEP} hydra.job.name=a,b", "a setting of Hydra's own is no axis"),
    ("hydra/job_logging=nosuch", "no such choice; allowed: default, disabled, none, stdout"),
    ("+seed=1", "type seed=1"),
    ("-m +seed=0,1", "type seed=0,1"),
    ("+activation=tanh", "type activation=tanh"),
    ("-m ~seed", "a key cannot be deleted"),
    ("-m ~seed=0,1", "a key cannot be deleted"),
]


@pytest.mark.parametrize(("words", "why"), some(REFUSED, 4))
def test_a_setting_that_would_be_ignored_is_refused(words: str, why: str) -> None:
    with pytest.raises(UserError) as raised:
        preflight([*words.split(), "tracker=none"])
    assert why in str(raised.value) and "\n" not in str(raised.value)


@pytest.mark.parametrize(
    "words",
    [
        "hydra.mode=MULTIRUN seed=0,1",
        "hydra.mode=RUN",
        f"{SWEEP} hydra.mode=MULTIRUN",
        "hydra.verbose=true",
        "hydra.verbose=[a,b]",
        "hydra.job.name=mine",
        "hydra.job.chdir=false",
        "hydra.output_subdir=.hydra",
        "hydra/job_logging=default",
        "hydra.run.dir=out hydra.sweep.dir=out",
    ],
)
def test_a_setting_that_works_is_not(words: str) -> None:
    found = preflight([*words.split(), "tracker=none"])
    assert found.config is not None and found.sweep == ("MULTIRUN" in words)


@pytest.mark.parametrize("line", ["output_subdir: null", "job: {chdir: true}", "sweep: {subdir: mine}"])
def test_in_a_file_too(line: str, tmp_path: Path) -> None:
    (tmp_path / "mine.yaml").write_text(
        f"# @package _global_\ndefaults: [train, _self_]\nhydra:\n  mode: MULTIRUN\n  {line}\n"
        "  sweeper: {params: {seed: '0,1'}}\n"
    )
    with pytest.raises(UserError, match="hydra"):
        preflight(["--config-dir", str(tmp_path), "--config-name", "mine", f"hydra.sweep.dir={tmp_path}/sweep"])


@pytest.mark.parametrize(
    "words",
    [
        "model.hidden=2 -m seed=0,1",
        "model.hidden=2 --multirun seed=0,1",
        "--config-name train model.hidden=2 -m seed=0,1",
        "model.hidden=2 --config-name=train seed=0,1 -m",
        "model.hidden=2 -m seed=0,1 -cn train",
        "-m model.hidden=2 --config-dir conf seed=0,1",
        "model.hidden=2 seed=0,1 --multirun --config-dir conf",
    ],
)
def test_options_stand_anywhere(words: str) -> None:
    asked = preflight([*words.split(), "task=latch", "sweep.dry_run=true"])
    assert asked.sweep and asked.config is not None and asked.config.model.hidden == 2
    read = argument_parser().parse_args(options_first(words.split()))
    assert read.multirun and read.overrides == ["model.hidden=2", "seed=0,1"]
    assert read.config_name in (None, "train") and read.config_dir in (None, "conf")


@pytest.mark.parametrize(
    ("words", "why"), [("seed=0 --config-name", "expected one argument"), ("-m seed=0,1 -x", "-x")]
)
def test_an_option_that_is_none_or_not_whole_is_refused(words: str, why: str) -> None:
    with pytest.raises(UserError, match=why):
        preflight(words.split())
