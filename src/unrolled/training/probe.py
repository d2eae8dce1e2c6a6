"""Looking at a network's gradients on one batch: the real backward pass, and its diagnosis in float64 log space."""

import copy
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from unrolled.gradients.log_pass import log_pass
from unrolled.gradients.profile import Profile, profile, root_mean_square
from unrolled.gradients.regime import Diagnosis, diagnose
from unrolled.rnn import Batch, Pattern, Tape
from unrolled.tasks.data import Loss, mean_loss, own_losses

from .module import Spec, Vectors, build

NEEDS_THE_CONE = "needs the cone"


@dataclass(frozen=True)
class Look:
    """profile: of dL/dh_t in the real backward pass, in the precision of training, over all RNNs in order of time.

    input_rms (T,): RMS over samples of the norm of dL/dx_t. seam: where a decoder's steps begin, or None.
    diagnosis: from the log-space pass through the reader; None where the loss reads every state.
    """

    profile: Profile
    input_rms: Tensor
    seam: int | None
    diagnosis: Diagnosis | None


Evidence = dict[str, Any]  # what is kept of a look, in plain values


def evidence(seen: Look) -> Evidence:
    """Slopes in nats per lag, horizons in lags; regime and the rest are missing where the loss reads every state."""
    kept: Evidence = {"flushed_to_zero": int(seen.profile.zeros.nansum()), "seam": seen.seam}
    told = seen.diagnosis
    if told is None:
        return kept
    return kept | {
        "regime": told.regime,
        "regime_reason": told.reason,
        "slope": told.slope.mean if told.slope else None,
        "slope_error": told.slope.error if told.slope else None,
        "horizon": told.horizon.lag,
        "longest_lag": told.longest_lag,
        "horizon_direction": told.horizon.direction,
        "horizon_extrapolated": told.extrapolated_horizon,
    }


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


def look(network: Pattern, loss: Loss, batch: Batch, tapes: Sequence[Tape] = ()) -> Look:
    """Looks at the network on a batch; the parameters' own gradients are left alone.

    loss: one value per answer. tapes: of a backward pass of the mean over all answers, already done on this batch;
    none: one is done here. A sample's own loss is the mean over its own answers.
    """
    if not tapes:
        tapes = [Tape() for _ in network.rnns]
        with torch.enable_grad():
            total = mean_loss(loss(network(batch, tapes), batch.y), batch)
            torch.autograd.grad(total, [rnn.W_h for rnn in network.rnns.values()])
    scale, masks = _own_scale(batch).unsqueeze(1), network.masks(batch)
    dh = torch.cat([_kept(tape.dh) for tape in tapes]) * scale
    pairs = zip(tapes, network.rnns.values(), strict=True)
    dx = torch.cat([(_kept(tape.da).double() @ rnn.W_x.detach().double()).norm(dim=2) for tape, rnn in pairs])
    mask = torch.cat(masks)
    seam = len(masks[0]) if len(masks) > 1 else None
    return Look(profile(dh, mask), root_mean_square(dx * scale.squeeze(1), mask), seam, diagnosis(network, loss, batch))


def _own_scale(batch: Batch) -> Tensor:
    """(B,): from the gradient of the mean over all answers to that of a sample's own loss."""
    if batch.y_mask is None:
        return torch.full((len(batch.y),), len(batch.y), dtype=torch.float64, device=batch.y.device)
    own = batch.y_mask.sum(0).double()
    return own.sum() / own.clamp_min(1)


def _kept(gradient: Tensor | None) -> Tensor:
    assert gradient is not None
    return gradient


def diagnosis(network: Pattern, loss: Loss, batch: Batch) -> Diagnosis | None:
    """The regime of the network's reader on a batch, in float64; None where the loss reads every state."""
    if network.reader is None:
        return None
    network = copy.deepcopy(network).double()
    reader = network.reader
    assert reader is not None
    mask = network.masks(batch)[0]
    with torch.no_grad():
        x = network.read(batch)  # type: ignore[operator]
        h, h_T = reader.unroll(x, mask=mask)
    with torch.enable_grad():
        h_T = h_T.detach().requires_grad_()
        answer = network.answer(h_T, batch)  # type: ignore[operator]
        (dh_T,) = torch.autograd.grad(own_losses(loss(answer, batch.y), batch).sum(), h_T)
    return diagnose(reader, log_pass(reader, x, h, dh_T, mask))


def births(config: dict[str, Any], spec: Spec, loss: Loss, batch: Batch, vectors: Vectors = None) -> Births:
    """Draws `probe.births` networks of this configuration and diagnoses each, untrained; none without a reader."""
    if build(config, spec).reader is None:
        return Births([])
    names = (f"birth/{i}/" for i in range(config["probe"]["births"]))
    drawn = (diagnosis(build(config, spec, name, vectors), loss, batch) for name in names)
    return Births([each for each in drawn if each is not None])


def relative_log(diagnosis: Diagnosis) -> Tensor:
    """(T,) in order of time: mean ln of the norm of dL/dh_t relative to that at lag 0; nan where too few samples."""
    lags = diagnosis.lags
    return torch.where(lags.enough, lags.mean, torch.nan).flip(0).cpu()
