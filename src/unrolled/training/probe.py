"""Measures a network's gradients on one batch: the real backward pass, and its diagnosis in float64 log space."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from unrolled.gradients.diagnosis import Diagnosis
from unrolled.gradients.profile import Profile, profile, root_mean_square
from unrolled.gradients.weights import WeightGradient, norms_by_step, weight_gradient
from unrolled.record.samples import MOST_SAMPLES
from unrolled.rnn import Batch, Pattern, Recurrent, Tape
from unrolled.rnn.cells.cell import joint
from unrolled.tasks.data import Loss, mean_loss

from .diagnoses import diagnoses
from .samples import norms_of_samples


@dataclass(frozen=True)
class Measurement:
    """The gradients of a network in one backward pass on a batch, and the diagnosis of each of its RNNs.

    profile: norms of the gradient of the joint state (h_t, of an LSTM with c_t) in the real backward pass, in its own
    precision, over all RNNs in order of time.
    of_states: profiles of dL/dh_t and of dL/dc_t by the name of the state.
    input_rms: (T,), RMS over samples of the norm of dL/dx_t.
    weights: dL/dW_h by time step, of each RNN by its name.
    gates: norms (T,) of dL/dW_h by time step, of each gate of each RNN; of a layer without gates none.
    steps: number of time steps of each RNN by its name, in order of time.
    diagnoses: by RNN, from the log-space pass; from the gradient cone if the loss reads every state.
    every_state: whether the loss reads every state of the first RNN.
    bits: precision of the real pass; 64 for an untrained network.
    samples: (S, T), ln of the norm of dL/dh_t of the first samples, in log space.
    """

    profile: Profile
    of_states: dict[str, Profile]
    input_rms: Tensor
    weights: dict[str, WeightGradient]
    gates: dict[str, dict[str, Tensor]]
    steps: dict[str, int]
    diagnoses: dict[str, Diagnosis]
    every_state: bool
    bits: int
    samples: Tensor

    @property
    def diagnosis(self) -> Diagnosis:
        """Diagnosis of the first RNN, which is the only one or the encoder."""
        return next(iter(self.diagnoses.values()))

    @property
    def profile_by_lag(self) -> Tensor | None:
        """(L,): mean ln of the norm in the real pass by lag, as far as samples reach; -inf if most are exactly 0.

        None if the loss reads every state: each norm then includes the gradient of the step's own loss.
        """
        if self.every_state:
            return None
        read = slice(0, next(iter(self.steps.values())))
        logs, zeros, count = (
            each[read].flip(0) for each in (self.profile.log_mean, self.profile.zeros, self.profile.count)
        )
        return torch.where(zeros > count / 2, -torch.inf, logs)[count > 0]

    @property
    def flushed_to_zero(self) -> int:
        """Number of norms of the real pass that are exactly 0, over all samples and time steps."""
        return int(self.profile.zeros.nansum())

    @property
    def below_float_from(self) -> int | None:
        """The lag from which on most norms of the real pass are exactly 0 although the gradient is not.

        None if there is no such lag, or the loss reads every state, which hides it.
        """
        curve = self.profile_by_lag
        if curve is None or self.diagnosis.zeros > 0.5:
            return None
        kept = (~torch.isneginf(curve)).nonzero()
        first = int(kept.max()) + 1 if len(kept) else 0
        return first if first < len(curve) else None


def measure(network: Pattern, loss: Loss, batch: Batch, tapes: Sequence[Tape] = ()) -> Measurement:
    """Measures the gradients of the network on a batch, each sample's of the mean loss over its own answers.

    The parameters' `.grad` are not changed.
    loss: gives one value per answer.
    tapes: one per RNN, of a backward pass already done on this batch with the mean loss over all answers; none: a
    backward pass is done here.
    """
    if not tapes:
        tapes = [Tape() for _ in network.rnns]
        with torch.enable_grad():
            total = mean_loss(loss(network(batch, tapes), batch.y), batch)
            torch.autograd.grad(total, [rnn.W_h for rnn in network.rnns.values()])
    scale, masks = _own_scale(batch).unsqueeze(1), network.masks(batch)
    names = next(iter(network.rnns.values())).names
    gradients = {name: torch.cat([_kept(each) for each in _of_state(tapes, i)]) for i, name in enumerate(names)}
    mask = torch.cat(masks)
    named = dict(zip(network.rnns.items(), tapes, strict=True))
    dx = torch.cat(
        [(_kept(tape.da).double() @ rnn.W_x.detach().double()).norm(dim=2) for (_, rnn), tape in named.items()]
    )
    return Measurement(
        profile=profile(joint(list(gradients.values())) * scale, mask),
        of_states={name: profile(each * scale, mask) for name, each in gradients.items()},
        input_rms=root_mean_square(dx * scale.squeeze(1), mask),
        weights={name: weight_gradient(_kept(tape.dq), _kept(tape.h)[:-1]) for (name, _), tape in named.items()},
        gates={name: _gates(rnn, tape) for (name, rnn), tape in named.items()},
        steps=network.steps(batch),
        diagnoses=diagnoses(network, loss, batch),
        every_state=not network.last_alone,
        bits=torch.finfo(gradients["h"].dtype).bits,
        samples=norms_of_samples(network, loss, batch.first(MOST_SAMPLES)),
    )


def measure_untrained(network: Pattern, loss: Loss, batch: Batch) -> Measurement:
    """Measures like `measure`, in float64: in chaos a float32 pass soon leaves the trajectory of the diagnosis."""
    return measure(copy.deepcopy(network).double(), loss, _in_double(batch))


def _in_double(batch: Batch) -> Batch:
    """Returns the batch with its numbers in float64; tokens, classes and masks as they are."""
    x, y = (values.double() if values.is_floating_point() else values for values in (batch.x, batch.y))
    return batch._replace(x=x, y=y)


def _own_scale(batch: Batch) -> Tensor:
    """Returns (B,): factor from the gradient of the mean over all answers to that of a sample's own loss."""
    if batch.y_mask is None:
        return torch.full((len(batch.y),), len(batch.y), dtype=torch.float64, device=batch.y.device)
    own = batch.y_mask.sum(0).double()
    return own.sum() / own.clamp_min(1)


def _of_state(tapes: Sequence[Tape], i: int) -> list[Tensor | None]:
    """Returns dL/dh_t (i = 0) or dL/dc_t (i = 1) of each tape."""
    return [(tape.dh, tape.dc)[i] for tape in tapes]


def _gates(layer: Recurrent, tape: Tape) -> dict[str, Tensor]:
    """Returns the norms (T,) of each step's contribution to dL/dW_h, for each gate; {} if there is one block alone."""
    gates, dq, h = layer.cell.gates, _kept(tape.dq), _kept(tape.h)[:-1]
    if len(gates) == 1:
        return {}
    blocks = dq.unflatten(2, (len(gates), -1)).unbind(2)
    return {gate: norms_by_step(block, h).cpu() for gate, block in zip(gates, blocks, strict=True)}


def _kept(values: Tensor | None) -> Tensor:
    assert values is not None
    return values
