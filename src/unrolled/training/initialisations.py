"""Networks drawn from a run's configuration before any training: one draw of the weights is a coin toss."""

from dataclasses import dataclass

from torch import Tensor

from unrolled.config.schema import Config
from unrolled.rnn import Batch
from unrolled.tasks.data import Loss

from .diagnoses import diagnoses, relative_log
from .network import Spec, build
from .word_vectors import WordVectors

SAMPLES, SOURCES = 32, 8  # what a cone follows of each
MOST_ZEROS = 0.5  # share of samples without a gradient, above which a network has none


@dataclass(frozen=True)
class Births:
    """One RNN of networks drawn from a configuration, before any training.

    labels, found: regime and slope (None: too little left for one) of each. alive: whether it has a gradient left: not
    where that of over half of its samples is exactly 0. curves: (T,) each, as `relative_log` gives them.
    """

    labels: list[str]
    found: list[float | None]
    alive: list[bool]
    curves: list[Tensor]

    @property
    def slopes(self) -> list[float]:
        """Of the networks that have a gradient left: the few samples that survive in another speak of themselves."""
        pairs = zip(self.found, self.alive, strict=True)
        return [slope for slope, alive in pairs if alive and slope is not None]

    @property
    def regimes(self) -> dict[str, int]:
        return {label: self.labels.count(label) for label in sorted(set(self.labels))}


def births(
    config: Config, spec: Spec, loss: Loss, batch: Batch, vectors: WordVectors | None = None
) -> dict[str, Births]:
    """Draws `probe.births` networks of this configuration and diagnoses each RNN of them, untrained."""
    born = {name: Births([], [], [], []) for name in build(config, spec).rnns}
    for i in range(config.probe.births):
        network = build(config, spec, f"birth/{i}/", vectors)
        for name, told in diagnoses(network, loss, batch, SAMPLES, SOURCES).items():
            born[name].labels.append(told.regime)
            born[name].found.append(told.slope)
            born[name].alive.append(told.zeros <= MOST_ZEROS and told.regime != "dead")
            born[name].curves.append(relative_log(told))
    return born
