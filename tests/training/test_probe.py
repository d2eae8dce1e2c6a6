"""What a probe says, against autograd on each sample alone."""

import math

import pytest
import torch
import torch.nn.functional as F

from unrolled.config.schema import Config, LossConfig
from unrolled.rnn import Batch, Embedding, SequenceToVector, Tape
from unrolled.run.preflight import compose
from unrolled.training.diagnoses import relative_log
from unrolled.training.initialisations import draw_initialisations
from unrolled.training.losses import loss_of
from unrolled.training.network import build
from unrolled.training.probe import measure, measure_untrained

T, B, V = 12, 16, 30
SPEC = {"pattern": "sequence_to_vector", "reads_tokens": True, "reads": V, "answers_tokens": True, "answers": 3}
LOSS = loss_of(LossConfig("cross_entropy"))


def configured(*overrides: str) -> Config:
    return compose(list(overrides))


@pytest.fixture
def batch() -> Batch:
    draw = torch.Generator().manual_seed(1)
    lengths = torch.randint(3, T + 1, (B,), generator=draw)
    lengths[:10] = T
    mask = torch.arange(T).unsqueeze(1) >= T - lengths
    words = torch.randint(2, V, (T, B), generator=draw) * mask
    return Batch(words, mask, torch.randint(0, 3, (B,), generator=draw), None)


def norms_sample_by_sample(network, batch: Batch) -> torch.Tensor:
    """(T, B): norm of the gradient of each sample's own loss, by autograd over a naive loop on its real words."""
    words, mask, label, _ = batch
    assert mask is not None
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


@pytest.mark.parametrize("activation", ["tanh", "relu", "gelu"])
def test_the_profile_is_of_each_samples_own_loss(activation: str, batch: Batch) -> None:
    network = build(configured(f"activation={activation}"), SPEC).double()
    found = measure(network, LOSS, batch)
    norms = norms_sample_by_sample(network, batch)
    rms = norms.square().nanmean(1).sqrt()
    torch.testing.assert_close(found.profile.rms, rms, rtol=1e-9, atol=0)
    logs = torch.where(norms > 0, norms.log(), torch.nan)
    torch.testing.assert_close(found.profile.log_mean, logs.nanmean(1), rtol=1e-9, atol=1e-9)
    assert batch.mask is not None
    assert found.profile.count.tolist() == batch.mask.sum(1).tolist()


def test_the_log_space_pass_agrees_with_the_real_one(batch: Batch) -> None:
    network = build(configured("activation=sigmoid"), SPEC).double()
    found = measure(network, LOSS, batch)
    assert batch.mask is not None
    logs = norms_sample_by_sample(network, batch).log().flip(0)
    paired = (logs[1:] - logs[:-1]).nanmean(1).cumsum(0)
    relative = relative_log(found.diagnosis).flip(0)
    drawn = ~relative.isnan()
    assert drawn.tolist() == [int(n) >= 10 for n in batch.mask.sum(1).flip(0)]
    torch.testing.assert_close(
        relative[drawn], torch.cat([torch.zeros(1), paired])[drawn].double(), rtol=1e-9, atol=1e-9
    )


def test_a_probe_leaves_the_parameters_gradients_alone(batch: Batch) -> None:
    network = build(configured(), SPEC)
    measure(network, LOSS, batch)
    assert all(p.grad is None for p in network.parameters())


def test_a_tape_of_training_gives_the_same_profile(batch: Batch) -> None:
    network, tape = build(configured(), SPEC), Tape()
    LOSS(network(batch, [tape]), batch.y).mean().backward()
    ours, again = measure(network, LOSS, batch, [tape]), measure(network, LOSS, batch)
    assert torch.equal(ours.profile.rms, again.profile.rms)


def test_births_are_draws_of_the_configuration_itself(batch: Batch) -> None:
    config = configured("activation=identity", "init.gain=1.5", "probe.births=6")
    drawn = draw_initialisations(config, SPEC, LOSS, batch)["rnn"]
    assert drawn.regimes == {"exploding": 6}
    assert drawn.slopes == pytest.approx([math.log(1.5)] * 6, abs=1e-6)
    gaussian = configured("init=gaussian", "probe.births=6")
    slopes = draw_initialisations(gaussian, SPEC, LOSS, batch)["rnn"].slopes
    assert len(set(slopes)) == 6


def test_cells_of_one_seed_share_their_base_matrices() -> None:
    small, large = (build(configured("init=gaussian", f"init.gain={g}"), SPEC) for g in (1.0, 3.0))
    assert isinstance(small, SequenceToVector) and isinstance(large, SequenceToVector)
    assert isinstance(small.embedding, Embedding) and isinstance(large.embedding, Embedding)
    torch.testing.assert_close(3 * small.rnn.W_h, large.rnn.W_h)
    assert torch.equal(small.embedding.weight, large.embedding.weight)
    assert torch.equal(small.rnn.W_x, large.rnn.W_x)


def test_in_chaos_the_untrained_profile_and_the_verdict_are_of_one_trajectory() -> None:
    """tanh, gain 3, H = 48, T = 160: in float32 the profile would follow another trajectory than the log-space pass."""
    draw = torch.Generator().manual_seed(3)
    spec = SPEC | {"reads": 2, "reads_tokens": False}
    config = configured("task=adding", "activation=tanh", "init=gaussian", "init.gain=3", "model.hidden=48")
    network = build(config, spec)
    x = torch.randn(160, 16, 2, generator=draw)
    one = Batch(x, torch.ones(160, 16, dtype=torch.bool), torch.randint(0, 3, (16,), generator=draw), None)
    found = measure_untrained(network, LOSS, one)
    assert found.bits == 64
    relative = found.profile.log_mean - found.profile.log_mean[-1]
    torch.testing.assert_close(relative, relative_log(found.diagnosis), rtol=0, atol=1e-6)
    assert next(network.parameters()).dtype == torch.float32
    single = measure(network, LOSS, one).profile.log_mean
    assert float((single - found.profile.log_mean).abs().max()) > 0.1
