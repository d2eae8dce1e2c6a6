"""What a user's own task takes from the configuration, `task.options`, and what it asks for, `DEFAULTS`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.types import RunMode
from own_tasks import config_of

from unrolled.config.axes import read_axes
from unrolled.config.files import CONF
from unrolled.config.fingerprint import fingerprint, resume_fingerprint
from unrolled.config.hydra_private import composer, search_path
from unrolled.config.schema import Config, plain, register
from unrolled.config.validate import from_record
from unrolled.errors import UserError
from unrolled.run.preflight import compose, preflight
from unrolled.sweeps.compose import combinations
from unrolled.tasks import load


def own(folder: Path, kind: str = "tokens", more: str = "") -> list[str]:
    """The overrides that choose an own task of this kind, whose file ends with `more`."""
    config_of(folder / "mine.py", kind)
    with (folder / "mine.py").open("a") as file:
        file.write(more)
    return ["task=own", f"task.file={folder / 'mine.py'}", "tracker=none"]


@pytest.mark.parametrize(
    ("words", "options"),
    [
        ([], {}),
        (["task.options.gap=3"], {"gap": 3}),
        (["+task.options.gap=3"], {"gap": 3}),
        (["++task.options.gap=3"], {"gap": 3}),
        (["task.options={gap:3,deep:{of:[1,a]}}"], {"gap": 3, "deep": {"of": [1, "a"]}}),
        (
            ["task.options.a=0.5", "task.options.b=word", "task.options.c=[1,2]", "task.options.d=null"],
            {"a": 0.5, "b": "word", "c": [1, 2], "d": None},
        ),
        (["task.options.on=true", "task.options.deep.er=1"], {"on": True, "deep": {"er": 1}}),
    ],
)
def test_options_of_any_type_reach_the_task(words: list[str], options: dict[str, Any], tmp_path: Path) -> None:
    given = own(tmp_path, more=f"\ninner = load\ndef load(config, seed):\n    assert config.options == {options!r}\n"
                               "    return inner(config, seed)\n")  # fmt: skip
    assert compose([*given, *words]).task.options == options


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (["task.options.gap=3"], r"task.options=\{'gap': 3\}: task=sentiment has no such value"),
        (["task=adding", "task.options={a:1}"], r"task.options=\{'a': 1\}: task=adding has no such value"),
        (["task=own", "task.options=3"], "task.options=3: must be names with values, such as"),
        (["task=own", "task.options=null"], "task.options=null: this key needs a value"),
        (["task=own", "task.option.gap=3"], "unknown key task.option.gap"),
    ],
)
def test_what_is_wrong_with_options_is_one_line(words: list[str], why: str) -> None:
    with pytest.raises(UserError, match=f"^{why}") as error:
        preflight(words)
    assert "\n" not in str(error.value)


def test_options_count_for_the_fingerprints_and_none_leave_them_as_they_were(tmp_path: Path) -> None:
    words = own(tmp_path)
    without, three, four = (compose([*words, *more]) for more in ([], ["task.options.g=3"], ["task.options.g=4"]))
    for hashed in (fingerprint, resume_fingerprint):
        assert len({hashed(plain(each)) for each in (without, three, four)}) == 3
    before = plain(without)
    del before["task"]["options"]  # as an earlier version recorded it
    assert from_record(before) == without
    assert fingerprint(plain(from_record(before))) == fingerprint(plain(without))
    assert from_record(plain(three)) == three


def swept(words: Sequence[str]) -> list[tuple[dict[str, Any], Config]]:
    register()
    with composer(search_path(CONF)) as hydra:
        config = hydra.compose_config("train", [], run_mode=RunMode.MULTIRUN, validate_sweep_overrides=False)
        axes, constants = read_axes(OverridesParser.create().parse_overrides(list(words)))
        return [(each.axes, each.config) for each in combinations(hydra.config_loader, config, axes, constants)]


def test_options_are_axes(tmp_path: Path) -> None:
    found = swept([*own(tmp_path), "task.options.gap=1,2", "seed=0,1", "task.options.kind=a,null", "model.hidden=4"])
    values = [(gap, seed, kind) for gap in (1, 2) for seed in (0, 1) for kind in ("a", None)]
    assert [tuple(axes.values()) for axes, _ in found] == values
    assert [(each.task.options["gap"], each.seed, each.task.options["kind"]) for _, each in found] == values
    assert list(found[0][0]) == ["task.options.gap", "seed", "task.options.kind"]


LOGGING = """
inner = load
def load(config, seed):
    with open({log!r}, "a") as log:
        log.write("x")
    return inner(config, seed)
"""


def test_a_sweep_loads_an_own_task_once_and_reports_what_is_wrong(tmp_path: Path) -> None:
    log = tmp_path / "log"
    words = own(tmp_path, more=LOGGING.format(log=str(log)))
    explicit = ["embedding=trainable", "loss=cross_entropy", "model.hidden=4", "trainer.max_epochs=1"]
    assert len(swept([*words, *explicit, "init.gain=1,2,3", "seed=0,1"])) == 6
    assert log.read_text() == "x"
    config_of(tmp_path / "mine.py", "tokens", split="y[5] = 7")
    with pytest.raises(UserError, match="y of the training split is index 7 at sample 5"):
        swept([*words, *explicit, "init.gain=1,2,3"])


DEFAULTS = 'DEFAULTS = {"loss": "label_smoothing", "embedding": "onehot", "hidden": 12, "epochs": 3}\n'


def test_defaults_fill_what_the_configuration_leaves_open(tmp_path: Path) -> None:
    words = own(tmp_path, more=DEFAULTS)
    found = compose(words)
    assert (found.loss.name, found.loss.smoothing) == ("label_smoothing", 0.1)
    assert (found.embedding.name, found.model.hidden, found.trainer.max_epochs) == ("onehot", 12, 3)
    explicit = ["loss=cross_entropy", "embedding=trainable", "model.hidden=5", "trainer.max_epochs=2"]
    asked = compose([*words, *explicit])
    assert (asked.loss.name, asked.embedding.name, asked.embedding.dim) == ("cross_entropy", "trainable", 4)
    assert (asked.model.hidden, asked.trainer.max_epochs) == (5, 2)


@pytest.mark.parametrize(
    ("kind", "loss", "embedding"),
    [
        ("tokens", "cross_entropy", "trainable"),
        ("numbers", "mse", "none"),
        ("tagging", "cross_entropy", "trainable"),
        ("filter", "mse", "none"),
        ("caption", "cross_entropy", "trainable"),
        ("translation", "cross_entropy", "trainable"),
    ],
)
def test_loss_embedding_and_sizes_of_an_own_task_need_no_typing(
    kind: str, loss: str, embedding: str, tmp_path: Path
) -> None:
    found = compose(own(tmp_path, kind))
    assert (found.loss.name, found.embedding.name, found.model.hidden) == (loss, embedding, 64)
    assert found.trainer.max_epochs == 1000  # six examples are one batch: an update an epoch


def test_a_table_of_tokens_has_the_size_that_defaults_name(tmp_path: Path) -> None:
    assert compose(own(tmp_path, more='DEFAULTS = {"dim": 7}\n')).embedding.dim == 7


@pytest.mark.parametrize(
    ("kind", "line", "why"),
    [
        (
            "tokens",
            'DEFAULTS = {"hiden": 3}',
            "DEFAULTS has 'hiden' (did you mean hidden?); allowed: loss, embedding, ",
        ),
        ("tokens", 'DEFAULTS = {"hidden": 0}', "DEFAULTS['hidden'] is 0; allowed: a whole number from 1 on"),
        ("tokens", 'DEFAULTS = {"epochs": True}', "DEFAULTS['epochs'] is True; allowed: a whole number from 1 on"),
        ("tokens", 'DEFAULTS = {"dim": 2.5}', "DEFAULTS['dim'] is 2.5; allowed: a whole number from 1 on"),
        ("tokens", 'DEFAULTS = {"loss": "mea"}', "DEFAULTS['loss'] is 'mea'; allowed: cross_entropy, huber, "),
        ("tokens", 'DEFAULTS = {"loss": ["mse"]}', "DEFAULTS['loss'] is ['mse']; allowed: cross_entropy, huber, "),
        ("tokens", 'DEFAULTS = {"embedding": "none"}', "DEFAULTS['embedding'] is 'none'; allowed: trainable, frozen, "),
        ("numbers", 'DEFAULTS = {"embedding": "onehot"}', "DEFAULTS['embedding'] is 'onehot'; allowed: none"),
        ("tokens", 'DEFAULTS = ["mse"]', "DEFAULTS is of type list; allowed: a dict with loss, embedding, dim, "),
    ],
)
def test_what_is_wrong_with_defaults_is_one_line(kind: str, line: str, why: str, tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        compose(own(tmp_path, kind, f"{line}\n"))
    assert str(error.value).startswith(f"task.file={tmp_path / 'mine.py'}: {why}") and "\n" not in str(error.value)


def test_a_default_loss_that_does_not_fit_names_the_file(tmp_path: Path) -> None:
    with pytest.raises(UserError) as error:
        compose(own(tmp_path, "numbers", 'DEFAULTS = {"loss": "cross_entropy"}\n'))
    place = f"loss=cross_entropy does not fit task=own (DEFAULTS of {tmp_path / 'mine.py'})"
    assert str(error.value) == f"{place}, which answers with numbers: use one of mse, mae, huber"


def test_what_load_sets_itself_counts_before_the_files_defaults(tmp_path: Path) -> None:
    config = config_of(tmp_path / "mine.py", "tokens", field='field["defaults"] = {"hidden": 5}')
    with (tmp_path / "mine.py").open("a") as file:
        file.write('DEFAULTS = {"hidden": 12, "epochs": 3}\n')
    assert load(config, 0).defaults == {"hidden": 5, "epochs": 3}
