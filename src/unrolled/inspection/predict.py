"""Predicts with a trained network after each word of a text, and computes each word's share of the gradient."""

from dataclasses import dataclass
from pathlib import Path

import torch
from rich.console import Console
from rich.table import Table
from torch import Tensor

from unrolled.errors import UserError
from unrolled.rnn import Batch, EncoderDecoder, SequenceToVector, Tape
from unrolled.tasks.data import Data
from unrolled.training.module import RecurrentModule

from .restore import restore_run


@dataclass(frozen=True)
class Prediction:
    """A prediction after each word of a text.

    words: the T words as the network reads them.
    classes: names of the C classes.
    shares: (T, C), class probabilities after each word.
    dx: (T,), norm of dL/dx_t.
    against: the class that the loss is taken against.
    """

    words: list[str]
    classes: list[str]
    shares: Tensor
    dx: Tensor
    against: str


def predict(
    folder: Path, text: str, label: str | None = None, checkpoint: str = "best", *, trust: bool = False
) -> Prediction | str:
    """Returns the prediction of a run's network for a text; for an encoder-decoder, the text that it generates.

    folder: of the run.
    label: the class to take the loss against; None: the predicted one.
    checkpoint: "best" or "last".
    trust: whether the Python file of an own task may be executed.

    Raises UserError if the folder holds no finished run, the text has no word, the label is no class, or the task does
    not read text.
    """
    config, data, module = restore_run(folder, checkpoint, trust=trust)
    if data.encode is None:
        raise UserError(f"{folder} is a run of task={config.task.name}: predict needs a task that reads a text")
    batch = data.encode(text)
    if batch.mask is None or not batch.mask.any():
        raise UserError(f"{text!r} holds no word")
    network = module.network
    if isinstance(network, EncoderDecoder):
        return _generated_text(network, data, batch)
    assert isinstance(network, SequenceToVector) and isinstance(data.answers, list)
    return _after_each_word(module, network, data, batch, label)


def examples(
    folder: Path, count: int, checkpoint: str = "best", *, trust: bool = False
) -> list[tuple[Prediction, str]]:
    """Returns predictions for examples spread over the validation split, each with its true class.

    The loss is taken against the true class. Empty if the task does not classify texts.

    trust: whether the Python file of an own task may be executed.
    Raises UserError if the folder holds no finished run.
    """
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
    return Prediction(words, data.answers, shares, dx, data.answers[against])


def _generated_text(network: EncoderDecoder, data: Data, batch: Batch) -> str:
    assert isinstance(data.answers, list)
    names = [data.answers[i] for i in network.write(batch)[:, 0].tolist() if i > 1]
    return (" " if any(len(name) > 1 for name in data.answers[3:]) else "").join(names)


def show(prediction: Prediction | str) -> None:
    """Prints a prediction: a line per word, with its share of the gradient as a bar."""
    console = Console(highlight=False)
    if isinstance(prediction, str):
        console.print(prediction, markup=False)
        return
    table = Table("word", box=None, pad_edge=False)
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
        f"|dL/dx|: how much the loss would change with the word's vector, if the right answer were "
        f"{prediction.against!r} ({why}).",
        *(["Words in <> are not in the vocabulary."] if any(word.startswith("<") for word in prediction.words) else []),
    ]
