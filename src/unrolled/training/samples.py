"""The gradient of single samples at every time step, and what the network reads there."""

import copy

import torch
from torch import Tensor

from unrolled.gradients.diagnose import whole
from unrolled.gradients.total import log_total_gradient
from unrolled.rnn import Batch, Pattern
from unrolled.rnn.decoding import shifted
from unrolled.tasks.data import Data, Loss

from .diagnoses import followed


def norms_of_samples(network: Pattern, loss: Loss, batch: Batch) -> Tensor:
    """Computes ln of the norm of dL/dh_t for each sample's own loss, in float64, over all RNNs in order of time.

    loss: gives one value per answer; a sample's own is the mean over its answers.
    Returns (B, T): -inf where the gradient is exactly 0, nan where there is no such step.
    """
    network = copy.deepcopy(network).double().requires_grad_(False)
    found = []
    for each in network.driven(batch).values():
        trajectory, dh = followed(each, loss, batch)
        if each.counted is None:
            own = torch.zeros_like(trajectory.state)
            own[-1] = dh
        else:
            own = whole(trajectory, dh / each.counted.sum(0).clamp_min(1)[:, None])
        found.append(log_total_gradient(trajectory, own))
    return torch.cat(found).t().cpu()


def labels(network: Pattern, data: Data, batch: Batch) -> list[list[str]]:
    """Returns what each sample of a batch reads at each time step, "" where it reads nothing; [] without names for it.

    Tokens have names; for numbers the task may name the time steps (`Data.times`).
    """
    parts = network.masks(batch)
    tokens: list[tuple[Tensor, list[str]]] = []
    if isinstance(data.reads, list):
        tokens.append((batch.x, data.reads))
    if network.writes and isinstance(data.answers, list):
        tokens.append((shifted(batch), data.answers))
    if len(tokens) == len(parts):
        rows = [_words(*pair, mask) for pair, mask in zip(tokens, parts, strict=True)]
        return [[word for part in row for word in part] for row in zip(*rows, strict=True)]
    T, B = parts[0].shape
    return [list(data.times)] * B if len(data.times) == T else []


def _words(tokens: Tensor, names: list[str], mask: Tensor) -> list[list[str]]:
    """Returns the names of tokens (T, B), one row a sample."""
    return [
        [names[token] if real else "" for token, real in zip(*pair, strict=True)]
        for pair in zip(tokens.t().tolist(), mask.t().tolist(), strict=True)
    ]
