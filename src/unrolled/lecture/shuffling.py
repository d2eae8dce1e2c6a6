"""What the order of words is worth to a trained network: its accuracy on sentences, and on the same words shuffled."""

import math
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from unrolled.inspection.restore import restore_run
from unrolled.rnn.init import stream
from unrolled.tasks.data import Split
from unrolled.tasks.variants import shuffled
from unrolled.training.module import RecurrentModule

SHUFFLES = 20
NORMAL_95 = 1.96


@dataclass(frozen=True)
class Cost:
    """What shuffling costs.

    mean: accuracy in order less accuracy shuffled, a share.
    half: half-width of its 95 % interval, from the differences of single sentences.
    n: number of sentences.
    """

    mean: float
    half: float
    n: int

    def in_words(self) -> str:
        """Returns the cost with its interval, and what it says of the order of words."""
        low, high = 100 * (self.mean - self.half), 100 * (self.mean + self.half)
        if low > 0:
            meaning = "this network uses the order of the words"
        elif high < 0:
            meaning = "this network does better without the order of the words"
        else:
            meaning = "it is not certain that this network uses the order of the words"
        return (
            f"Shuffling the words that this trained network reads costs {100 * self.mean:z.1f} points of accuracy "
            f"(95 % interval {low:z.1f} to {high:z.1f}; {self.n} sentences, each shuffled {SHUFFLES} times): {meaning}."
        )


def paired(ordered: Tensor, others: Tensor) -> Cost:
    """Computes the mean difference and its interval over sentences, each of which is its own control.

    ordered: whether the answer is right, bool (N,).
    others: the same of each shuffle, bool (shuffles, N).
    """
    differences = ordered.double() - others.double().mean(0)
    half = NORMAL_95 * float(differences.std()) / math.sqrt(len(differences))
    return Cost(float(differences.mean()), half, len(differences))


def cost(folder: Path) -> Cost:
    """Computes the cost for the network of the run in `folder`, as it was after its last update."""
    config, data, module = restore_run(folder, "last")
    assert isinstance(data.val, Split)
    generator = stream(config.seed, "lecture/shuffle")
    others = [_right(module, shuffled(data.val, generator)) for _ in range(SHUFFLES)]
    return paired(_right(module, data.val), torch.stack(others))


@torch.no_grad()
def _right(module: RecurrentModule, split: Split) -> Tensor:
    batch = split.whole()
    return module.network(batch).argmax(-1) == batch.y
