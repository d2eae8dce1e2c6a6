"""The sentences that turn on "not", and networks that learn it: near the read-out, and not from afar."""

import pytest
import torch

from unrolled.lecture import made_sentences as made
from unrolled.lecture import negation
from unrolled.lecture.negation import distances_in_words
from unrolled.rnn.init import stream


def meaning(words: list[str]) -> str:
    """What a reader answers: "hate" and "not" each turn it round."""
    return "positive" if ("hate" in words) == ("not" in words) else "negative"


def test_a_sentence_means_what_a_reader_understands_and_no_word_alone_tells_it() -> None:
    batch = made.sentences(2000, 5, stream(0, "test"))
    read = [[made.WORDS[i] for i in column] for column in batch.x.t().tolist()]
    answers = [made.CLASSES[i] for i in batch.y.tolist()]
    assert [meaning(words) for words in read] == answers
    assert {len(words) for words in read} == {3 + made.AFTER_NOT + 5}
    for word in ("not", "hate", "week"):
        having = [answer for words, answer in zip(read, answers, strict=True) if word in words]
        assert having.count("positive") / len(having) == pytest.approx(0.5, abs=0.06)  # 3 standard errors at most


def test_the_pair_differs_in_one_word() -> None:
    batch = made.pair(4)
    really, negated = ([made.WORDS[i] for i in column] for column in batch.x.t().tolist())
    assert [(a, b) for a, b in zip(really, negated, strict=True) if a != b] == [("really", "not")]
    assert [made.CLASSES[i] for i in batch.y.tolist()] == [meaning(really), meaning(negated)]


def test_a_network_learns_what_not_means_near_the_read_out() -> None:
    network = made.trained(made.KINDS[0], 0, 0)
    assert made.accuracy(network, 0) > 0.99
    really, negated = made.by_word(network, made.pair(0))[-1].tolist()
    assert really > 0.9 and negated < 0.1


def test_the_gradient_at_not_is_that_of_autograd() -> None:
    kind, lag, ratios = made.KINDS[0], made.AFTER_NOT + negation.FAR, []
    for seed in range(negation.SEEDS):
        network = made.untrained(kind, seed).double()
        batch = made.sentences(made.BATCH, negation.FAR, stream(seed, "lecture/not"))
        rnn, x = network.rnn, network.read(batch)
        states = [torch.zeros(made.BATCH, rnn.hidden, dtype=torch.float64, requires_grad=True)]
        for x_t in x:
            states.append(torch.tanh(x_t @ rnn.W_x.t() + states[-1] @ rnn.W_h.t() + rnn.b))
        loss = torch.nn.functional.cross_entropy(network.read_out(states[-1]), batch.y, reduction="sum")
        at_not, at_end = torch.autograd.grad(loss, [states[-1 - lag], states[-1]])
        ratios.append((at_not.norm(dim=1) / at_end.norm(dim=1)).log10())
    expected = sorted(torch.cat(ratios).tolist())
    middle = (expected[len(expected) // 2 - 1] + expected[len(expected) // 2]) / 2
    assert negation.profile(kind)[lag] == pytest.approx(middle, abs=1e-6)


def test_networks_that_know_not_are_counted() -> None:
    line = distances_in_words("tanh", {0: [1.0, 0.99, 1.0], 8: [0.5, 0.989, 1.0], 16: [0.5, 0.4, 0.6]})
    assert line == "tanh: with 3, 11, 19 words after “not”, 3, 1, 0 of 3 networks give at least 99% right answers."
