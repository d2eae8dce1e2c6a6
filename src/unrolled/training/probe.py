"""Looking at a network's gradients on one batch: the real backward pass, and its diagnosis in float64 log space."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from unrolled.gradients.log_pass import in_float64, log_pass
from unrolled.gradients.profile import Profile, profile
from unrolled.gradients.regime import Diagnosis, diagnose
from unrolled.rnn import SequenceToVector, Tape

from .module import Batch, build

Loss = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Look:
    """profile: of the real backward pass, in the precision of training. diagnosis: from the log-space pass."""

    profile: Profile
    diagnosis: Diagnosis


@dataclass(frozen=True)
class Births:
    """Diagnoses of networks drawn from one configuration, before any training."""

    diagnoses: list[Diagnosis]

    @property
    def slopes(self) -> list[float]:
        return [d.slope.mean for d in self.diagnoses if d.slope]

    @property
    def regimes(self) -> dict[str, int]:
        labels = [d.regime for d in self.diagnoses]
        return {label: labels.count(label) for label in sorted(set(labels))}


def look(network: SequenceToVector, loss: Loss, batch: Batch, tape: Tape | None = None) -> Look:
    """Looks at the network on a batch; the parameters' own gradients are left alone.

    tape: of a backward pass already done on this batch (its dL/dh_t are used); None: one is done here. The loss is a
    mean over samples, so that each sample's gradient of its own loss is B times what the tape holds.
    """
    words, mask, label = batch
    if tape is None:
        tape = Tape()
        with torch.enable_grad():
            value = loss(network(words, mask, tape), label)
            torch.autograd.grad(value, network.rnn.W_h)
    assert tape.dh is not None
    return Look(profile(tape.dh * len(label), mask), diagnosis(network, loss, batch))


def diagnosis(network: SequenceToVector, loss: Loss, batch: Batch) -> Diagnosis:
    """The regime of the network on a batch, in float64 from the embedding on."""
    words, mask, label = batch
    rnn = in_float64(network.rnn)
    with torch.no_grad():
        x = network.embedding(words).double()
        h, h_T = rnn.unroll(x, mask=mask)
    with torch.enable_grad():
        h_T = h_T.detach().requires_grad_()
        value = loss(F.linear(h_T, network.W_o.double(), network.b_o.double()), label) * len(label)
        (dh_T,) = torch.autograd.grad(value, h_T)
    return diagnose(rnn, log_pass(rnn, x, h, dh_T, mask))


def births(config: dict[str, Any], network: SequenceToVector, loss: Loss, batch: Batch) -> Births:
    """Draws `probe.births` networks like this one and diagnoses each, untrained."""
    vocabulary, classes = len(network.embedding.weight), len(network.b_o)
    device = network.b_o.device
    drawn = (
        build(config, vocabulary, classes, draw=f"birth/{i}/").to(device) for i in range(config["probe"]["births"])
    )
    return Births([diagnosis(birth, loss, batch) for birth in drawn])


def relative_log(diagnosis: Diagnosis) -> Tensor:
    """(T,) in order of time: mean ln of the norm of dL/dh_t relative to that at lag 0; nan where too few samples."""
    lags = diagnosis.lags
    return torch.where(lags.enough, lags.mean, torch.nan).flip(0).cpu()
