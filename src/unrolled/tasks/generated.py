"""Tasks generated from the seed: fresh training examples, a fixed validation split."""

from collections.abc import Callable

from torch import Generator

from unrolled.config.schema import TaskConfig

from .data import Constants, Data, Guess, Split, Stream
from .scores import Scores

VALIDATION = 1000  # examples

Make = Callable[[int, Generator], Split]


def generated(
    config: TaskConfig,
    seed: int,
    make: Make,
    *,
    pattern: str = "sequence_to_vector",
    reads: list[str] | int,
    answers: list[str] | int,
    scores: Callable[[], Scores],
    baseline: Callable[[Split], Guess],
    baseline_name: str,
    exact: dict[str, float],
    solved: tuple[str, float],
    dependency: float | None = None,
    constants: Callable[[int], Constants] | None = None,
) -> Data:
    """Returns a task whose training examples are generated on demand, none twice.

    make: (n, generator) -> n examples.
    baseline: from the validation split to the trivial prediction.
    constants: from the number of validation examples to `Data.constants`.
    The other arguments are fields of `Data`.
    """
    assert config.samples is not None
    train = Stream(make, config.samples, seed)
    val = train.split("val", VALIDATION)
    return Data(
        pattern,
        train,
        val,
        reads,
        answers,
        scores,
        baseline(val),
        baseline_name,
        exact=exact,
        solved=solved,
        dependency=dependency,
        constants=constants(len(val)) if constants else None,
    )
