"""The gradients of a run at one moment of its training: step 0 or the end."""

from dataclasses import dataclass, field
from typing import Any, Generic, Literal, TypeVar

from .checked import Numbers, number, numbers, table, text
from .quantities import QUANTITIES

When = Literal["start", "end"]
T = TypeVar("T")
_READ = {each.key: text if each.word else number for each in QUANTITIES}


class Value(Generic[T]):
    """Attribute that reads the quantity of its name from `values`; None if the record lacks it."""

    def __set_name__(self, owner: type, key: str) -> None:
        assert key in _READ, f"{key} is none of QUANTITIES"
        self.key = key

    def __get__(self, moment: "Moment", owner: type | None = None) -> T | None:
        return moment.values.get(self.key)


@dataclass(frozen=True)
class Moment:
    """The entries of a record about one moment.

    values: by key of `QUANTITIES`, without missing ones.
    predictions: of the slope, by name, nats per lag.
    weight_horizon: share of dL/dW_h ("50%") -> the largest lag that it comes from; None: not measured.
    """

    values: dict[str, Any] = field(default_factory=dict)
    predictions: Numbers = field(default_factory=dict)
    weight_horizon: Numbers | None = None

    regime = Value[str]()
    regime_reason = Value[str]()
    explanation = Value[str]()
    slope = Value[float]()
    slope_by_f = Value[float]()
    slope_by_cell_path = Value[float]()
    slope_by_W_h = Value[float]()  # noqa: N815  (named as the parameter)
    horizon = Value[int]()
    horizon_direction = Value[str]()
    horizon_extrapolated = Value[float]()
    longest_lag = Value[int]()
    flat = Value[float]()
    dead = Value[float]()
    cancellation = Value[float]()
    rounding_growth = Value[float]()
    flushed_to_zero = Value[int]()
    below_float_from = Value[int]()

    @classmethod
    def from_dict(cls, kept: Any) -> "Moment":
        kept = table(kept)
        values = {key: value for key, read in _READ.items() if (value := read(kept.get(key))) is not None}
        memory = kept.get("weight_horizon")
        return cls(values, numbers(kept.get("predictions")), numbers(memory) if isinstance(memory, dict) else None)
