"""The long-memory tasks have exactly the statistics of their definitions: 10,000 samples, and closed forms."""

import math

import pytest
import torch
from torch import Tensor

from unrolled.config.schema import LossConfig, TaskConfig
from unrolled.run.preflight import compose
from unrolled.tasks import load
from unrolled.tasks.data import Data, Split, Stream, baseline_scores, score
from unrolled.training.losses import loss_of

N = 10_000


def task(name: str, *overrides: str) -> tuple[Data, Split]:
    """The task, and 10,000 samples of its stream."""
    config: TaskConfig = compose([f"task={name}", *overrides]).task
    data = load(config, seed=5)
    assert isinstance(data.train, Stream)
    return data, data.train.split("test", N)


def uniform(counts: Tensor) -> bool:
    """Chi-squared within five standard deviations of its mean."""
    expected = counts.sum() / len(counts)
    chi = float(((counts - expected) ** 2 / expected).sum())
    freedom = len(counts) - 1
    return abs(chi - freedom) <= 5 * math.sqrt(2 * freedom)


@pytest.mark.parametrize("T", [2, 3, 50, 51])
@pytest.mark.parametrize("name", ["adding", "multiplication"])
def test_two_numbers_are_marked_one_in_each_half(name: str, T: int) -> None:
    _, made = task(name, f"task.length={T}")
    numbers, marks = made.x.unbind(2)
    assert made.x.shape == (N, T, 2)
    assert set(marks.unique().tolist()) <= {0.0, 1.0}
    assert (marks[:, : T // 2].sum(1) == 1).all() and (marks[:, T // 2 :].sum(1) == 1).all()
    assert uniform(marks[:, : T // 2].sum(0)) and uniform(marks[:, T // 2 :].sum(0))
    assert float(numbers.min()) >= 0 and float(numbers.max()) < 1
    assert float(numbers.mean()) == pytest.approx(1 / 2, abs=5 / math.sqrt(12 * N * T))
    chosen = numbers[marks.bool()].view(N, 2)
    torch.testing.assert_close(made.y[:, 0], chosen.sum(1) if name == "adding" else chosen.prod(1))


@pytest.mark.parametrize(("name", "mean", "variance"), [("adding", 1, 1 / 6), ("multiplication", 1 / 4, 7 / 144)])
def test_the_baseline_of_marked_numbers_is_their_variance(name: str, mean: float, variance: float) -> None:
    data, made = task(name)
    assert float(made.y.mean()) == pytest.approx(mean, abs=5 * math.sqrt(variance / N))
    assert float(made.y.var()) == pytest.approx(variance, rel=0.05)
    printed = baseline_scores(data, loss_of(LossConfig("mse")), "mse")
    assert printed["val/loss"] == printed["val/mse"] == pytest.approx(variance)
    assert score(data.baseline, data, loss_of(LossConfig("mse")))["val/mse"] == pytest.approx(variance, rel=0.2)


@pytest.mark.parametrize(
    ("name", "overrides", "items", "symbols"),
    [
        ("copy", ["task.delay=100"], 10, 8),
        ("copy", ["task.length=30"], 10, 8),
        ("copy", ["task.delay=1"], 10, 8),
        ("noiseless_memorization", ["task.delay=30"], 5, 2),
        ("noiseless_memorization", ["task.delay=30", "task.symbols=5"], 10, 5),
    ],
)
def test_symbols_come_back_after_the_signal(name: str, overrides: list[str], items: int, symbols: int) -> None:
    data, made = task(name, *overrides)
    key, _, value = overrides[0].partition("=")
    delay = int(value) if key == "task.delay" else int(value) - 2 * items
    T, blank, signal = delay + 2 * items, symbols, symbols + 1
    assert made.x.shape == made.y.shape == (N, T)
    assert torch.equal(made.x[:, :items], made.y[:, -items:])
    assert uniform(torch.bincount(made.x[:, :items].flatten(), minlength=symbols).double())
    assert (made.x[:, :items] < symbols).all()
    assert (made.x[:, items + delay - 1] == signal).all()
    rest = torch.ones(T, dtype=torch.bool)
    rest[:items] = rest[items + delay - 1] = False
    assert (made.x[:, rest] == blank).all() and (made.y[:, :-items] == blank).all()
    printed = baseline_scores(data, loss_of(LossConfig("cross_entropy")), "cross_entropy")
    assert printed["val/loss"] == pytest.approx(items * math.log(symbols) / T)
    assert printed["val/recall"] == 1 / symbols
    really = score(data.baseline, data, loss_of(LossConfig("cross_entropy")))
    assert really["val/loss"] == pytest.approx(printed["val/loss"], rel=1e-6)


@pytest.mark.parametrize(("T", "value"), [(100, 0.1733), (500, 0.0400), (1000, 0.0204)])
def test_the_published_baselines_of_copy(T: int, value: float) -> None:
    data, _ = task("copy", f"task.delay={T}")
    assert data.exact["cross_entropy"] == pytest.approx(value, abs=5e-5)


@pytest.mark.parametrize("T", [10, 30, 37, 100])
def test_temporal_order_with_two_symbols(T: int) -> None:
    data, made = task("temporal_order", f"task.length={T}")
    informs = made.x < 2
    assert (informs.sum(1) == 2).all()
    first, second = informs.nonzero()[:, 1].view(N, 2).unbind(1)
    for place, low in ((first, 1), (second, 5)):
        allowed = [t for t in range(T) if low * T <= 10 * t < (low + 1) * T]
        assert sorted(set(place.tolist())) == allowed
        assert uniform(torch.bincount(place - allowed[0], minlength=len(allowed)).double())
    rows = torch.arange(N)
    names = [["AA", "AB"], ["BA", "BB"]]
    assert isinstance(data.answers, list)
    for i in range(50):
        assert data.answers[int(made.y[i])] == names[int(made.x[i, first[i]])][int(made.x[i, second[i]])]
    assert torch.equal(made.y, 2 * made.x[rows, first] + made.x[rows, second])
    assert uniform(torch.bincount(made.y, minlength=4).double())
    assert uniform(torch.bincount(made.x[~informs] - 2, minlength=4).double())


def test_temporal_order_with_three_symbols() -> None:
    _, made = task("temporal_order", "task.symbols=3", "task.length=100")
    informs = made.x < 2
    places = informs.nonzero()[:, 1].view(N, 3)
    for place, low in zip(places.unbind(1), (10, 33, 66), strict=True):
        assert uniform(torch.bincount(place - low, minlength=10).double())
        assert low <= int(place.min()) and int(place.max()) < low + 10
    bits = made.x[informs].view(N, 3)
    assert torch.equal(made.y, (bits * torch.tensor([4, 2, 1])).sum(1))


@pytest.mark.parametrize(("symbols", "classes"), [(2, 4), (3, 8)])
def test_the_baseline_of_temporal_order_is_any_class(symbols: int, classes: int) -> None:
    data, _ = task("temporal_order", f"task.symbols={symbols}")
    printed = baseline_scores(data, loss_of(LossConfig("cross_entropy")), "cross_entropy")
    assert printed["val/loss"] == pytest.approx(math.log(classes))
    assert printed["val/accuracy"] == 1 / classes


def test_latch_is_a_signal_and_then_noise() -> None:
    data, made = task("latch")
    sign = (1 - 2 * made.y).float()
    signal, noise = made.x[:, :3, 0] * sign.unsqueeze(1), made.x[:, 3:, 0]
    assert float(signal.mean()) == pytest.approx(1, abs=5 * 0.2 / math.sqrt(3 * N))
    assert float(signal.std()) == pytest.approx(0.2, rel=0.05)
    assert float(noise.mean()) == pytest.approx(0, abs=5 * 0.2 / math.sqrt(27 * N))
    assert float(noise.std()) == pytest.approx(0.2, rel=0.05)
    assert uniform(torch.bincount(made.y).double())
    assert data.exact["cross_entropy"] == math.log(2)


@pytest.mark.parametrize("name", ["adding", "copy", "temporal_order", "latch"])
def test_a_batch_is_a_function_of_seed_and_name_and_never_comes_again(name: str) -> None:
    config = compose([f"task={name}"]).task
    one, same, other = (load(config, seed).train for seed in (5, 5, 6))
    assert isinstance(one, Stream) and isinstance(same, Stream) and isinstance(other, Stream)
    first = one["train/0/0", 8].x
    assert torch.equal(first, same["train/0/0", 8].x)
    for another in (one["train/0/1", 8], one["train/1/0", 8], other["train/0/0", 8]):
        assert not torch.equal(first, another.x)
