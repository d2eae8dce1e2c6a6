"""Builds the network of a configuration, at initialisation."""

from typing import Any

import torch
from torch import Generator

from unrolled.config.schema import Config, EmbeddingConfig, InitConfig
from unrolled.errors import UserError
from unrolled.gradients.mean_field import critical_gain
from unrolled.rnn import (
    CELLS,
    Embedding,
    EncoderDecoder,
    Numbers,
    OneHot,
    Pattern,
    Recurrent,
    SequenceToSequence,
    SequenceToVector,
    VectorToSequence,
)
from unrolled.rnn.embedding import InputLayer
from unrolled.rnn.forget import chrono, keep_by
from unrolled.rnn.init import streams

from .word_vectors import WordVectors

Spec = dict[str, Any]  # `Data.spec`: pattern and sizes of a task


def build(config: Config, spec: Spec, draw: str = "", vectors: WordVectors | None = None) -> Pattern:
    """Returns the network of a configuration for a task, at initialisation.

    spec: `Data.spec` of the task.
    draw: name of another initialisation, with its own random streams; "": the one that is trained.
    vectors: known rows of the input embedding.
    Raises UserError if `init=critical` has no solution for the gain.
    """
    network = _wired(config, spec)
    name, gain = _drawn(config.init, config.activation.name)
    drawn = streams(config.seed, draw)
    network.initialise(
        name,
        gain=gain,
        input_gain=config.init.input_gain,
        bias_std=config.init.bias_std,
        streams=drawn,
    )
    for part, layer in network.rnns.items():
        _remembering(layer, config, drawn("b_chrono" if part == "rnn" else f"{part}/b_chrono"))
    if vectors is not None and len(vectors.rows):
        table = network.get_submodule(READ[spec["pattern"]])
        assert isinstance(table, Embedding)
        with torch.no_grad():
            table.weight[vectors.rows] = vectors.values.to(table.weight.dtype)
    return network


def _layer(config: Config, inputs: int, hidden: int) -> Recurrent:
    kind, backward = CELLS[config.cell.name], config.model.backward
    given: dict[str, Any] = {"activation": config.activation.name} if kind.free_activation else {}
    if config.cell.leak is not None:
        given["leak"] = config.cell.leak
    return kind(inputs, hidden, backward=backward, **given)  # type: ignore[call-arg]


def _remembering(layer: Recurrent, config: Config, generator: Generator) -> None:
    """Sets the bias of the gate that keeps the state, if the cell has one."""
    cell = config.cell
    if cell.chrono:
        assert config.task.length is not None
        chrono(layer, config.task.length, generator)
    elif cell.forget_bias:
        keep_by(layer, cell.forget_bias)


def _drawn(init: InitConfig, activation: str) -> tuple[str, float]:
    """Returns distribution and gain of W_h; `critical` is Gaussian with the gain on mean field's critical line."""
    if init.name != "critical":
        return init.name, init.gain
    try:
        return "gaussian", init.gain * critical_gain(activation, init.bias_std**2)
    except ValueError as error:
        raise UserError(f"init=critical: {error}; use init=gaussian with an init.gain of your own") from None


# The submodule of each pattern that embeds its tokens.
READ = {
    "sequence_to_vector": "embedding",
    "sequence_to_sequence": "embedding",
    "encoder_decoder": "source",
    "vector_to_sequence": "embedding",
}


def _wired(config: Config, spec: Spec) -> Pattern:
    answers, hidden = spec["answers"], config.model.hidden
    assert hidden is not None, "what is left to the data comes into the configuration by `settled`"

    def rnn(front: InputLayer) -> Recurrent:
        return _layer(config, front.size, hidden)

    if spec["pattern"] == "vector_to_sequence":
        front = _front(config.embedding, answers, tokens=True)
        return VectorToSequence(spec["reads"], front, rnn(front), answers)
    read = _front(config.embedding, spec["reads"], spec["reads_tokens"])
    if spec["pattern"] == "encoder_decoder":
        written = _front(config.embedding, answers, tokens=True)
        return EncoderDecoder(read, rnn(read), written, rnn(written), answers)
    wiring = {"sequence_to_vector": SequenceToVector, "sequence_to_sequence": SequenceToSequence}
    return wiring[spec["pattern"]](read, rnn(read), answers)


def _front(embedding: EmbeddingConfig, size: int, tokens: bool) -> InputLayer:
    if not tokens:
        return Numbers(size)
    if embedding.name == "onehot":
        return OneHot(size)
    assert embedding.dim is not None, "a word-vector file's size comes into the configuration by `sized`"
    return Embedding(size, embedding.dim, frozen=embedding.name == "frozen")
