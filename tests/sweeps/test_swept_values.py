"""What a sweep is given reaches each run as it is typed, and too many runs are refused before they are listed."""

from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Quote, QuotedString
from hydra.types import RunMode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import train
from unrolled.config.axes import MOST, read_axes
from unrolled.config.files import CONF
from unrolled.config.hydra_private import composer, search_path
from unrolled.config.identity import axis_values
from unrolled.config.schema import plain, register
from unrolled.errors import UserError
from unrolled.record.plan import Planned
from unrolled.record.results import read_sweep
from unrolled.run.overrides import as_names
from unrolled.run.preflight import compose
from unrolled.sweeps.compose import Combination, combinations
from unrolled.sweeps.plan import equal_runs

SPECIAL = "aZ0.5 \t'\"\\=()[]{}~#%,:@/+-*?|&<>!;ä日"
TEXT = st.text(SPECIAL, min_size=0, max_size=8) | st.sampled_from(["null", "true", "1", "1.0", "1e3", "nan", "${seed}"])

FREE = ["slurm.partition", "slurm.account", "slurm.qos", "slurm.constraint"]  # keys that take any text


def runs(*words: str) -> list[Combination]:
    register()
    with composer(search_path(CONF)) as hydra:
        config = hydra.compose_config("train", [], run_mode=RunMode.MULTIRUN, validate_sweep_overrides=False)
        parser = OverridesParser.create(config_loader=hydra.config_loader)
        axes, constants = read_axes(parser.parse_overrides(as_names(words)))
        return combinations(hydra.config_loader, config, axes, constants)


def quoted(text: str) -> str:
    return QuotedString(text, Quote.single).with_quotes()


@settings(max_examples=4, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(texts=st.lists(TEXT, min_size=len(FREE), max_size=len(FREE), unique=True))
@pytest.mark.long
def test_a_text_reaches_the_run_as_typed(texts: list[str]) -> None:
    made = runs(f"sweep.question={','.join(map(quoted, texts))}", "seed=3")
    words = [f"{key}={run.words[-1].partition('=')[2]}" for key, run in zip(FREE, made, strict=True)]
    composed = plain(compose(["seed=3", *words]))["slurm"]  # all of them by Hydra, at once
    for key, text, run in zip(FREE, texts, made, strict=True):
        assert run.axes == {"sweep.question": text}
        assert axis_values(["sweep.question"], run.words) == run.axes
        assert run.config.sweep.question == composed[key.removeprefix("slurm.")]
        assert run.config.sweep.question == ("3" if text == "${seed}" else text)


@pytest.mark.parametrize(
    ("word", "values"),
    [
        ("seed=range(0,4)", [0, 1, 2, 3]),
        ("init.gain=range(0.5,2,0.5)", [0.5, 1.0, 1.5]),
        ("init.gain=choice(1,2)", [1, 2]),
        ("seed=sort(3,1,2)", [1, 2, 3]),
        ("seed=sort(3,1,2,reverse=true)", [3, 2, 1]),
        ("seed=tag(a,choice(1,2))", [1, 2]),
        ("seed=int(1.5,2.5)", [1, 2]),
        ("activation=glob(*tanh)", ["hardtanh", "tanh"]),
        ("activation=glob([s*,t*],exclude=so*)", ["sigmoid", "tanh"]),
        ("experiment=nan,none", ["nan", "none"]),
        ("sweep.question=a\\,b,c\\=d,'e, f'", ["a,b", "c=d", "e, f"]),
        ("sweep.question=str(1,true,1.0)", ["1", "true", "1.0"]),
        ("++seed=0,1", [0, 1]),
    ],
)
def test_every_way_to_give_values(word: str, values: list[object]) -> None:
    made = runs(word, "task=adding", "loss=mse", "embedding=none")
    key = word.lstrip("+").partition("=")[0]
    assert [run.axes for run in made] == [{key: value} for value in values]


def test_shuffled_values_are_all_there() -> None:
    assert sorted(run.config.seed for run in runs("seed=shuffle(range(0,9))")) == list(range(9))


def test_a_value_may_refer_to_an_axis() -> None:
    made = runs("probe.births=${seed}", "seed=1,2", "sweep.question=a,'${model.hidden}'", "model.hidden=4,8")
    assert {(run.config.seed, run.config.probe.births) for run in made} == {(1, 1), (2, 2)}
    assert {run.config.sweep.question for run in made} == {"a", "4", "8"}


def test_the_command_line_replaces_an_axis_whatever_its_prefix() -> None:
    for word in ("++model.hidden=4", "model.hidden=4"):
        made = runs("model.hidden=8,64", "seed=0,1", word)
        assert [(run.config.model.hidden, run.axes) for run in made] == [(4, {"seed": 0}), (4, {"seed": 1})]


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["seed=range(0,3000000)"], "3,000,000 runs (seed has 3,000,000): a sweep has at most 10,000"),
        (["seed=range(0,1e12)"], "1,000,000,000,000 runs"),
        (["seed=shuffle(range(0,1e12))"], "1,000,000,000,000 runs"),
        (["seed=range(0,inf)"], "inf runs"),
        (["init.gain=range(0,1,1e-9)"], "1,000,000,000 runs"),
        (["seed=range(0,200)", "model.hidden=range(1,201)", "init.gain=range(0,1,0.01)"], "4,000,000 runs (seed has"),
        ([f"seed=range(0,{MOST + 1})"], "10,001 runs"),
        (["seed=range(0,0)"], "no value"),
        (["seed=range(5,0)"], "no value"),
        (["activation=glob(zzz)"], "no value"),
        (["seed=range(0,5,0)"], "a step that is not 0"),
        (["seed=interval(0,1)"], "use range(start,stop,step)"),
    ],
)
def test_axes_that_cannot_be_run_are_refused_unlisted(words: list[str], why: str) -> None:
    with composer(search_path(CONF)) as hydra:
        parser = OverridesParser.create(config_loader=hydra.config_loader)
        with pytest.raises(UserError) as raised:
            read_axes(parser.parse_overrides(words))
    assert why in str(raised.value)


def test_runs_of_equal_numbers_are_named() -> None:
    first, same = Planned(0, {"seed": 0}, "a"), Planned(1, {"seed": 0}, "a")
    assert equal_runs([first, Planned(2, {"seed": 1}, "b")]) is None
    assert equal_runs([first, same]) == (
        "1 of 2 runs repeat another one's numbers, run 1 (seed=0) as run 0 (seed=0): each is run all the same"
    )


@pytest.mark.long
def test_a_folder_of_any_name(tmp_path: Path) -> None:
    folder = tmp_path / "a=b (c), ä ~#%"
    words = ["trainer.max_steps=0", "probe=off", "tracker=none", "seed=0,0", "sweep.question='lr=1 (ä)'"]
    ended = train("-m", *words, f"hydra.sweep.dir={quoted(str(folder))}", "hydra/job_logging=default")
    assert ended.returncode == 0
    assert ended.stderr.startswith("unrolled: 1 of 2 runs repeat another one's numbers")
    swept = read_sweep(folder)
    assert swept.question == "lr=1 (ä)" and [run.state for run in swept.runs] == ["completed", "completed"]
