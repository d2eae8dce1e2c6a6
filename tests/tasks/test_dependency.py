"""The lag of the dependency, against where the examples themselves have what the answer needs."""

import pytest
import torch
from torch import Tensor

from unrolled.rnn.init import stream
from unrolled.run.preflight import compose
from unrolled.tasks import load
from unrolled.tasks.data import Stream

N = 4000
LENGTHS = {
    "task=temporal_order": (10, 15, 20, 30, 50),
    "task=temporal_order task.symbols=3": (10, 15, 30),
    "task=adding": (10, 15, 51),
    "task=multiplication": (20,),
    "task=latch": (4, 30),
}


def needed(task: str, x: Tensor) -> Tensor:
    """(N,): lag, from the last step, of the first step that the answer needs."""
    N, T = x.shape[:2]
    if task == "latch":
        return torch.full((N,), T - 3)  # the signal's last step
    there = x[..., 1] == 1 if x.dim() == 3 else x < 2  # a mark, or A and B
    return T - 1 - there.float().argmax(1)


@pytest.mark.parametrize(("words", "length"), [(words, T) for words, lengths in LENGTHS.items() for T in lengths])
def test_it_is_the_mean_lag_of_the_first_step_that_is_needed(words: str, length: int) -> None:
    config = compose([*words.split(), f"task.length={length}"]).task
    data = load(config, 0)
    assert isinstance(data.train, Stream) and data.dependency is not None
    lags = needed(config.name, data.train.make(N, stream(1, "lags")).x).double()
    assert data.dependency == pytest.approx(float(lags.mean()), abs=4 * float(lags.std()) / N**0.5)


@pytest.mark.parametrize("task", ["copy", "noiseless_memorization"])
@pytest.mark.parametrize("delay", [1, 7])
def test_what_is_recalled_lies_as_far_back_at_each_step(task: str, delay: int) -> None:
    data = load(compose([f"task={task}", f"task.delay={delay}"]).task, 0)
    batch = data.val.whole()
    assert data.dependency is not None
    lag = int(data.dependency)
    items = (len(batch.y) - delay) // 2
    assert torch.equal(batch.y[-items:], batch.x[: len(batch.x) - lag][-items:])


def test_a_task_whose_answers_need_no_one_step_has_none() -> None:
    assert load(compose(["task=chars", "task.length=5"]).task, 0).dependency is None
