"""Where the answers of examples stand in the file of a user's data, and what the file says that they are."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from .data import Split

ROW, SEQUENCE = "row", "sequence"
NOWHERE = -1
ENDINGS = (".csv", ".tsv", ".tab", ".parquet", ".pq", ".npz")  # of files that tasks of a user's own read


@dataclass(frozen=True)
class Places:
    """The places of P answers: one of each example, or one of each unmasked step, example by example.

    what: `ROW` or `SEQUENCE`.
    numbers: row (as a spreadsheet counts, the head first) or place of the sequence (from 0) of each, int64 (P,);
    `NOWHERE` for a row that the file cannot have.
    true: classes or texts, "" where unknown; numbers in the units of the data, float64 (P, K), nan where unknown.
    columns: further values of each, by name of a column.
    base: float64 (P, K), which is added to the numbers of a network that forecasts changes.
    ahead: of each, how many rows it is beyond the end of its series, 0 inside, int64 (P,); None: none is beyond.
    """

    what: str
    numbers: np.ndarray
    true: Sequence[str] | np.ndarray
    columns: Mapping[str, Sequence[object] | np.ndarray] = field(default_factory=dict)
    base: np.ndarray | None = None
    ahead: np.ndarray | None = None


class Examples(NamedTuple):
    """Examples of another file than the one of the training.

    split: what a network reads; its answers are 0.
    places: where they stand.
    notes: lines about the file.
    """

    split: "Split"
    places: Places
    notes: Sequence[str] = ()
