"""Predicts with a trained network after each word of a text, and computes each word's share of the gradient."""

from dataclasses import dataclass, replace
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from unrolled.errors import UserError
from unrolled.rnn import Batch, EncoderDecoder, SequenceToVector, Tape
from unrolled.tasks.data import Data
from unrolled.tasks.unknown import unknown
from unrolled.tasks.writing import spelled
from unrolled.training.module import RecurrentModule
from unrolled.training.network import Spec

from .restore import restore_run, spec_of


@dataclass(frozen=True)
class Prediction:
    """A prediction after each word of a text.

    words: the T words as the network reads them.
    classes: names of the C classes.
    shares: (T, C), class probabilities after each word.
    dx: (T,), norm of dL/dx_t.
    against: the class that the loss is taken against.
    note: a line on words that the vocabulary lacks.
    unit: "word" or "letter".
    """

    words: list[str]
    classes: list[str]
    shares: Tensor
    dx: Tensor
    against: str
    note: str | None = None
    unit: str = "word"


class Answer(str):
    """A text that a network answers with, or numbers as text. note: a line on words that the vocabulary lacks."""

    __slots__ = ("note",)
    note: str | None

    def __new__(cls, text: str, note: str | None) -> "Answer":
        """Returns the text with its note."""
        made = super().__new__(cls, text)
        made.note = note
        return made


def refusal(folder: Path, task: str, *, reads_text: bool) -> UserError:
    """Returns the error for an input that a run's task does not read."""
    if reads_text:
        return UserError(f'{folder} is a run of task={task}, which reads a text: unrolled predict {folder} "some text"')
    files = {"series": "a table", "sequences": "an archive of numpy (.npz)"}
    if task in files:
        return UserError(f"{folder} is a run of task={task}, which reads {files[task]}: unrolled predict {folder} FILE")
    return UserError(
        f"{folder} is a run of task={task}: predict needs a task that reads a text (texts, sentiment, spam, notes, "
        "translate, numbers, an own one with `encode`) or a file (texts, series, sequences)"
    )


def predict(
    folder: Path,
    text: str,
    label: str | None = None,
    checkpoint: str = "best",
    *,
    trust: bool = False,
    anyway: bool = False,
) -> Prediction | Answer:
    """Returns the prediction of a run's network for a text; without classes, the text that it writes or the number.

    folder: of the run.
    label: the class to take the loss against; None: the predicted one.
    checkpoint: "best" or "last".
    trust: whether the Python file of an own task may be executed.
    anyway: whether data that have changed since the training are only warned of.

    Raises UserError if the folder holds no finished run, the data have changed, the text has no word, the label is no
    class, or the task does not read text.
    """
    config, data, module = restore_run(folder, checkpoint, trust=trust, anyway=anyway)
    if data.encode is None:
        raise refusal(folder, config.task.name, reads_text=False)
    batch = data.encode(text)
    if batch.mask is None or not batch.mask.any():
        raise UserError(f"{text!r} holds no word")
    network, note = module.network, _lacking(data, text)
    if label is not None and (isinstance(network, EncoderDecoder) or not isinstance(data.answers, list)):
        raise UserError(f"--label {label}: task={config.task.name} of this run has no classes")
    if isinstance(network, EncoderDecoder):
        return Answer(_written(network, data, batch), note)
    assert isinstance(network, SequenceToVector)
    if not isinstance(data.answers, list):
        return Answer(_numbers(network, data, batch), note)
    return replace(_after_each_word(module, network, data, batch, label), note=note)


def _lacking(data: Data, text: str) -> str | None:
    if data.pieces is None or not isinstance(data.reads, list):
        return None
    return unknown(data.pieces(text), set(data.reads))


@torch.no_grad()
def _numbers(network: SequenceToVector, data: Data, batch: Batch) -> str:
    """Returns the names and values of the numbers, in the units of the data."""
    values = network(batch) if data.units is None else data.units.original(network(batch))
    names = [str(k) for k in range(values.shape[1])] if data.units is None else data.units.names
    return ", ".join(f"{name} {value:.6g}" for name, value in zip(names, values[0].tolist(), strict=True))


def examples(
    folder: Path, count: int, checkpoint: str = "best", *, trust: bool = False
) -> list[tuple[Prediction, str]]:
    """Returns predictions for examples spread over the validation split, each with its true class.

    The loss is taken against the true class. Empty if the task does not classify texts.

    trust: whether the Python file of an own task may be executed.
    Raises UserError if the folder holds no finished run.
    """
    if not _may_classify_texts(spec_of(folder, checkpoint)):
        return []  # without the data, which may be gone
    _, data, module = restore_run(folder, checkpoint, trust=trust)
    network = module.network
    if data.encode is None or not isinstance(network, SequenceToVector) or not isinstance(data.answers, list):
        return []
    found = []
    for i in torch.linspace(0, len(data.val) - 1, min(count, len(data.val))).long().tolist():
        batch = data.val[torch.tensor([i])]
        assert batch.mask is not None
        words = batch.mask[:, 0]
        label = data.answers[int(batch.y)]
        sentence = batch._replace(x=batch.x[words], mask=batch.mask[words])
        found.append((_after_each_word(module, network, data, sentence, label), label))
    return found


def _may_classify_texts(spec: Spec) -> bool:
    kinds = (spec.get("pattern"), spec.get("reads_tokens"), spec.get("answers_tokens"))
    return kinds == ("sequence_to_vector", True, True)


def _after_each_word(
    module: RecurrentModule, network: SequenceToVector, data: Data, batch: Batch, label: str | None
) -> Prediction:
    assert isinstance(data.answers, list) and isinstance(data.reads, list)
    if label is not None and label not in data.answers:
        raise UserError(f"--label {label}: allowed: {', '.join(data.answers)}")
    tape = Tape()
    with torch.no_grad():
        shares = network.read_out(network.rnn(network.read(batch), mask=batch.mask)).softmax(-1)[:, 0]
    against = data.answers.index(label) if label else int(shares[-1].argmax())
    loss = module.loss(network(batch, [tape]), torch.tensor([against])).sum()
    torch.autograd.grad(loss, network.rnn.W_h)
    assert tape.da is not None
    dx = (tape.da[:, 0].double() @ network.rnn.W_x.detach().double()).norm(dim=1)
    words = [data.reads[i] for i in batch.x[:, 0].tolist()]
    unit = "letter" if data.pieces is list else "word"
    return Prediction(words, data.answers, shares, dx, data.answers[against], unit=unit)


def _written(network: EncoderDecoder, data: Data, batch: Batch) -> str:
    assert isinstance(data.answers, list)
    return spelled(network.write(batch)[:, 0].tolist(), data.answers, data.separator)


def show(prediction: Prediction | Answer) -> None:
    """Prints a prediction: a line per word, with its share of the gradient as a bar."""
    console = Console(highlight=False)
    if isinstance(prediction, Answer):
        for line in filter(None, (prediction or "(an empty text)", prediction.note)):
            console.print(line, markup=False)
        return
    table = Table(prediction.unit, box=None, pad_edge=False)
    for name in [*prediction.classes, "|dL/dx|", "share"]:
        table.add_column(name, justify="right")
    table.add_column("")
    total = float(prediction.dx.sum()) or 1.0
    for word, shares, dx in zip(prediction.words, prediction.shares.tolist(), prediction.dx.tolist(), strict=True):
        bar = "#" * round(30 * dx / total)
        table.add_row(word.replace("[", "\\["), *(f"{s:.1%}" for s in shares), f"{dx:.3g}", f"{dx / total:.1%}", bar)
    console.print(table)
    for note in _notes(prediction):
        console.print(note, markup=False)


def _notes(prediction: Prediction) -> list[str]:
    """Returns how to read the columns."""
    predicted = prediction.classes[int(prediction.shares[-1].argmax())]
    why = "the predicted class; --label CLASS takes another" if prediction.against == predicted else "from --label"
    return [
        f"|dL/dx|: how much the loss would change with the {prediction.unit}'s vector, if the right answer were "
        f"{prediction.against!r} ({why}).",
        *([prediction.note] if prediction.note else []),
    ]
