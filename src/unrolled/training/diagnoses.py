"""The regime of each RNN of a network on a batch, in float64 log space, and what can be drawn of it."""

import copy

import torch
from torch import Tensor

from unrolled.gradients.diagnose import of_every_loss, of_last_loss
from unrolled.gradients.diagnosis import Diagnosis
from unrolled.gradients.portrait import Portrait, portrait
from unrolled.gradients.trajectory import Trajectory, states_along
from unrolled.rnn import Batch, Driven, Pattern
from unrolled.tasks.data import Loss, own_losses

CONE_SAMPLES, CONE_SOURCES = 64, 16  # what a cone follows at a probe


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
    seen = states_along(each.rnn, each.x, each.h0, each.mask)
    with torch.enable_grad():
        read = (seen.h[-1] if each.counted is None else seen.h).detach().requires_grad_()
        losses = loss(each.answer(read), batch.y)
        own = own_losses(losses, batch) if each.counted is None else losses[each.counted]
        (dh,) = torch.autograd.grad(own.sum(), read)
    return seen, dh


def relative_log(diagnosis: Diagnosis) -> Tensor:
    """(T,) in order of time: mean ln of the norm of dL/dh_t relative to that at lag 0; nan where too few samples."""
    lags = diagnosis.lags
    return torch.where(lags.enough, lags.mean, torch.nan).flip(0).cpu()
