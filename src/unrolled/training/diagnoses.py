"""Diagnoses the gradients of each RNN of a network on a batch, in float64 log space, and draws portraits of them."""

import copy

import torch
from torch import Tensor

from unrolled.gradients.along import Trajectory
from unrolled.gradients.diagnose import of_every_loss, of_last_loss
from unrolled.gradients.diagnosis import Diagnosis
from unrolled.gradients.portrait import Portrait, portrait
from unrolled.gradients.trajectory import states_along
from unrolled.rnn import Batch, Driven, Pattern
from unrolled.tasks.data import Loss, own_losses

CONE_SAMPLES, CONE_SOURCES = 64, 16  # limits at a probe, to bound its time


def diagnoses(
    network: Pattern, loss: Loss, batch: Batch, samples: int = CONE_SAMPLES, sources: int = CONE_SOURCES
) -> dict[str, Diagnosis]:
    """Returns the diagnosis of each RNN of a network on a batch, by name, computed in float64.

    loss: of the network's answers, one value per answer.
    samples, sources: limits if the loss reads every state: about `samples` samples, at most `sources` time steps.
    """
    return {
        name: _diagnosis(each, *followed(each, loss, own), sources)
        for name, (each, own) in _drivens(network, batch, samples).items()
    }


def portraits_of(network: Pattern, loss: Loss, batch: Batch) -> dict[str, tuple[Diagnosis, Portrait | None]]:
    """Returns (diagnosis, portrait) of each RNN of a network on a batch, by name, computed in float64.

    loss: of the network's answers, one value per answer.
    The portrait is None if a state is not finite.
    """
    found = {}
    for name, (each, own) in _drivens(network, batch, CONE_SAMPLES).items():
        trajectory, dh = followed(each, loss, own)
        diagnosis = _diagnosis(each, trajectory, dh, CONE_SOURCES)
        answers = () if each.counted is None else (dh, each.counted)
        found[name] = (diagnosis, portrait(diagnosis, *answers) if diagnosis.diverged_at is None else None)
    return found


def _drivens(network: Pattern, batch: Batch, samples: int) -> dict[str, tuple[Driven, Batch]]:
    """Returns each RNN's input in float64 with its batch, of about `samples` samples if the loss reads every state."""
    network = copy.deepcopy(network).double().requires_grad_(False)
    found = {name: (each, batch) for name, each in network.driven(batch).items()}
    if any(each.counted is not None for each, _ in found.values()):
        few = batch.part(0, max(1, _size(batch) // samples))
        cut = network.driven(few)
        found = {name: pair if pair[0].counted is None else (cut[name], few) for name, pair in found.items()}
    return found


def _size(batch: Batch) -> int:
    return len(batch.y) if batch.y_mask is None else batch.y_mask.shape[1]


def _diagnosis(each: Driven, trajectory: Trajectory, dh: Tensor, sources: int) -> Diagnosis:
    if each.counted is None:
        return of_last_loss(each.rnn, trajectory, dh)
    return of_every_loss(each.rnn, trajectory, dh, each.counted, sources)


def followed(each: Driven, loss: Loss, batch: Batch) -> tuple[Trajectory, Tensor]:
    """Runs an RNN and differentiates the loss with respect to the states that the network reads.

    each: the RNN with its input on `batch`.
    loss: of the network's answers, one value per answer.
    Returns (trajectory, gradient). Last state read: each sample's loss by the joint state, (B, D); every state: each
    answer's by h_t, (T, B, H).
    """
    trajectory = states_along(each.rnn, each.x, each.h0, each.mask)
    with torch.enable_grad():
        read = (trajectory.state[-1] if each.counted is None else trajectory.h).detach().requires_grad_()
        losses = loss(each.answer(read), batch.y)
        own = own_losses(losses, batch) if each.counted is None else losses[each.counted]
        (dh,) = torch.autograd.grad(own.sum(), read)
    return trajectory, dh


def relative_log(diagnosis: Diagnosis) -> Tensor:
    """Returns the mean ln of |dL/dh_t| relative to lag 0, (T,) in order of time; nan at lags with too few samples."""
    lags = diagnosis.lags
    return torch.where(lags.enough, lags.mean, torch.nan).flip(0).cpu()
