"""Keys that a later version adds: records without them stay valid, with the fingerprints that they have."""

from dataclasses import dataclass, field
from typing import Any

import pytest
from omegaconf import OmegaConf

import unrolled.config.schema
from unrolled.config.schema import Config, TrainerConfig, added, fingerprint, option, plain, within
from unrolled.config.validate import check_values, typed, validate
from unrolled.errors import UserError
from unrolled.run.preflight import compose


@dataclass
class LaterTrainer(TrainerConfig):
    stop_early: bool = added(field(default=False))
    decay: float = added(within(min=0, max=1, default=0.5))
    patience: int | None = added(option(min=1))


@dataclass
class Cell:
    name: str = added(field(default="rnn"))
    leak: float = added(within(above=0, default=1.0))


@dataclass
class Later(Config):
    trainer: LaterTrainer = field(default_factory=LaterTrainer)  # type: ignore[assignment]
    cell: Cell = added(field(default_factory=Cell))  # noqa: RUF009 - it is a field


@pytest.fixture
def before(monkeypatch: pytest.MonkeyPatch) -> tuple[dict[str, Any], str]:
    """What an earlier version recorded of a run, and its fingerprint; from here on the schema is the later one."""
    values = plain(compose(["tracker=none"]))
    kept = fingerprint(values)
    monkeypatch.setattr("unrolled.config.validate.Config", Later)
    monkeypatch.setattr(unrolled.config.schema, "Config", Later)
    return values, kept


def now(values: dict[str, Any], **trainer: Any) -> dict[str, Any]:
    return plain(validate(OmegaConf.create({**values, "trainer": {**values["trainer"], **trainer}})))


def test_an_older_record_has_the_defaults_of_added_keys(before) -> None:
    found = now(before[0])
    later = {key: found["trainer"][key] for key in ("stop_early", "decay", "patience")}
    assert later == {"stop_early": False, "decay": 0.5, "patience": None}
    assert found["cell"] == {"name": "rnn", "leak": 1.0}


def test_its_fingerprint_stays_until_an_added_key_leaves_its_default(before) -> None:
    values, kept = before
    assert fingerprint(now(values)) == kept
    assert fingerprint(now(values, stop_early=False, decay=0.5)) == kept
    others = [now(values, stop_early=True), now(values, decay=0.25), now(values, patience=3)]
    others.append(plain(validate(OmegaConf.create({**values, "cell": {"leak": 0.5}}))))
    assert len({kept, *map(fingerprint, others)}) == 5


def test_an_added_key_has_its_range(before) -> None:
    with pytest.raises(UserError, match=r"trainer.decay=2.0 is out of range: must be at least 0 and at most 1"):
        now(before[0], decay=2)
    with pytest.raises(UserError, match=r"unknown key trainer\.paitence"):
        now(before[0], paitence=2)


def test_a_key_that_was_always_there_cannot_be_missing(before) -> None:
    values = before[0]
    del values["trainer"]["batch_size"]
    with pytest.raises(UserError, match=r"trainer.batch_size was deleted"):
        check_values(typed(OmegaConf.create(values)))  # type: ignore[arg-type]
