"""Validates what the network of a user's own task is measured by: scores, baselines, references, `solved`."""

import math
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor
from torchmetrics import Metric

from unrolled.config.files import choices
from unrolled.errors import UserError
from unrolled.rnn import Batch
from unrolled.rnn.decoding import END

from ..data import Data, Guess, Later
from ..own_file import code_of
from ..scores import Scores
from .form import Form, tensor
from .split import check_split

TRIED = 64  # validation samples on which scores are tried


def is_number(value: object) -> bool:
    """Whether it is a finite number of Python."""
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def check_scores(data: Data, form: Form, file: str) -> None:
    """Raises UserError for scores that cannot be made, or not of a network's output, and for `solved`."""
    if not callable(data.scores):
        raise UserError(f"scores is of type {type(data.scores).__name__}; allowed: a function that makes Scores")
    with code_of(file, "scores()"):
        scores, others = data.scores(), data.scores()
    if not isinstance(scores, Scores):
        raise UserError(f"scores() returned {type(scores).__name__}, not unrolled.tasks.scores.Scores")
    if scores is others or any(metric is others.metrics.get(name) for name, metric in scores.metrics.items()):
        raise UserError("scores() returned the same metrics twice; allowed: new ones from each call")
    _check_metrics(scores)
    if data.solved is not None:
        _check_solved(data.solved, scores)
    _try(scores, _output(_batch(data), form), _batch(data), file, "a network's output")


def _batch(data: Data) -> Batch:
    return data.val[torch.arange(min(TRIED, len(data.val)))]


def _tried(guess: Guess, form: Form) -> Tensor:
    """Returns what the scores are given of a baseline on the first samples."""
    predicted = guess.answer if guess.written is None else guess.written
    assert predicted is not None
    return predicted[:, :TRIED] if form.by_step else predicted[:TRIED]


def _check_metrics(scores: Scores) -> None:
    for name, metric in scores.metrics.items():
        if not isinstance(name, str) or not name or not name.isprintable() or name == "loss":
            raise UserError(f"scores() has a metric named {name!r}; allowed: a printable name other than 'loss'")
        if not isinstance(metric, Metric):
            kind = type(metric).__name__
            raise UserError(f"metric {name!r} of scores() is of type {kind}; allowed: torchmetrics.Metric")
    if scores.main not in scores.metrics:
        raise UserError(f"main of scores() is {scores.main!r}; allowed: {', '.join(scores.metrics)}")
    if not isinstance(scores.larger, bool):
        raise UserError(f"larger of scores() is {scores.larger!r}; allowed: True or False")
    _check_direction(scores.main, scores, "main of scores()")


def _check_direction(name: str, scores: Scores, place: str) -> None:
    """Raises UserError where torchmetrics knows that a score gets better the other way."""
    better = scores.metrics[name].higher_is_better
    if better is not None and better != scores.larger:
        way = "larger" if better else "smaller"
        raise UserError(f"{place} is {name!r}, which is better where it is {way}, but larger={scores.larger}")


def _check_solved(solved: Any, scores: Scores) -> None:
    if not (isinstance(solved, tuple | list) and len(solved) == 2 and is_number(solved[1])):
        raise UserError(f"solved is {solved!r}; allowed: (name of a score, finite number), or None")
    if solved[0] not in scores.metrics:
        raise UserError(f"solved names the score {solved[0]!r}; allowed: {', '.join(scores.metrics)}")
    _check_direction(solved[0], scores, "the score of solved")


def _output(batch: Batch, form: Form) -> Tensor:
    """Returns what the scores are given of a network: tokens (T', B) if it writes, else (B, C) or (T', B, C)."""
    if form.writes:
        return torch.full_like(batch.y, END)
    return torch.zeros(*batch.y.shape[: 1 + form.by_step], form.classes)


def _try(scores: Scores, output: Tensor, batch: Batch, file: str, what: str) -> None:
    with code_of(file, f"scores of {what}"):
        scores.update(output, batch)
        scores.compute()


def check_comparisons(data: Data, form: Form, file: str) -> None:
    """Raises UserError for what is wrong with the baseline, `constants`, `exact`, references and variants."""
    _check_guess(data.baseline, "baseline", data, form)
    _check_text(data.baseline_name, "baseline_name")
    _try(data.scores(), _tried(data.baseline, form), _batch(data), file, "the baseline")
    for name, guess in _named(data.references, "references"):
        if not isinstance(guess, Guess | Later):  # one that fails costs a run no more than the comparison
            raise UserError(f"references[{name!r}] is of type {type(guess).__name__}; allowed: Guess or Later")
    for name, split in _named(data.variants, "variants"):
        check_split(split, form, f"variants[{name!r}]")
    _check_exact(data)
    if data.constants is not None:
        _check_constants(data, form, file)


def _check_text(value: object, place: str) -> None:
    if not isinstance(value, str) or not value.strip() or not value.isprintable():
        raise UserError(f"{place} is {value!r}; allowed: a line of text")


def _named(value: object, field: str) -> list[tuple[str, Any]]:
    if not isinstance(value, dict):
        raise UserError(f"{field} is of type {type(value).__name__}; allowed: a dict by name")
    for name in value:
        _check_text(name, f"a name in {field}")
    return list(value.items())


def _check_exact(data: Data) -> None:
    allowed = [*data.scores().metrics, *(name for name in choices()["loss"] if name != "auto")]
    for name, value in _named(data.exact, "exact"):
        if name not in allowed:
            raise UserError(f"exact has a value for {name!r}; allowed: {', '.join(allowed)}")
        if not is_number(value):
            raise UserError(f"exact[{name!r}] is {value!r}; allowed: a finite number")


def _check_constants(data: Data, form: Form, file: str) -> None:
    constants = data.constants
    if not callable(constants):
        raise UserError(f"constants is of type {type(constants).__name__}; allowed: a function, or None")
    for name in ("loss", *data.scores().metrics):
        call = f"constants({name!r}, loss)"
        with code_of(file, call):
            found = constants(name, _loss(form))
        if not isinstance(found, tuple) or len(found) != 2:
            raise UserError(f"{call} returned {type(found).__name__}; allowed: (Guess, its name)")
        _check_guess(found[0], f"the Guess of {call}", data, form)
        _check_text(found[1], f"the name of {call}")


def _loss(form: Form):
    """Returns a loss that fits, as `constants` are given one."""
    if isinstance(form.answers, list):
        return lambda answer, y: F.cross_entropy(answer.flatten(0, -2), y.flatten(), reduction="none").view(y.shape)
    return lambda answer, y: F.mse_loss(answer, y.to(answer.dtype), reduction="none").mean(-1)


def _check_guess(guess: object, place: str, data: Data, form: Form) -> None:
    if not isinstance(guess, Guess):
        raise UserError(f"{place} is of type {type(guess).__name__}; allowed: Guess")
    steps = (data.val.y.shape[1],) if form.by_step else ()
    if guess.answer is None and guess.written is None:
        raise UserError(f"answer of {place} is None; allowed: predictions")
    if guess.answer is not None:
        answer = tensor(guess.answer, f"answer of {place}")
        _check_predictions(answer, f"answer of {place}", (*steps, len(data.val), form.classes))
        if not answer.is_floating_point() or not bool(answer.isfinite().all()):
            kind = "holds nan or inf" if answer.is_floating_point() else f"is {answer.dtype}"
            raise UserError(f"answer of {place} {kind}; allowed: finite numbers or log-probabilities, torch.float32")
    if form.writes and guess.written is None:
        raise UserError(f"written of {place} is None; allowed in {form.pattern}: the tokens (T', N)")
    if guess.written is not None:
        written = tensor(guess.written, f"written of {place}")
        _check_predictions(written, f"written of {place}", (*steps, len(data.val)))
        right = written.dtype == torch.int64
        if not right or not bool(((written >= 0) & (written < form.classes)).all()):
            kind = "has other values" if right else f"is {written.dtype}"
            raise UserError(f"written of {place} {kind}; allowed: torch.int64 from 0 to {form.classes - 1}")


def _check_predictions(values: Tensor, name: str, shape: tuple[int, ...]) -> None:
    symbols = "(T', N, C)" if len(shape) == 3 else "(T', N)" if values.dtype == torch.int64 else "(N, C)"
    if values.shape != shape:
        wanted = f"{shape}, {symbols} of the validation split"
        raise UserError(f"{name} has the shape {tuple(values.shape)}; allowed: {wanted}")
