"""What the tasks that are generated from the seed have in common: fresh training examples, a fixed validation split."""

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
    """`Data` whose training examples are never seen twice. make: (n, generator) -> n examples.

    constants: for so many validation examples.
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
