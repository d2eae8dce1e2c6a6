"""Made sentences whose meaning turns on "not", and networks trained on them: how far may the read-out be from it?

"i do not like this movie" is negative, "i do really like this movie" positive, and with "hate" it is the reverse. Words
without a meaning may follow. No single word tells the answer: a bag of words without pairs is right half of the time.
"""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Generator, Tensor

from unrolled.rnn import Batch, SequenceToVector
from unrolled.rnn.init import stream
from unrolled.run.preflight import compose
from unrolled.training.network import build

ADVERBS, VERBS = ("really", "not"), ("like", "hate")
FILLERS = ("that", "we", "saw", "with", "them", "at", "home", "in", "town", "last", "week", "again")
WORDS = ["i", "do", *ADVERBS, *VERBS, "this", "movie", *FILLERS]
CLASSES = ["negative", "positive"]
AFTER_NOT = 3  # words between "not" and the end of the shortest sentence: like, this, movie
UPDATES, BATCH, RATE, CLIP = 300, 32, 0.01, 1.0
TESTED = 500  # sentences


@dataclass(frozen=True)
class Kind:
    """A network and its initialisation.

    name: in figures and sentences.
    overrides: of the configuration, KEY=VALUE.
    """

    name: str
    overrides: tuple[str, ...]


KINDS = (
    Kind("tanh, orthogonal W_h", ("activation=tanh", "init=orthogonal")),
    Kind("ReLU, identity W_h", ("activation=relu", "init=identity")),
)


def sentences(count: int, fillers: int, generator: Generator) -> Batch:
    """Draws sentences with `fillers` words after "movie"; each word of a pair is as frequent as the other."""
    negated, hated = (torch.randint(2, (count,), generator=generator) for _ in range(2))
    first = WORDS.index(FILLERS[0])
    rest = torch.randint(first, len(WORDS), (fillers, count), generator=generator)
    x = torch.cat([torch.stack(_sentence(negated, hated)), rest])
    return Batch(x, torch.ones_like(x, dtype=torch.bool), 1 - (negated ^ hated), None)


def _sentence(negated: Tensor, hated: Tensor) -> list[Tensor]:
    fixed = {word: torch.full_like(negated, WORDS.index(word)) for word in ("i", "do", "this", "movie")}
    adverb, verb = WORDS.index(ADVERBS[0]) + negated, WORDS.index(VERBS[0]) + hated
    return [fixed["i"], fixed["do"], adverb, verb, fixed["this"], fixed["movie"]]


def pair(fillers: int) -> Batch:
    """Returns two sentences that differ in one word: with "really", and with "not"."""
    x = sentences(1, fillers, stream(0, "lecture/not/pair")).x.expand(-1, 2).clone()
    x[2] = torch.tensor([WORDS.index(word) for word in ADVERBS])
    x[3] = WORDS.index(VERBS[0])
    return Batch(x, torch.ones_like(x, dtype=torch.bool), torch.tensor([1, 0]), None)


def untrained(kind: Kind, seed: int) -> SequenceToVector:
    """Returns a network of the default size for the sentences, at initialisation."""
    spec = {"pattern": "sequence_to_vector", "reads_tokens": True, "reads": len(WORDS), "answers": len(CLASSES)}
    network = build(compose([f"seed={seed}", *kind.overrides]), spec)
    assert isinstance(network, SequenceToVector)
    return network


def trained(kind: Kind, fillers: int, seed: int) -> SequenceToVector:
    """Returns a network trained on fresh sentences with `fillers` words after "movie"."""
    network, draw = untrained(kind, seed), stream(seed, f"lecture/not/{fillers}/train")
    optimizer = torch.optim.Adam(network.parameters(), lr=RATE)
    for _ in range(UPDATES):
        batch = sentences(BATCH, fillers, draw)
        optimizer.zero_grad()
        F.cross_entropy(network(batch), batch.y).backward()
        torch.nn.utils.clip_grad_norm_(network.parameters(), CLIP)
        optimizer.step()
    return network


@torch.no_grad()
def accuracy(network: SequenceToVector, fillers: int) -> float:
    """Computes the share of right answers on sentences that it was not trained on."""
    batch = sentences(TESTED, fillers, stream(0, f"lecture/not/{fillers}/val"))
    return float((network(batch).argmax(-1) == batch.y).double().mean())


@torch.no_grad()
def by_word(network: SequenceToVector, batch: Batch) -> Tensor:
    """Computes the probability of "positive" if the sentence ended at each word; (T, B)."""
    states = network.rnn(network.read(batch), mask=batch.mask)
    return network.read_out(states).softmax(-1)[..., CLASSES.index("positive")]
