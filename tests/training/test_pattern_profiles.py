"""The profile of all four patterns, against autograd with `retain_grad` over a naive loop for each sample alone."""

from collections.abc import Sequence
from typing import Any

import pytest
import torch
import torch.nn.functional as F
from torch import Tensor

from unrolled.config.schema import Config, LossConfig
from unrolled.gradients.profile import Profile
from unrolled.rnn import RNN, Batch, EncoderDecoder, Pattern, Tape, VectorToSequence
from unrolled.rnn.decoding import END, START
from unrolled.run.preflight import compose
from unrolled.tasks.data import Data, Guess, Split, mean_loss
from unrolled.tasks.scores import classification
from unrolled.training.losses import loss_of
from unrolled.training.network import build
from unrolled.training.probe import measure
from unrolled.training.samples import labels

T, WRITTEN, B, V, W, D = 9, 7, 12, 11, 8, 5
LOSS = loss_of(LossConfig("cross_entropy"))


def configured(*overrides: str) -> Config:
    return compose(["model.hidden=6", "init.bias_std=0.3", *overrides])


def spec(pattern: str) -> dict[str, Any]:
    reads = D if pattern == "vector_to_sequence" else V
    return {"pattern": pattern, "reads_tokens": reads == V, "reads": reads, "answers_tokens": True, "answers": W}


def made(pattern: str) -> Batch:
    """Sequences of many lengths, those read ending together, those written beginning together."""
    draw = torch.Generator().manual_seed(3)
    lengths = torch.randint(2, T + 1, (B,), generator=draw)
    mask = torch.arange(T).unsqueeze(1) >= T - lengths
    x = torch.randint(2, V, (T, B), generator=draw) * mask
    if pattern == "sequence_to_vector":
        return Batch(x, mask, torch.randint(0, W, (B,), generator=draw), None)
    if pattern == "sequence_to_sequence":
        scored = mask & (torch.rand(T, B, generator=draw) < 0.7)
        scored[-1] = True
        return Batch(x, mask, torch.randint(0, W, (T, B), generator=draw), scored)
    words = torch.randint(0, WRITTEN, (B,), generator=draw)
    y_mask = torch.arange(WRITTEN).unsqueeze(1) <= words
    y = torch.randint(2, W, (WRITTEN, B), generator=draw)
    y = torch.where(torch.arange(WRITTEN).unsqueeze(1) == words, END, y) * y_mask
    if pattern == "vector_to_sequence":
        return Batch(torch.randn(B, D, generator=draw, dtype=torch.float64), None, y, y_mask)
    return Batch(x, mask, y, y_mask)


class Naive:
    """h_t = f(W_x x_t + W_h h_{t-1} + b) written out, one sample at a time, every state and input kept."""

    def __init__(self, f: Any) -> None:
        self.f = f
        self.states: list[Tensor] = []
        self.inputs: list[Tensor] = []

    def step(self, rnn: RNN, x: Tensor, h: Tensor) -> Tensor:
        x = x.detach().requires_grad_()
        h = self.f(rnn.W_x @ x + rnn.W_h @ h + rnn.b)
        h.retain_grad()
        self.states.append(h)
        self.inputs.append(x)
        return h

    def norms(self, steps: Sequence[int], length: int) -> tuple[Tensor, Tensor]:
        """(T,) each: of dL/dh_t and dL/dx_t at these time steps, nan elsewhere; 0 where nothing reaches."""
        found = []
        for kept in (self.states, self.inputs):
            row = torch.full((length,), torch.nan, dtype=torch.float64)
            for t, tensor in zip(steps, kept, strict=True):
                row[t] = 0.0 if tensor.grad is None else tensor.grad.norm()
            found.append(row)
        return found[0], found[1]


def naive_norms(network: Any, pattern: str, batch: Batch, b: int, f: Any) -> tuple[Tensor, Tensor]:
    """Of sample b, whose own loss is the mean over its own answers."""
    naive, h = Naive(f), torch.zeros(6, dtype=torch.float64)
    read = [] if batch.mask is None else batch.mask[:, b].nonzero().flatten().tolist()
    losses, steps, length = [], list(read), T
    if pattern in ("sequence_to_vector", "sequence_to_sequence"):
        for t in read:
            h = naive.step(network.rnn, network.embedding.weight[batch.x[t, b]], h)
            if pattern == "sequence_to_sequence" and batch.y_mask is not None and batch.y_mask[t, b]:
                losses.append(cross_entropy(network, h, int(batch.y[t, b])))
        if pattern == "sequence_to_vector":
            losses.append(cross_entropy(network, h, int(batch.y[b])))
    else:
        assert batch.y_mask is not None
        if pattern == "encoder_decoder":
            for t in read:
                h = naive.step(network.encoder, network.source.weight[batch.x[t, b]], h)
            writer, offset = network.decoder, T
        else:
            h, writer, offset = network.W_v @ batch.x[b] + network.b_v, network.rnn, 0
        token, length = START, offset + WRITTEN
        for t in batch.y_mask[:, b].nonzero().flatten().tolist():
            h = naive.step(writer, network.embedding.weight[token], h)
            token = int(batch.y[t, b])
            losses.append(cross_entropy(network, h, token))
            steps.append(offset + t)
    torch.stack(losses).mean().backward()
    return naive.norms(steps, length)


def cross_entropy(network: Pattern, h: Tensor, y: int) -> Tensor:
    return -F.log_softmax(network.W_o @ h + network.b_o, 0)[y]


@pytest.mark.parametrize("backward", ["bptt", "autograd"])
@pytest.mark.parametrize(("activation", "f"), [("tanh", torch.tanh), ("gelu", F.gelu)])
@pytest.mark.parametrize(
    "pattern", ["sequence_to_vector", "sequence_to_sequence", "vector_to_sequence", "encoder_decoder"]
)
def test_the_profile_is_that_of_a_naive_loop(pattern: str, activation: str, f: Any, backward: str) -> None:
    config = configured(f"activation={activation}", f"model.backward={backward}")
    network, batch = build(config, spec(pattern)).double(), made(pattern)
    states, inputs = zip(*(naive_norms(network, pattern, batch, b, f) for b in range(B)), strict=True)
    h, x = torch.stack(states, 1), torch.stack(inputs, 1)
    found = measure(network, LOSS, batch)
    same = {"rtol": 1e-9, "atol": 1e-15, "equal_nan": True}
    torch.testing.assert_close(found.profile.rms, h.square().nanmean(1).sqrt(), **same)
    torch.testing.assert_close(found.input_rms, x.square().nanmean(1).sqrt(), **same)
    logs = torch.where(h > 0, h.log(), torch.nan).nanmean(1)
    torch.testing.assert_close(found.profile.log_mean, logs, **same)
    torch.testing.assert_close(found.samples.t(), h.log(), **same)
    assert found.profile.count.tolist() == (~h.isnan()).sum(1).tolist()
    assert list(found.steps)[1:] == (["decoder"] if pattern == "encoder_decoder" else [])
    assert sum(found.steps.values()) == len(h) and (found.steps.get("encoder", T) == T)
    assert found.every_state == (pattern in ("sequence_to_sequence", "vector_to_sequence"))


def test_the_encoder_is_told_by_itself() -> None:
    """Its last state alone is read: there the log-space pass must agree with the profile of the real one."""
    network, batch = build(configured(), spec("encoder_decoder")).double(), made("encoder_decoder")
    assert batch.mask is not None
    full = batch._replace(mask=torch.ones_like(batch.mask))
    found = measure(network, LOSS, full)
    encoder = found.profile.log_mean[:T]
    torch.testing.assert_close(found.diagnosis.lags.mean.flip(0), encoder - encoder[-1], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("pattern", ["sequence_to_sequence", "encoder_decoder"])
def test_tapes_of_training_give_the_same_profile(pattern: str) -> None:
    network, batch = build(configured(), spec(pattern)), made(pattern)
    tapes = [Tape() for _ in network.rnns]
    mean_loss(LOSS(network(batch, tapes), batch.y), batch).backward()

    def rms(profile: Profile) -> list[float]:
        return profile.rms.nan_to_num(-1.0).tolist()

    assert rms(measure(network, LOSS, batch, tapes).profile) == rms(measure(network, LOSS, batch).profile)


@pytest.mark.parametrize("pattern", ["vector_to_sequence", "encoder_decoder"])
def test_what_is_written_is_the_most_probable_token_given_what_was_written_before(pattern: str) -> None:
    """Fed with its own words the network, when taught, must find each of them the most probable."""
    network, batch = build(configured(), spec(pattern)).double(), made(pattern)
    assert isinstance(network, VectorToSequence | EncoderDecoder)
    written = network.write(batch)
    assert batch.y_mask is not None
    again = network(batch._replace(y=written, y_mask=torch.ones_like(batch.y_mask))).argmax(2)
    ended = (written == END).cumsum(0) - (written == END).long() > 0
    assert torch.equal(torch.where(ended, START, again), written)
    assert (written[ended] == START).all()


def test_a_decoder_does_not_see_what_it_is_to_write_next() -> None:
    network, batch = build(configured(), spec("vector_to_sequence")).double(), made("vector_to_sequence")
    other = batch._replace(y=torch.cat([batch.y[:3], batch.y[3:].flip(0)]))
    assert torch.equal(network(batch)[:4], network(other)[:4])


def test_an_encoder_does_not_see_padding() -> None:
    network, batch = build(configured(), spec("encoder_decoder")).double(), made("encoder_decoder")
    assert batch.mask is not None
    other = batch._replace(x=torch.where(batch.mask, batch.x, (batch.x + 3) % V))
    assert torch.equal(network(batch), network(other))


@pytest.mark.parametrize("pattern", ["sequence_to_vector", "vector_to_sequence", "encoder_decoder"])
def test_each_time_step_is_named_by_what_is_read_there(pattern: str) -> None:
    network, batch = build(configured(), spec(pattern)), made(pattern)
    read, written = [f"r{i}" for i in range(V)], [f"w{i}" for i in range(W)]
    reads = D if pattern == "vector_to_sequence" else read
    split = Split(batch.y, None, batch.y)
    data = Data(pattern, split, split, reads, written, lambda: classification(W), Guess(None), "none")
    rows = labels(network, data, batch)
    for b, row in enumerate(rows):
        expected: list[str] = []
        if batch.mask is not None:
            expected += [f"r{int(batch.x[t, b])}" if batch.mask[t, b] else "" for t in range(T)]
        if batch.y_mask is not None:
            before = [START, *batch.y[:-1, b].tolist()]
            expected += [f"w{before[t]}" if batch.y_mask[t, b] else "" for t in range(WRITTEN)]
        assert row == expected
