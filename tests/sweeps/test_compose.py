"""Put together from parts, a cell's configuration is the one that Hydra composes for it."""

from pathlib import Path

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.types import RunMode
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from conftest import train
from unrolled.config.axes import read_axes
from unrolled.config.files import CONF, choices
from unrolled.config.fingerprint import fingerprint
from unrolled.config.hydra_private import composer, search_path
from unrolled.config.schema import plain, register
from unrolled.errors import UserError
from unrolled.run.preflight import compose
from unrolled.sweeps.compose import Combination, combinations

LEFT_OUT = {
    "experiment": {"notes_example", "nan"},
    "task": {"own", "spam"},
    "embedding": {"pretrained"},
    "trainer": {"gpu", "ddp"},
}
VALUES = {
    "init.gain": ["0.5", "1", "2e-1"],
    "model.hidden": ["4", "64"],
    "optimizer.lr": ["0.01", "1"],
    "trainer.max_steps": ["null", "7"],
    "init.name": ["gaussian", "identity"],
    "sweep.question": ["'a, b'", "why?"],
    "seed": ["0", "1", "11"],
}


def cells(*words: str) -> list[Combination]:
    register()
    with composer(search_path(CONF)) as hydra:
        config = hydra.compose_config("train", [], run_mode=RunMode.MULTIRUN, validate_sweep_overrides=False)
        axes, constants = read_axes(OverridesParser.create().parse_overrides(list(words)))
        return combinations(hydra.config_loader, config, axes, constants)


def some(of: list[str]) -> st.SearchStrategy[list[str]]:
    return st.lists(st.sampled_from(of), min_size=2, max_size=2, unique=True)


GROUPS = {
    group: [name for name in names if name not in LEFT_OUT.get(group, ())]
    for group, names in choices().items()
    if group not in ("sweep", "tracker")
}
ANY_AXIS = st.sampled_from([g for g, names in GROUPS.items() if len(names) > 1] + list(VALUES)).flatmap(
    lambda key: some(VALUES.get(key) or GROUPS[key]).map(lambda values: (key, values))
)


@settings(max_examples=8, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(axes=st.lists(ANY_AXIS, min_size=1, max_size=3, unique_by=lambda axis: axis[0]), draw=st.data())
@pytest.mark.long
def test_every_cell_is_what_hydra_composes(axes: list[tuple[str, list[str]]], draw: st.DataObject) -> None:
    words = [f"{key}={','.join(values)}" for key, values in axes]
    try:
        made = cells(*words, "probe.every=50")
    except UserError as error:
        named = str(error).partition(" (run ")[2].rstrip(")").split(" ")
        with pytest.raises(UserError):
            compose([word for word in named if "=" in word])
        return
    cell = made[draw.draw(st.integers(0, len(made) - 1))]
    assert plain(cell.config) == plain(compose(cell.words))
    assert fingerprint(plain(cell.config)) == fingerprint(plain(compose(cell.words)))


def test_the_last_axis_is_the_fastest_and_an_override_replaces_an_axis() -> None:
    made = cells("activation=tanh,relu", "seed=0,1", "activation=relu,gelu")
    assert [cell.axes for cell in made] == [
        {"activation": name, "seed": seed} for name in ("relu", "gelu") for seed in (0, 1)
    ]


def test_values_with_commas_and_twice_the_same_stay_apart() -> None:
    made = cells("sweep.question='a, b',c", "seed=3,3")
    assert [(cell.axes["sweep.question"], cell.axes["seed"]) for cell in made] == [
        ("a, b", 3), ("a, b", 3), ("c", 3), ("c", 3),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["init.gain=1,-1"], "init.gain=-1 is out of range: must be at least 0 (run init.gain=-1)"),
        (["init.gain=1,two"], "init.gain=two: must be a number (run init.gain=two)"),
        (["model.hiden=4,8"], "unknown key model.hiden"),
        (["activation=tanh,tanhh"], "tanhh"),
        (["task=latch,adding", "loss=mse,cross_entropy"], "(run task=latch loss=mse)"),
        (["task=sentiment,adding", "task.symbols=2,3"], "task.symbols=2: task=sentiment has no such value"),
    ],
)
def test_a_mistake_in_any_cell_is_told(words: list[str], told: str) -> None:
    with pytest.raises(UserError) as error:
        cells(*words)
    assert told in str(error.value)


def test_a_thousand_seeds_are_composed_once(monkeypatch: pytest.MonkeyPatch) -> None:
    from unrolled.sweeps.compose import _Parts

    composed = []
    real = _Parts._compose
    monkeypatch.setattr(_Parts, "_compose", lambda self, others: composed.append(others) or real(self, others))
    assert len(cells("seed=range(0,500)", "activation=tanh,relu")) == 1000
    assert len(composed) == 2


def test_the_record_of_a_sweep_keeps_what_comes_from_the_environment(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MY_PROJECT", "secret-name")
    words = [
        "tracker.project=${oc.env:MY_PROJECT}",
        "seed=0",
        "trainer.max_steps=0",
        "probe=off",
        "tracker.mode=disabled",
    ]
    ended = train("-m", *words, f"hydra.sweep.dir={tmp_path / 'sweep'}")
    assert (ended.returncode, ended.stderr) == (0, "")
    text = (tmp_path / "sweep" / "multirun.yaml").read_text()
    assert "project: ${oc.env:MY_PROJECT}" in text and "secret-name" not in text
