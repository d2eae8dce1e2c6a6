"""Draws the pictures of docs/: the unrolled chain of each pattern, from an untrained network of eight units."""

import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from unrolled.config.schema import LossConfig
from unrolled.record.parts import starts
from unrolled.record.quantities import LN_10
from unrolled.report.chain import Scale, chain, groups, mean_log
from unrolled.report.shell import write_picture
from unrolled.rnn import Batch
from unrolled.run.preflight import compose
from unrolled.training.losses import loss_of
from unrolled.training.network import build
from unrolled.training.samples import norms_of_samples

SAMPLES, TOKENS, NUMBERS = 32, 20, 4
ENGLISH = ["the", "film", "was", "not", "good", "at", "all", "."]
FRENCH = ["<start>", "le", "film", "est", "mauvais"]


@dataclass(frozen=True)
class Picture:
    """A picture of a pattern.

    words: what is read at each time step, by RNN in order of time.
    source: the vector in front of the chain; "" without one.
    """

    pattern: str
    words: dict[str, list[str]]
    source: str = ""


PICTURES = {
    "chain": Picture("sequence_to_vector", {"rnn": ENGLISH}),
    "chain_sequence_to_vector": Picture("sequence_to_vector", {"rnn": ENGLISH}),
    "chain_sequence_to_sequence": Picture("sequence_to_sequence", {"rnn": [f"day {t}" for t in range(1, 9)]}),
    "chain_vector_to_sequence": Picture("vector_to_sequence", {"rnn": FRENCH}, source="picture"),
    "chain_encoder_decoder": Picture("encoder_decoder", {"encoder": ENGLISH[:5], "decoder": FRENCH}),
}


def draw(folder: Path) -> list[Path]:
    """Writes the pictures into a folder and returns their paths."""
    return [_draw(folder / f"{name}.svg", picture) for name, picture in PICTURES.items()]


def _draw(file: Path, picture: Picture) -> Path:
    lengths = {name: len(words) for name, words in picture.words.items()}
    log10 = mean_log(_norms(picture.pattern, list(lengths.values())), 0)
    scale, boxes = Scale.of(log10), groups(lengths)
    labels = [word for words in picture.words.values() for word in words]
    steps = len(labels)
    reads = {
        "sequence_to_vector": [steps - 1],
        "encoder_decoder": range(lengths.get("encoder", 0), steps),
    }.get(picture.pattern, range(steps))
    return write_picture(
        file,
        title="An unrolled network; below it the gradient of the loss on its way back",
        boxes=chain(log10.tolist(), [each.name.rpartition(" ")[2] for each in boxes], labels, scale),
        parts={start: name for name, start in starts(lengths).items()} if len(lengths) > 1 else {},
        scale=scale,
        reads=list(reads),
        source=picture.source,
    )


def _norms(pattern: str, lengths: list[int]) -> np.ndarray:
    """Returns log10 of the norms of dL/dh_t of random sequences, (S, T)."""
    draw, first, last = torch.Generator().manual_seed(0), lengths[0], lengths[-1]
    spec = {"pattern": pattern, "reads_tokens": True, "reads": TOKENS, "answers_tokens": True, "answers": TOKENS}
    tokens = torch.randint(2, TOKENS, (first, SAMPLES), generator=draw)
    real, written = (torch.ones(T, SAMPLES, dtype=torch.bool) for T in (first, last))
    answers = torch.randint(2, TOKENS, (last, SAMPLES), generator=draw)
    batch = Batch(tokens, real, answers, written)
    if pattern == "sequence_to_vector":
        batch = Batch(tokens, real, answers[0], None)
    if pattern == "vector_to_sequence":
        spec |= {"reads_tokens": False, "reads": NUMBERS}
        batch = Batch(torch.randn(SAMPLES, NUMBERS, generator=draw), None, answers, written)
    network = build(compose(["model.hidden=8", "init.gain=0.8"]), spec).double()
    return norms_of_samples(network, loss_of(LossConfig("cross_entropy")), batch).numpy() / LN_10


if __name__ == "__main__":
    for file in draw(Path(sys.argv[1])):
        print(file)
