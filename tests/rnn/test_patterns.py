import torch

from unrolled.rnn import RNN, Batch, Embedding, SequenceToVector
from unrolled.rnn.init import streams


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
