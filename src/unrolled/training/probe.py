"""Looking at a network's gradients on one batch: the real backward pass, and its diagnosis in float64 log space."""

import copy
import math
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import Tensor

from unrolled.gradients.diagnosis import Diagnosis, of_every_loss, of_last_loss
from unrolled.gradients.portrait import Portrait, portrait
from unrolled.gradients.profile import Profile, profile, root_mean_square
from unrolled.gradients.trajectory import Trajectory, trajectory
from unrolled.gradients.weights import WeightGradient, weight_gradient
from unrolled.rnn import Batch, Driven, Pattern, Tape
from unrolled.tasks.data import Loss, mean_loss, own_losses

from .module import Spec, Vectors, build

CONE_SAMPLES, CONE_SOURCES = 64, 16  # what a cone follows at a probe
BIRTH_SAMPLES, BIRTH_SOURCES = 32, 8  # and at a birth


@dataclass(frozen=True)
class Look:
    """profile: of dL/dh_t in the real backward pass, in the precision of training, over all RNNs in order of time.

    input_rms (T,): RMS over samples of the norm of dL/dx_t. weights: of each RNN by its name, dL/dW_h step by step.
    seam: where a decoder's steps begin, or None. diagnoses: of each RNN, from the log-space pass; where the loss reads
    every state, from the gradient cone. every_state: whether it does, of the first RNN. bits: of the real pass.
    """

    profile: Profile
    input_rms: Tensor
    weights: dict[str, WeightGradient]
    seam: int | None
    diagnoses: dict[str, Diagnosis]
    every_state: bool
    bits: int

    @property
    def diagnosis(self) -> Diagnosis:
        """Of the only RNN, or of the encoder: what it has read has to pass through its last state."""
        return next(iter(self.diagnoses.values()))

    @property
    def profile_by_lag(self) -> Tensor | None:
        """(L,): mean ln of the norm in the real pass by lag, where samples are real; -inf where most are exactly 0.

        None where the loss reads every state: a fresh gradient at each step is part of every norm.
        """
        if self.every_state:
            return None
        read = slice(0, self.seam)
        logs, zeros, count = (
            each[read].flip(0) for each in (self.profile.log_mean, self.profile.zeros, self.profile.count)
        )
        return torch.where(zeros > count / 2, -torch.inf, logs)[count > 0]

    @property
    def below_float_from(self) -> int | None:
        """The lag from which on most norms of the real pass are exactly 0 although the gradient is not.

        None where there is no such lag, and where a fresh gradient at each step hides it.
        """
        curve = self.profile_by_lag
        if curve is None or self.diagnosis.zeros > 0.5:
            return None
        kept = (~torch.isneginf(curve)).nonzero()
        first = int(kept.max()) + 1 if len(kept) else 0
        return first if first < len(curve) else None


Evidence = dict[str, Any]  # what is kept of a look, in plain values


def evidence(seen: Look, whole: bool = False) -> Evidence:
    """Of every RNN under `parts`, in order of time; `whole`: with the predictions of theory beside each."""
    parts = {name: evidence_of(told, whole) | _of_weights(seen.weights[name]) for name, told in seen.diagnoses.items()}
    return {
        "flushed_to_zero": int(seen.profile.zeros.nansum()),
        "below_float_from": seen.below_float_from,
        "bits": seen.bits,
        "every_state": seen.every_state,
        "seam": seen.seam,
        "parts": parts,
    }


def evidence_of(told: Diagnosis, whole: bool = True) -> Evidence:
    """Slopes in nats per lag, horizons in lags, shares of 1."""
    kept: Evidence = {
        "regime": told.regime,
        "regime_reason": told.reason,
        "explanation": told.explanation,
        "slope": told.slope,
        "slope_error": told.slope_error,
        "horizon": told.horizon.lag,
        "longest_lag": told.longest_lag,
        "horizon_direction": told.horizon.direction,
        "horizon_extrapolated": told.extrapolated_horizon,
        "slope_by_f": told.by_f,
        "slope_by_W_h": told.by_weights,
        "flat": _number(told.flat),
        "dead": _number(told.dead),
    }
    return kept | {"predictions": _predicted(told)} if whole else kept


def _of_weights(weights: WeightGradient) -> Evidence:
    return {
        "cancellation": _number(weights.cancellation),
        "weight_horizon": {f"{share:.0%}": lag for share, lag in weights.memory.items()},
    }


def _predicted(told: Diagnosis) -> dict[str, float | None]:
    """ln 0 is no number that JSON knows: it is left null, as nan is."""
    exponent = told.exponent
    first = (float(exponent.exponents[0]), float(exponent.stderr[0])) if exponent else (math.nan, math.nan)
    found = asdict(told.predictions) | {"exponent": first[0], "exponent_error": first[1]}
    return {key: _number(value) for key, value in found.items()}


def _number(value: float) -> float | None:
    return value if math.isfinite(value) else None


@dataclass(frozen=True)
class Births:
    """One RNN of networks drawn from a configuration, before any training.

    labels, found: regime and slope (None: none to tell) of each. curves: (T,) each, as `relative_log` gives them.
    """

    labels: list[str]
    found: list[float | None]
    curves: list[Tensor]

    @property
    def slopes(self) -> list[float]:
        return [slope for slope in self.found if slope is not None]

    @property
    def regimes(self) -> dict[str, int]:
        return {label: self.labels.count(label) for label in sorted(set(self.labels))}


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
    dh = [_kept(tape.dh) for tape in tapes]
    mask = torch.cat(masks)
    named = dict(zip(network.rnns.items(), tapes, strict=True))
    dx = torch.cat(
        [(_kept(tape.da).double() @ rnn.W_x.detach().double()).norm(dim=2) for (_, rnn), tape in named.items()]
    )
    return Look(
        profile=profile(torch.cat(dh) * scale, mask),
        input_rms=root_mean_square(dx * scale.squeeze(1), mask),
        weights={name: weight_gradient(_kept(tape.da), _kept(tape.h)[:-1]) for (name, _), tape in named.items()},
        seam=len(masks[0]) if len(masks) > 1 else None,
        diagnoses=diagnoses(network, loss, batch),
        every_state=not network.last_alone,
        bits=torch.finfo(dh[0].dtype).bits,
    )


def _own_scale(batch: Batch) -> Tensor:
    """(B,): from the gradient of the mean over all answers to that of a sample's own loss."""
    if batch.y_mask is None:
        return torch.full((len(batch.y),), len(batch.y), dtype=torch.float64, device=batch.y.device)
    own = batch.y_mask.sum(0).double()
    return own.sum() / own.clamp_min(1)


def _kept(values: Tensor | None) -> Tensor:
    assert values is not None
    return values


def diagnoses(
    network: Pattern, loss: Loss, batch: Batch, samples: int = CONE_SAMPLES, sources: int = CONE_SOURCES
) -> dict[str, Diagnosis]:
    """The regime of each RNN of the network on a batch, in float64.

    samples, sources: where the loss reads every state, at most so many samples and time steps are followed.
    """
    return {
        name: _diagnosis(each, *followed(each, loss, own), sources)
        for name, (each, own) in _drivens(network, batch, samples).items()
    }


def portraits_of(network: Pattern, loss: Loss, batch: Batch) -> dict[str, tuple[Diagnosis, Portrait | None]]:
    """Each RNN's diagnosis and all that can be drawn of it; no portrait of one whose state is not finite."""
    found = {}
    for name, (each, own) in _drivens(network, batch, CONE_SAMPLES).items():
        seen, dh = followed(each, loss, own)
        told = _diagnosis(each, seen, dh, CONE_SOURCES)
        answers = () if each.counted is None else (dh, each.counted)
        found[name] = (told, portrait(told, *answers) if told.diverged_at is None else None)
    return found


def _drivens(network: Pattern, batch: Batch, samples: int) -> dict[str, tuple[Driven, Batch]]:
    """What drives each RNN, in float64, and on which batch: about `samples` of it where the loss reads every state."""
    network = copy.deepcopy(network).double().requires_grad_(False)
    found = {name: (each, batch) for name, each in network.driven(batch).items()}
    if any(each.counted is not None for each, _ in found.values()):
        few = batch.part(0, max(1, _size(batch) // samples))
        cut = network.driven(few)
        found = {name: pair if pair[0].counted is None else (cut[name], few) for name, pair in found.items()}
    return found


def _size(batch: Batch) -> int:
    return len(batch.y) if batch.y_mask is None else batch.y_mask.shape[1]


def _diagnosis(each: Driven, seen: Trajectory, dh: Tensor, sources: int) -> Diagnosis:
    if each.counted is None:
        return of_last_loss(each.rnn, seen, dh)
    return of_every_loss(each.rnn, seen, dh, each.counted, sources)


def followed(each: Driven, loss: Loss, batch: Batch) -> tuple[Trajectory, Tensor]:
    """The RNN's states, and the gradient of each sample's own loss in the last one, (B, H); or, where every state is
    read, that of each answer's loss in its own state, (T, B, H)."""
    seen = trajectory(each.rnn, each.x, each.h0, each.mask)
    with torch.enable_grad():
        read = (seen.h[-1] if each.counted is None else seen.h).detach().requires_grad_()
        losses = loss(each.answer(read), batch.y)
        own = own_losses(losses, batch) if each.counted is None else losses[each.counted]
        (dh,) = torch.autograd.grad(own.sum(), read)
    return seen, dh


def births(config: dict[str, Any], spec: Spec, loss: Loss, batch: Batch, vectors: Vectors = None) -> dict[str, Births]:
    """Draws `probe.births` networks of this configuration and diagnoses each RNN of them, untrained."""
    born = {name: Births([], [], []) for name in build(config, spec).rnns}
    for i in range(config["probe"]["births"]):
        network = build(config, spec, f"birth/{i}/", vectors)
        for name, told in diagnoses(network, loss, batch, BIRTH_SAMPLES, BIRTH_SOURCES).items():
            born[name].labels.append(told.regime)
            born[name].found.append(told.slope)
            born[name].curves.append(relative_log(told))
    return born


def relative_log(diagnosis: Diagnosis) -> Tensor:
    """(T,) in order of time: mean ln of the norm of dL/dh_t relative to that at lag 0; nan where too few samples."""
    lags = diagnosis.lags
    return torch.where(lags.enough, lags.mean, torch.nan).flip(0).cpu()
