from typing import Any

import pytest
import torch
from torch import Tensor, nn

from unrolled.rnn import (
    CELLS,
    RNN,
    Batch,
    Embedding,
    EncoderDecoder,
    Pattern,
    SequenceToSequence,
    SequenceToVector,
    VectorToSequence,
)
from unrolled.rnn.decoding import END, START
from unrolled.rnn.exchange import given_to
from unrolled.rnn.init import fan_in, recurrent, stream, streams
from unrolled.rnn.recurrence import Recurrent

E, H, V = 4, 6, 7
TORCH = {"rnn": nn.RNN, "lstm": nn.LSTM, "gru": nn.GRU}
GATES = {"rnn": [""], "leaky": [""], "lstm": ["/i", "/f", "/g", "/o"], "gru": ["/r", "/z", "/n"]}


def network(seed: int = 0, **changed: float) -> SequenceToVector:
    made = SequenceToVector(Embedding(11, 4), RNN(4, 6), 3)
    settings = {"gain": 1.0, "input_gain": 1.0, "bias_std": 0.0} | changed
    made.initialise("gaussian", streams=streams(seed), **settings)
    return made


def test_the_word_under_padding_has_no_say() -> None:
    words = torch.randint(0, 11, (9, 4), generator=torch.Generator().manual_seed(0))
    mask = torch.arange(9).unsqueeze(1) >= torch.tensor([0, 3, 5, 8])
    other = torch.where(mask, words, (words + 1) % 11)
    made, y = network(), torch.zeros(4, dtype=torch.int64)
    assert made(Batch(words, mask, y, None)).shape == (4, 3)
    assert torch.equal(made(Batch(words, mask, y, None)), made(Batch(other, mask, y, None)))
    assert not torch.equal(made(Batch(words, None, y, None)), made(Batch(other, None, y, None)))


def test_each_gain_scales_its_own_matrix_and_nothing_else() -> None:
    base = network().state_dict()
    for key, setting in (("rnn.W_h", "gain"), ("rnn.W_x", "input_gain")):
        scaled = network(0, **{setting: 2.0}).state_dict()
        assert torch.equal(scaled.pop(key), 2 * base[key])
        assert all(torch.equal(value, base[name]) for name, value in scaled.items())


def test_seeds_differ_in_every_drawn_parameter() -> None:
    first, second = network(0, bias_std=0.5).state_dict(), network(1, bias_std=0.5).state_dict()
    assert {name for name in first if torch.equal(first[name], second[name])} == {"b_o"}


def layer(cell: str) -> Recurrent:
    kind: Any = CELLS[cell]
    return kind(E, H)


def drawn(made: Pattern) -> Any:
    """The network in float64, with weights so large that states matter."""
    made = made.double()
    made.initialise("gaussian", gain=1.5, input_gain=1.5, bias_std=0.5, streams=streams(3))
    return made


def tokens(*shape: int, low: int = 0, seed: int = 5) -> Tensor:
    return torch.randint(low, V, shape, generator=torch.Generator().manual_seed(seed))


def pair(cell: str) -> Any:
    return drawn(EncoderDecoder(Embedding(V, E), layer(cell), Embedding(V, E), layer(cell), V))


def single(cell: str) -> Any:
    return drawn(VectorToSequence(3, Embedding(V, E), layer(cell), V))


def in_torch(cell: str, own: Recurrent) -> Any:
    return given_to(TORCH[cell](E, H), own)


PAIRS = Batch(tokens(5, 8), torch.ones(5, 8, dtype=torch.bool), tokens(9, 8, low=END, seed=6), None)
VECTORS = Batch(torch.randn(8, 3, generator=torch.Generator().manual_seed(7)), None, PAIRS.y, None)


@pytest.mark.parametrize("cell", TORCH)
def test_all_states_of_the_encoder_start_the_decoder_as_in_torch(cell: str) -> None:
    made = pair(cell)
    _, last = in_torch(cell, made.encoder)(made.source(PAIRS.x))
    read = made.embedding(torch.cat([torch.full_like(PAIRS.y[:1], START), PAIRS.y[:-1]]))
    h, _ = in_torch(cell, made.decoder)(read, last)
    torch.testing.assert_close(made(PAIRS), made.read_out(h), rtol=0, atol=1e-12)


@pytest.mark.parametrize("cell", TORCH)
def test_a_vector_is_h_alone_before_the_first_step_as_in_torch(cell: str) -> None:
    made = single(cell)
    h_0 = (VECTORS.x.double() @ made.W_v.t() + made.b_v).unsqueeze(0)
    read = made.embedding(torch.cat([torch.full_like(PAIRS.y[:1], START), PAIRS.y[:-1]]))
    h, _ = in_torch(cell, made.rnn)(read, (h_0, torch.zeros_like(h_0)) if cell == "lstm" else h_0)
    torch.testing.assert_close(made(VECTORS), made.read_out(h), rtol=0, atol=1e-12)


@pytest.mark.parametrize("cell", TORCH)
@pytest.mark.parametrize("pattern", [SequenceToVector, SequenceToSequence])
def test_h_alone_is_read_as_in_torch(pattern: Any, cell: str) -> None:
    made = drawn(pattern(Embedding(V, E), layer(cell), 3))
    h, _ = in_torch(cell, made.rnn)(made.embedding(PAIRS.x))
    wanted = made.read_out(h[-1] if pattern is SequenceToVector else h)
    torch.testing.assert_close(made(PAIRS._replace(y=PAIRS.x)), wanted, rtol=0, atol=1e-12)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize(("make", "batch"), [(pair, PAIRS), (single, VECTORS)], ids=["encoder_decoder", "vector"])
def test_a_written_token_is_what_the_network_answers_after_those_before_it(make: Any, batch: Batch, cell: str) -> None:
    made = make(cell)
    written = made.write(batch)
    answered = made(batch._replace(y=written)).argmax(2)
    ended = (written == END).cumsum(0) - (written == END).long() > 0
    assert torch.equal(written[~ended], answered[~ended])
    assert bool((written[ended] == START).all())


@pytest.mark.parametrize("cell", CELLS)
def test_the_answer_is_a_function_of_the_last_joint_state(cell: str) -> None:
    """A read-out reads its h alone, a decoder all of it."""
    made = pair(cell)
    states = len(made.encoder.names)
    parts = made.driven(PAIRS)
    last = made.encode(PAIRS).detach().requires_grad_()
    assert last.shape == (8, states * H)
    answers = parts["encoder"].answer(last)
    assert torch.equal(answers, made(PAIRS))
    reached = torch.autograd.grad(answers.square().sum(), last)[0]
    assert bool((reached != 0).all())
    decoder = parts["decoder"]
    assert torch.equal(decoder.answer(decoder.rnn(decoder.x, decoder.h0)), made(PAIRS))

    one = drawn(SequenceToVector(Embedding(V, E), layer(cell), 3))
    (part,) = one.driven(PAIRS).values()
    last = one.rnn.unroll(part.x)[1].detach().requires_grad_()
    assert torch.equal(part.answer(last), one(PAIRS))
    reached = torch.autograd.grad(part.answer(last).square().sum(), last)[0]
    assert bool((reached[:, :H] != 0).all()) and not reached[:, H:].any()


@pytest.mark.parametrize("cell", CELLS)
def test_each_block_is_drawn_from_a_stream_of_its_own(cell: str) -> None:
    made = drawn(SequenceToVector(Embedding(V, E), layer(cell), 3)).rnn
    for k, gate in enumerate(GATES[cell]):
        rows = slice(k * H, (k + 1) * H)
        assert torch.equal(made.W_h[rows], recurrent("gaussian", H, 1.5, stream(3, f"W_h{gate}")))
        assert torch.equal(made.W_x[rows], fan_in(H, E, 1.5, stream(3, f"W_x{gate}")))
        noise = torch.randn(H, generator=stream(3, f"b{gate}"), dtype=torch.float64)
        assert torch.equal(made.b[rows], 0.5 * noise)
    assert (made.b_h is not None) == (cell == "gru")
    assert made.b_h is None or not made.b_h.any()
