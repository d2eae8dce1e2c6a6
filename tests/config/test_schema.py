"""Keys that a later version adds: records without them stay valid, with the fingerprints that they have."""

from typing import Any

import pytest
from omegaconf import OmegaConf
from pydantic.dataclasses import dataclass

from unrolled.config import fingerprint as fingerprints
from unrolled.config import validate
from unrolled.config.files import CONF, choices, names
from unrolled.config.fingerprint import fingerprint
from unrolled.config.schema import (
    CHECKED,
    Config,
    Number,
    TaskConfig,
    TrainerConfig,
    Whole,
    added,
    every,
    option,
    plain,
)
from unrolled.config.validate import from_record
from unrolled.errors import UserError
from unrolled.rnn.init import INITS
from unrolled.run.preflight import compose
from unrolled.training.losses import LOSSES
from unrolled.training.module import OPTIMIZERS


@dataclass(config=CHECKED)
class LaterTrainer(TrainerConfig):
    stop_early: bool = added(False)
    decay: Number = added(0.5, ge=0, le=1)
    patience: Whole | None = added(None, ge=1)


@dataclass(config=CHECKED)
class LaterTask(TaskConfig):
    stride: Whole | None = added(None, ge=1)


@dataclass(config=CHECKED)
class Mixer:
    name: str = added("rnn")
    leak: Number = added(1.0, gt=0)


@dataclass(config=CHECKED, kw_only=True)
class Later(Config):
    task: LaterTask  # type: ignore[assignment]
    trainer: LaterTrainer = every(LaterTrainer)  # type: ignore[assignment]
    mixer: Mixer = added(Mixer)


@pytest.fixture
def before(monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, Any], str]:
    """What an earlier version recorded of a run, and its fingerprint; from here on the schema is the later one.

    It gives the trainer and the network new values, and the task `sentiment` an option of its own.
    """
    values = plain(compose(["tracker=none"]))
    kept = fingerprint(values)
    monkeypatch.setattr(validate, "Config", Later)
    monkeypatch.setattr(fingerprints, "Config", Later)
    options = validate.options
    later = {("task", "sentiment"): {"stride": 2}}
    monkeypatch.setattr(validate, "options", lambda *choice: options(*choice) | later.get(choice, {}))
    return values, kept


def now(values: dict[str, Any], **trainer: Any) -> dict[str, Any]:
    return plain(from_record({**values, "trainer": {**values["trainer"], **trainer}}))


def test_an_older_record_has_the_defaults_of_added_keys(before) -> None:
    found = now(before[0])
    later = {key: found["trainer"][key] for key in ("stop_early", "decay", "patience")}
    assert later == {"stop_early": False, "decay": 0.5, "patience": None}
    assert found["mixer"] == {"name": "rnn", "leak": 1.0}
    assert found["task"]["stride"] == 2


def test_its_fingerprint_stays_until_an_added_key_leaves_its_default(before) -> None:
    values, kept = before
    assert fingerprint(now(values)) == kept
    assert fingerprint(now(values, stop_early=False, decay=0.5)) == kept
    others = [now(values, stop_early=True), now(values, decay=0.25), now(values, patience=3)]
    others.append(plain(from_record({**values, "mixer": {"leak": 0.5}})))
    others.append(plain(from_record({**values, "task": {**values["task"], "stride": 1}})))
    assert len({kept, *map(fingerprint, others)}) == 6


def test_an_added_key_has_its_range(before) -> None:
    with pytest.raises(UserError, match=r"trainer.decay=2 is out of range: must be at least 0 and at most 1"):
        now(before[0], decay=2)
    with pytest.raises(UserError, match=r"unknown key trainer\.paitence \(did you mean patience\?\)"):
        now(before[0], paitence=2)


@pytest.mark.parametrize("key", ["trainer.batch_size", "model.hidden", "probe.births", "slurm", "sweep.on_error"])
def test_a_record_that_lacks_any_key_is_read_with_its_default(key: str) -> None:
    values = plain(compose(["tracker=none"]))
    *groups, last = key.split(".")
    node = values
    for name in groups:
        node = node[name]
    del node[last]
    assert plain(from_record(values)) == plain(compose(["tracker=none"]))


@pytest.mark.parametrize("group", ["task", "activation", "init", "loss", "optimizer", "embedding", "probe"])
def test_a_record_without_a_choice_is_refused(group: str) -> None:
    values = plain(compose(["tracker=none"]))
    del values[group]["name"]
    with pytest.raises(UserError, match=rf"{group}.name has no value: give one as {group}.name=..."):
        from_record(values)


@pytest.mark.parametrize(("key", "value"), [("trainer", 3), ("trainer", None), ("trainer", []), ("trainer", "cpu")])
def test_a_value_where_a_group_belongs_is_refused(key: str, value: Any) -> None:
    values = {**plain(compose(["tracker=none"])), key: value}
    with pytest.raises(UserError, match=r"trainer=.*: this is a group: set its values, such as trainer.accelerator"):
        from_record(values)


def test_every_name_in_a_file_has_its_line_in_a_registry() -> None:
    assert names("loss") == sorted([*LOSSES, "auto"])
    assert names("optimizer") == sorted(OPTIMIZERS)
    assert names("init") == sorted([*INITS, "critical"])


def test_a_file_of_a_group_says_only_what_differs_from_the_schema() -> None:
    for name in ("init", "optimizer", "probe", "model", "trainer", "tracker", "sweep", "slurm"):
        defaults = validate.defaults(Config.__pydantic_fields__[name].annotation)  # type: ignore[attr-defined]
        for choice in choices()[name]:
            file: Any = OmegaConf.load(CONF / name / f"{choice}.yaml")
            assert {key for key, value in file.items() if defaults.get(key) == value} == set(), (name, choice)


def test_an_option_has_no_default_of_its_own() -> None:
    assert TaskConfig("mine").length is None and option("what").default is None
