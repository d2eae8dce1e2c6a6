"""Costs of the diagnostics, as multiples of one training step of the same network."""

from functools import partial
from statistics import median

import torch
import torch.nn.functional as F
from rich.table import Table
from torch import Tensor

from unrolled.gradients import (
    diagnose,
    gradient_cone,
    lyapunov_spectrum,
    mean_field,
    memory,
    predictions,
    products,
    step_jacobians,
    trajectory,
    weight_gradient,
)
from unrolled.gradients.portrait import portrait
from unrolled.rnn import RNN, Batch, Embedding, SequenceToVector, Tape
from unrolled.training.probe import measure

from .timing import Call, interleaved, median_ratio

SIZES = [(8, 50, 64), (64, 100, 64), (256, 200, 2)]  # H, T, B
INPUTS, CLASSES, TOKENS = 16, 3, 100
LAGS = 20  # number of lags with singular values
SOURCES = 16  # rows of the cone
STEP = "one training step"


def table(rounds: int, quick: bool) -> Table:
    """Makes a table with a row for each diagnostic and a column for each size; the first row is the peer, in ms.

    rounds: of timing.
    quick: the smallest size only.
    """
    torch.set_num_threads(1)
    sizes = SIZES[:1] if quick else SIZES
    made = Table(title=f"Diagnostics: median multiple of {STEP} (forward, backward, Adam; one thread)")
    made.add_column("diagnostic")
    for H, T, B in sizes:
        made.add_column(f"H={H} T={T} B={B}", justify="right")
    found = [interleaved(contestants(*size), rounds) for size in sizes]
    made.add_row(STEP, *(f"{median(times[STEP]) * 1e3:z.2f} ms" for times in found))
    for name in found[0]:
        if name != STEP:
            made.add_row(name, *(f"{median_ratio(times, name, STEP):z,.1f}" for times in found))
    return made


def contestants(H: int, T: int, B: int) -> dict[str, Call]:
    """Builds a tanh network that classifies tokens by its last state; returns the functions to time on it.

    H, T, B: hidden units, time steps, batch.
    """
    draw = torch.Generator().manual_seed(0)
    network = SequenceToVector(Embedding(TOKENS, INPUTS), RNN(INPUTS, H), CLASSES)
    batch = Batch(
        x=torch.randint(0, TOKENS, (T, B), generator=draw),
        mask=torch.ones(T, B, dtype=torch.bool),
        y=torch.randint(0, CLASSES, (B,), generator=draw),
        y_mask=None,
    )
    optimizer = torch.optim.Adam(
        network.parameters(), lr=1e-6, fused=True
    )  # so small a rate that all see nearly the same weights
    loss = partial(F.cross_entropy, reduction="none")
    rnn, x = network.rnn, network.read(batch).detach()
    states, J, diagnosis, tape = trajectory(rnn, x), step_jacobians(rnn, x), diagnose(rnn, x), Tape()
    loss(network(batch, [tape]), batch.y).mean().backward()
    da, h = tape.da, tape.h
    assert da is not None and h is not None

    def step() -> None:
        optimizer.zero_grad()
        loss(network(batch), batch.y).mean().backward()
        optimizer.step()

    def theory() -> None:
        mean_field.cache_clear()  # in a run the weights differ each time
        predictions(states, "tanh")

    def squares(h_s: Tensor, _: int) -> Tensor:
        return h_s.square().sum(1)

    return {
        STEP: step,
        "diagnose": lambda: diagnose(rnn, x),
        "first exponent": lambda: lyapunov_spectrum(rnn, x, k=1),
        "all exponents": lambda: lyapunov_spectrum(rnn, x),
        "step Jacobians": lambda: step_jacobians(rnn, x),
        f"singular values at {LAGS} lags": lambda: products(J, torch.linspace(0, T, LAGS).long()),
        f"gradient cone, {SOURCES} sources": lambda: gradient_cone(
            rnn, x, squares, sources=torch.linspace(0, T - 1, SOURCES).long()
        ),
        "gradient cone, all sources": lambda: gradient_cone(rnn, x, squares),
        "dL/dW_h by time step": lambda: weight_gradient(da, h[:-1]),
        "memory (dh_T/dW_h)": lambda: memory(states),
        "theory": theory,
        "a probe (all that probe=profile takes)": lambda: measure(network, loss, batch),
        "portrait (probe=full, its numbers)": lambda: portrait(diagnosis),
    }
