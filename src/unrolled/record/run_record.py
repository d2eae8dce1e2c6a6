"""`status.json` as a type with all of its keys. A key that is missing or of another type is None, or empty.

Keys that this version does not know stay in `kept`, and in the file when it is written again.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Self, TypeVar

from . import checked, status
from .checked import Numbers, flag, is_number, number, table, text, whole
from .moments import Moment, When
from .quantities import DEPARTURE, MEASURED, PREDICTORS, QUANTITIES

T = TypeVar("T")


def _read(reader: Callable[[Any], T]) -> T:
    """Returns a field named as its key. reader: converts the value in the file, or None if the key is missing."""
    return field(default_factory=lambda: reader(None), metadata={"read": reader})


@dataclass(frozen=True)
class Births:
    """The networks drawn before training, at initialisation.

    n: number of networks that have a regime.
    slopes: of the networks that have one, nats per lag; `slope_mean` and `slope_sd` are theirs.
    regimes: number of networks by regime.
    alive: for each network, whether at least half of its samples have a gradient that is not exactly 0; None: missing
    in records of earlier versions.
    """

    n: int
    slope_mean: float | None
    slope_sd: float | None
    regimes: dict[str, int]
    slopes: list[float]
    alive: list[bool] | None

    @classmethod
    def from_dict(cls, kept: Any) -> Self | None:
        if not isinstance(kept, dict):
            return None
        regimes = {key: n for key, n in table(kept.get("regimes")).items() if whole(n) is not None and n > 0}
        slopes, alive = kept.get("slopes"), kept.get("alive")
        return cls(
            sum(regimes.values()),
            number(kept.get("slope_mean")),
            number(kept.get("slope_sd")),
            regimes,
            list(filter(is_number, slopes)) if isinstance(slopes, list) else [],
            [value is True for value in alive] if isinstance(alive, list) else None,
        )


@dataclass(frozen=True)
class Solved:
    """The criterion of a solved task.

    value: of `score`, from which the task counts as solved.
    at: the update that met it; None: no update of the run did.
    """

    score: str
    value: float
    at: int | None

    @classmethod
    def from_dict(cls, kept: Any) -> Self | None:
        score, value = text(table(kept).get("score")), number(table(kept).get("value"))
        return None if score is None or value is None else cls(score, value, whole(kept.get("at")))


@dataclass(frozen=True)
class InWandb:
    """The W&B run of a run. folder: relative to the run's folder."""

    id: str | None
    folder: str

    @classmethod
    def from_dict(cls, kept: Any) -> Self | None:
        folder = text(table(kept).get("folder"))
        return None if folder is None else cls(text(kept.get("id")), folder)


@dataclass(frozen=True, kw_only=True)
class Part:
    """The gradients of one RNN: at step 0, at the end, and of the networks drawn before training."""

    start: Moment = field(default_factory=Moment)
    end: Moment = field(default_factory=Moment)
    births: Births | None = _read(Births.from_dict)

    @classmethod
    def from_dict(cls, kept: Any) -> Self:
        """Returns the part from its entries in `status.json`: the end flat, step 0 in the table `start`.

        Records of earlier versions have a few keys of step 0 only, named `<key>_start`.
        """
        kept = table(kept)
        flat = {key: kept.get(f"{key}_start") for key in (*(each.key for each in QUANTITIES), "predictions")}
        known = {key: value for key, value in table(kept.get("start")).items() if value is not None}
        read = {each.name: each.metadata["read"](kept.get(each.name)) for each in fields(cls) if each.metadata}
        return cls(start=Moment.from_dict(flat | known), end=Moment.from_dict(kept), **read)

    def at(self, when: When) -> Moment:
        return self.start if when == "start" else self.end


def _state(value: Any) -> str | None:
    return value if value in status.STATES else None


def _halves(value: Any) -> dict[str, Part]:
    return {name: Part.from_dict(half) for name, half in table(value).items()}


def _resumed(value: Any) -> "RunRecord | None":
    return RunRecord.from_dict(value) if _state(table(value).get("state")) else None


@dataclass(frozen=True, kw_only=True)
class RunRecord(Part):
    """The record of a run. For an encoder-decoder `start`, `end` and `births` are the encoder's.

    kept: the plain content of the file.
    halves: the RNNs by name, in order of time, if the network has several.
    starts: first time step of each of them.
    seam: first time step of the second RNN, the only one in older records.
    resumed: the record of a resume that has not ended with a result.
    """

    kept: dict[str, Any] = field(default_factory=dict)

    state: str | None = _read(_state)
    name: str | None = _read(text)
    error: str | None = _read(text)
    axes: dict[str, Any] = _read(table)
    choices: dict[str, Any] = _read(table)
    fingerprint: str | None = _read(text)
    births_fingerprint: str | None = _read(text)
    resume_fingerprint: str | None = _read(text)
    git: dict[str, Any] = _read(table)
    machine: dict[str, Any] = _read(table)
    numbers: int | None = _read(whole)
    cpu: str | None = _read(text)
    torch: str | None = _read(text)
    rules: int | None = _read(whole)
    older_val_loss_before: int | None = _read(whole)
    started: str | None = _read(text)
    ended: str | None = _read(text)
    duration_s: float | None = _read(number)
    wandb: InWandb | None = _read(InWandb.from_dict)
    wandb_flaw: str | None = _read(text)
    trained_on: dict[str, Any] = _read(table)
    resumed: "RunRecord | None" = _read(_resumed)

    steps: int | None = _read(whole)
    score: str | None = _read(text)
    larger_is_better: bool | None = _read(flag)
    metrics: Numbers = _read(checked.numbers)
    train: Numbers = _read(checked.numbers)
    baseline: Numbers = _read(checked.numbers)
    baseline_name: str = _read(lambda value: text(value) or "trivial baseline")
    references: dict[str, Numbers] = _read(checked.scores)
    halves_of_validation: dict[str, Numbers] = _read(checked.scores)
    solved: Solved | None = _read(Solved.from_dict)
    dependency: float | None = _read(number)
    needs: dict[str, Any] = _read(table)
    roughness: float | None = _read(number)
    seconds_per_update: float | None = _read(number)
    coverage: str | None = _read(text)
    remark: str | None = _read(text)

    bits: int | None = _read(whole)
    every_state: bool | None = _read(flag)
    seam: int | None = _read(whole)
    starts: Numbers = _read(checked.numbers)
    halves: dict[str, Part] = _read(_halves)

    @classmethod
    def from_dict(cls, kept: Any) -> Self:
        return replace(super().from_dict(kept), kept=table(kept))

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Returns the record of the run in `folder`; an empty one if no record can be read."""
        return cls.from_dict(status.read(folder))

    @property
    def foreign(self) -> bool:
        """Returns whether the record has nothing of a run's, so that another program may have written it."""
        return not (self.state or self.fingerprint or self.name or self.error or self.steps is not None)

    def __bool__(self) -> bool:
        """Returns whether there is a record, so that `RunRecord.read(folder) or ...` skips an empty one."""
        return bool(self.kept)

    @property
    def has_result(self) -> bool:
        return self.state in status.RESULTS

    @property
    def parts(self) -> dict[str, Part]:
        """Returns the RNNs of the network by name, in order of time; "" names a single one."""
        return self.halves or {"": self}

    @property
    def later_parts(self) -> dict[str, int]:
        """Returns the first time step of each RNN but the first, by name."""
        names = list(self.halves)[1:]
        known = self.starts or dict.fromkeys(names[:1], self.seam)
        return {name: int(start) for name in names if (start := known.get(name)) is not None}

    def compared(self) -> dict[str, Any]:
        """Returns the values in which runs of a sweep are compared, in the order of results.csv's columns."""
        values = {}
        for each in QUANTITIES:
            if each.compared:
                values |= {f"{each.key}_start": self.start.values.get(each.key)} if each.start else {}
                values[each.key] = self.end.values.get(each.key)
        for name, moment in (("predictions_start", self.start), ("predictions", self.end)):
            values |= {f"{name}/{key}": moment.predictions.get(key) for key in (*PREDICTORS, *MEASURED, DEPARTURE)}
        return values


KEYS = frozenset(
    {each.name for each in fields(RunRecord) if each.metadata}
    | {key for each in QUANTITIES for key in (each.key, f"{each.key}_start")}
    | {"start", "predictions", "predictions_start", "weight_horizon"}
)
"""All keys of a record that this version reads, and therefore all that it may write."""
