"""Draws networks from a run's configuration and diagnoses them untrained: one draw of the weights proves little."""

from dataclasses import dataclass

from torch import Tensor

from unrolled.config.schema import Config
from unrolled.rnn import Batch
from unrolled.tasks.data import Loss

from .diagnoses import diagnoses, relative_log
from .network import Spec, build
from .word_vectors import WordVectors

SAMPLES, SOURCES = 32, 8  # examples and time steps that the cone of each network follows
MOST_ZEROS = 0.5  # share of samples whose gradient is exactly 0, above which a network counts as without one


@dataclass(frozen=True)
class Initialisations:
    """Diagnoses of one RNN in networks drawn from a configuration, one entry per network.

    labels: its regime.
    all_slopes: its slope in nats per lag; None if too little is left to fit one.
    alive: whether it has a gradient left, that is, one that is not exactly 0 in at least half of the samples.
    curves: (T,), its `relative_log`.
    """

    labels: list[str]
    all_slopes: list[float | None]
    alive: list[bool]
    curves: list[Tensor]

    @property
    def slopes(self) -> list[float]:
        """Slopes of the networks with a gradient left; in the others a few surviving samples would stand for all."""
        pairs = zip(self.all_slopes, self.alive, strict=True)
        return [slope for slope, alive in pairs if alive and slope is not None]

    @property
    def regimes(self) -> dict[str, int]:
        """Number of networks in each regime, by name."""
        return {label: self.labels.count(label) for label in sorted(set(self.labels))}


def draw_initialisations(
    config: Config, spec: Spec, loss: Loss, batch: Batch, vectors: WordVectors | None = None
) -> dict[str, Initialisations]:
    """Draws `probe.births` untrained networks and diagnoses their RNNs; returns the diagnoses by RNN.

    spec: `Data.spec` of the task.
    loss: gives one value per answer.
    batch: the examples that the networks are diagnosed on.
    vectors: rows of the embedding that are known before training.
    """
    drawn = {name: Initialisations([], [], [], []) for name in build(config, spec).rnns}
    for i in range(config.probe.births):
        network = build(config, spec, f"birth/{i}/", vectors)
        for name, diagnosis in diagnoses(network, loss, batch, SAMPLES, SOURCES).items():
            drawn[name].labels.append(diagnosis.regime)
            drawn[name].all_slopes.append(diagnosis.slope)
            drawn[name].alive.append(diagnosis.zeros <= MOST_ZEROS and diagnosis.regime != "dead")
            drawn[name].curves.append(relative_log(diagnosis))
    return drawn
