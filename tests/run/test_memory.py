"""A run that cannot fit into the memory is refused by counting, not by trying."""

import pytest

from unrolled.errors import UserError
from unrolled.processes import resources
from unrolled.run.preflight import compose


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["model.hidden=1000"], "model.hidden=1000: W_h, 1,000 x 1,000 numbers with their gradients, takes at least"),
        (["model.hidden=10", "embedding.dim=99999"], "embedding.dim=99999: W_x, 10 x 99,999 numbers"),
        (["task=adding", "task.length=900"], "task.length=900: the validation split, 1,000 x 900 numbers,"),
        (["task=copy", "task.delay=900"], "task.delay=900: the validation split, 1,000 x 910 numbers,"),
        (["task.length=900"], "task.length=900: the texts, 1,000 x 900 tokens or more,"),
        (
            ["task=adding", "trainer.batch_size=2000", "model.hidden=50"],
            "trainer.batch_size=2000: the states of a batch, 50 steps x 2,000 examples x 50 units,",
        ),
    ],
)
def test_it_is_refused_by_name(words: list[str], line: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resources, "memory", lambda: 3_000_000)
    with pytest.raises(UserError) as refused:
        compose(words)
    assert str(refused.value).startswith(line) and str(refused.value).endswith("this machine has 0.003 GB")


def test_what_fits_is_not() -> None:
    assert resources.memory() > 1e8
    for words in (["model.hidden=2000"], ["task=adding", "task.length=5000"], ["trainer.batch_size=100000"]):
        compose(words)
