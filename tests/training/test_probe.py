"""What a probe says, against autograd on each sample alone."""

import math
from typing import Any

import pytest
import torch
import torch.nn.functional as F

from unrolled.config import plain
from unrolled.preflight import compose
from unrolled.rnn import Tape
from unrolled.training.module import Batch, build
from unrolled.training.probe import births, look, relative_log

T, B, V = 12, 16, 30


def configured(*overrides: str) -> dict[str, Any]:
    return plain(compose(list(overrides)))


@pytest.fixture
def batch() -> Batch:
    draw = torch.Generator().manual_seed(1)
    lengths = torch.randint(3, T + 1, (B,), generator=draw)
    lengths[:10] = T
    mask = torch.arange(T).unsqueeze(1) >= T - lengths
    words = torch.randint(2, V, (T, B), generator=draw) * mask
    return words, mask, torch.randint(0, 3, (B,), generator=draw)


def norms_sample_by_sample(network, batch: Batch) -> torch.Tensor:
    """(T, B): norm of the gradient of each sample's own loss, by autograd over a naive loop on its real words."""
    words, mask, label = batch
    norms = torch.full((T, B), torch.nan, dtype=torch.float64)
    for b in range(B):
        h, states = torch.zeros(network.rnn.hidden, dtype=torch.float64), []
        real = mask[:, b].nonzero().flatten().tolist()
        for t in real:
            h = network.rnn.step(network.embedding(words[t, b]), h)
            h.retain_grad()
            states.append(h)
        F.cross_entropy(network.read_out(h), label[b]).backward()
        for t, state in zip(real, states, strict=True):
            assert state.grad is not None
            norms[t, b] = state.grad.norm()
    return norms


@pytest.mark.parametrize("reduction", ["mean", "sum"])
@pytest.mark.parametrize("activation", ["tanh", "relu", "gelu"])
def test_the_profile_is_of_each_samples_own_loss(activation: str, reduction: str, batch: Batch) -> None:
    """A loss that sums is divided by B first: what a probe asks for is a mean over samples, whatever it is made of."""

    def loss(answer: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        value = F.cross_entropy(answer, label, reduction=reduction)
        return value if reduction == "mean" else value / len(label)

    network = build(configured(f"activation={activation}"), V, 3).double()
    seen = look(network, loss, batch)
    norms = norms_sample_by_sample(network, batch)
    rms = norms.square().nanmean(1).sqrt()
    torch.testing.assert_close(seen.profile.rms, rms, rtol=1e-9, atol=0)
    logs = torch.where(norms > 0, norms.log(), torch.nan)
    torch.testing.assert_close(seen.profile.log_mean, logs.nanmean(1), rtol=1e-9, atol=1e-9)
    assert seen.profile.count.tolist() == batch[1].sum(1).tolist()


def test_the_log_space_pass_agrees_with_the_real_one(batch: Batch) -> None:
    network = build(configured("activation=sigmoid"), V, 3).double()
    seen = look(network, F.cross_entropy, batch)
    logs = norms_sample_by_sample(network, batch).log().flip(0)
    paired = (logs[1:] - logs[:-1]).nanmean(1).cumsum(0)
    relative = relative_log(seen.diagnosis).flip(0)
    drawn = ~relative.isnan()
    assert drawn.tolist() == [int(n) >= 10 for n in batch[1].sum(1).flip(0)]
    torch.testing.assert_close(
        relative[drawn], torch.cat([torch.zeros(1), paired])[drawn].double(), rtol=1e-9, atol=1e-9
    )


def test_a_probe_leaves_the_parameters_gradients_alone(batch: Batch) -> None:
    network = build(configured(), V, 3)
    look(network, F.cross_entropy, batch)
    assert all(p.grad is None for p in network.parameters())


def test_a_tape_of_training_gives_the_same_profile(batch: Batch) -> None:
    network, tape = build(configured(), V, 3), Tape()
    words, mask, label = batch
    F.cross_entropy(network(words, mask, tape), label).backward()
    ours, again = look(network, F.cross_entropy, batch, tape), look(network, F.cross_entropy, batch)
    assert torch.equal(ours.profile.rms, again.profile.rms)


def test_births_are_draws_of_the_configuration_itself(batch: Batch) -> None:
    config = configured("activation=identity", "init.gain=1.5", "probe.births=6")
    born = births(config, build(config, V, 3), F.cross_entropy, batch)
    assert born.regimes == {"exploding": 6}
    assert born.slopes == pytest.approx([math.log(1.5)] * 6, abs=1e-6)
    gaussian = configured("init=gaussian", "probe.births=6")
    slopes = births(gaussian, build(gaussian, V, 3), F.cross_entropy, batch).slopes
    assert len(set(slopes)) == 6


def test_cells_of_one_seed_share_their_base_matrices() -> None:
    small, large = (build(configured("init=gaussian", f"init.gain={g}"), V, 3) for g in (1.0, 3.0))
    torch.testing.assert_close(3 * small.rnn.W_h, large.rnn.W_h)
    assert torch.equal(small.embedding.weight, large.embedding.weight)
    assert torch.equal(small.rnn.W_x, large.rnn.W_x)
