"""Every `val/*` that a run prints, for every task, against a direct computation over the whole split."""

import importlib.util
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from scipy.special import log_softmax
from sklearn.metrics import f1_score

import own_data
from conftest import some
from unrolled.config.schema import Config, LossConfig, plain
from unrolled.rnn import Batch
from unrolled.run.preflight import compose
from unrolled.tasks import OWN, TASKS, load
from unrolled.tasks.data import Data, Split, score
from unrolled.tasks.scores import WRITTEN_UNKNOWN
from unrolled.training import data as batches
from unrolled.training.module import RecurrentModule, evaluate

SMALL = {"pixels": ["task.size=8"], "numbers": ["task.samples=100"], "copy": ["task.delay=3"]}
NAMES = [name for name in TASKS if name != OWN]
LOSSES = {"classes": ["cross_entropy", "label_smoothing"], "numbers": ["mse", "mae", "huber"]}
EXAMPLES = 23  # validated: no multiple of any batch but 1 and 23


@cache
def task(name: str) -> tuple[Config, Data]:
    if not all(importlib.util.find_spec(package) for package in TASKS[name].needs):
        pytest.skip("its extra is not installed")
    config = compose([f"task={name}", *SMALL.get(name, []), *own_data.overrides(name), "model.hidden=8"])
    return config, load(config.task, config.seed)


def few(split: Split, n: int = EXAMPLES) -> Split:
    rows = torch.randperm(len(split), generator=torch.Generator().manual_seed(3))[:n]
    mask, y_mask = (None if part is None else part[rows] for part in (split.mask, split.y_mask))
    return Split(split.x[rows], mask, split.y[rows], y_mask)


def losses(loss: dict[str, Any], answer: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Of each answer."""
    if y.dtype.kind == "f":
        off = np.abs(answer - y)
        of_numbers = {"mse": off**2, "mae": off}
        if loss["name"] == "huber":
            d = loss["delta"]
            of_numbers["huber"] = np.where(off < d, off**2 / 2, d * (off - d / 2))
        return of_numbers[loss["name"]].mean(1)
    logs = log_softmax(answer, axis=1)
    share = loss["smoothing"] if loss["name"] == "label_smoothing" else 0.0
    return -(1 - share) * logs[np.arange(len(y)), y] - share * logs.mean(1)


def bleu(written: list[list[int]], true: list[list[int]]) -> float:
    """Papineni et al. 2002, of a whole corpus with one reference each."""
    logs = []
    for n in range(1, 5):
        same = total = 0
        for w, t in zip(written, true, strict=True):
            ours, theirs = (Counter(tuple(s[i : i + n]) for i in range(len(s) - n + 1)) for s in (w, t))
            same, total = same + sum(min(k, theirs[g]) for g, k in ours.items()), total + sum(ours.values())
        if not same:
            return 0.0
        logs.append(math.log(same / total))
    ours, theirs = sum(map(len, written)), sum(map(len, true))
    return math.exp(min(0.0, 1 - theirs / ours) + sum(logs) / 4)


def of_texts(said: torch.Tensor, batch: Batch) -> dict[str, float]:
    """What is written, as texts that end with their END."""
    assert batch.y_mask is not None
    ours = [row[: row.index(1)] if 1 in row else [t for t in row if t] for row in said.t().tolist()]
    full = [
        [t if t != WRITTEN_UNKNOWN else -1 for t in y[m].tolist()]
        for y, m in zip(batch.y.t(), batch.y_mask.t(), strict=True)
    ]
    true = [[t for t in text if t != 1] for text in full]
    pairs = list(zip(said.t().tolist(), full, strict=True))
    right = sum(a == b for row, text in pairs for a, b in zip(row, text, strict=False))
    whole = sum(row[: len(text)] == text and not any(row[len(text) :]) for row, text in pairs)
    f1 = [2 * sum((Counter(a) & Counter(b)).values()) / (len(a) + len(b)) for a, b in zip(ours, true, strict=True)]
    return {
        "token_accuracy": right / sum(map(len, full)),
        "exact_match": whole / len(full),
        "token_f1": sum(f1) / len(f1),
        "bleu": bleu(ours, true),
    }


def directly(
    name: str, answer: torch.Tensor, said: torch.Tensor | None, batch: Batch, reference: float
) -> dict[str, float]:
    """Every score that any task has, by the book."""
    if said is not None:
        return of_texts(said, batch)
    a, y = (part if batch.y_mask is None else part[batch.y_mask] for part in (answer, batch.y))
    a, y = a.double().numpy(), y.numpy()
    if y.dtype.kind == "f":
        mse = float(((a - y) ** 2).mean())
        return {"mse": mse, "mae": float(np.abs(a - y).mean()), "skill": 1 - mse / reference}
    guess, C = a.argmax(1), a.shape[1]
    shown = y < C - 1  # of `copy` and the like the last symbol is the blank
    f1 = f1_score(y, guess, average="binary") if name == "spam" else f1_score(y, guess, average="macro")
    return {
        "accuracy": float((guess == y).mean()),
        "f1": float(f1),
        "bits": float(losses({"name": "cross_entropy"}, a, y).mean() / math.log(2)),
        "recall": float((guess == y)[shown].mean()),
    }


def check(name: str, found: dict[str, float], network: RecurrentModule, split: Split) -> None:
    batch = split.whole()
    with torch.no_grad():
        answer = network(batch)
        said = network.network.write(batch) if network.network.writes else None  # type: ignore[operator]
    assert network.scores is not None
    skill: Any = network.scores.metrics.get("skill")
    expected = directly(name, answer, said, batch, skill.reference if skill else math.nan)
    a, y = (part if batch.y_mask is None else part[batch.y_mask] for part in (answer, batch.y))
    expected["loss"] = losses(plain(network.config)["loss"], a.double().numpy(), y.numpy()).mean()
    assert set(found) == {"val/loss", *(f"val/{each}" for each in network.scores.metrics)}
    for key, value in found.items():
        assert value == pytest.approx(float(expected[key.removeprefix("val/")]), rel=1e-6, abs=1e-6), key


def modules(name: str) -> Iterator[tuple[RecurrentModule, Data]]:
    """The task's network with every loss that fits, in both precisions; with larger weights, so that answers differ."""
    config, data = task(name)
    embedding = replace(config.embedding, dim=config.embedding.dim or 6)
    for loss in LOSSES["classes" if isinstance(data.answers, list) else "numbers"]:
        for bits in (32, 64):
            asked = replace(config, loss=LossConfig(loss, smoothing=0.1, delta=0.5), embedding=embedding)
            module = RecurrentModule(asked, data.spec, data.scores())
            with torch.no_grad():
                module.network.W_o.mul_(4)
            yield (module.double() if bits == 64 else module), data


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("size", some([7, 1, 512, 22], 2))
def test_every_score_is_that_of_the_whole_split(name: str, size: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batches, "VALIDATION_BATCH", size)
    for module, data in modules(name):
        split = few(data.val)
        check(name, evaluate(module, batches.Once(split)), module, split)


@pytest.mark.parametrize("name", NAMES)
def test_a_baseline_is_scored_as_a_network_is(name: str) -> None:
    """An answer is scored alike, whether a network gives it in batches or a guess in one piece."""
    module, data = next(modules(name))
    cut = replace(data, val=few(data.val))
    batch = cut.val.whole()
    with torch.no_grad():
        answer = module(batch)
        said = module.network.write(batch) if module.network.writes else None  # type: ignore[operator]
    guess = type(data.baseline)(answer, said)
    assert score(guess, cut, module.loss) == pytest.approx(evaluate(module, [batch]), rel=1e-6, abs=1e-6)


def test_what_lightning_logs_is_the_mean_over_all_answers(quick_run, tmp_path) -> None:
    """1,000 examples in batches of 512 and 488, and one more in a batch of its own."""
    import csv

    status = quick_run("task=adding", "model.hidden=8", "trainer.max_steps=4")
    config = compose(["task=adding", "model.hidden=8"])
    module = RecurrentModule(config, (data := load(config.task, config.seed)).spec, data.scores())
    kept = torch.load(tmp_path / "run" / "checkpoints" / "last.ckpt", weights_only=True)
    module.load_state_dict(kept["state_dict"])
    batch = data.val.whole()
    with torch.no_grad():
        expected = float((module(batch).double() - batch.y).square().mean())
    with (tmp_path / "run" / "metrics.csv").open(newline="") as file:
        logged = [float(row["val/loss"]) for row in csv.DictReader(file) if row.get("val/loss")]
    assert [status["metrics"]["val/loss"], status["metrics"]["val/mse"]] == pytest.approx([expected] * 2, rel=1e-6)
    assert logged[-1] == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("name", NAMES)
def test_every_task_shuffles_its_steps_and_knows_a_need(name: str) -> None:
    _, data = task(name)
    shuffled = [each for name_of, each in data.variants.items() if name_of.endswith("shuffled")]
    assert len(shuffled) == (0 if data.val.mask is None else 1)
    for each in shuffled:
        assert each.x.sort(1).values.equal(data.val.x.sort(1).values) or each.x.ndim == 3
        assert each.x.double().sum().item() == pytest.approx(data.val.x.double().sum().item())
    assert data.needs or data.dependency is not None or data.pattern != "sequence_to_vector"
