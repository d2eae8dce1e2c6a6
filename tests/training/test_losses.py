"""Each loss against its formula, one answer at a time."""

import math

import pytest
import torch

from unrolled.config.schema import LossConfig
from unrolled.training.losses import loss_of

ANSWER = torch.randn(4, 3, 5, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
CLASS = torch.randint(0, 5, (4, 3), generator=torch.Generator().manual_seed(1))
NUMBER = torch.randn(4, 3, 5, generator=torch.Generator().manual_seed(2), dtype=torch.float64)


def test_cross_entropy_is_minus_the_log_of_the_true_classs_share() -> None:
    found = loss_of(LossConfig("cross_entropy"))(ANSWER, CLASS)
    for t in range(4):
        for b in range(3):
            shares = [math.exp(a) for a in ANSWER[t, b].tolist()]
            assert float(found[t, b]) == pytest.approx(-math.log(shares[int(CLASS[t, b])] / sum(shares)))


def test_smoothing_spreads_a_share_over_all_classes() -> None:
    logs = ANSWER.log_softmax(-1)
    own = -logs.gather(-1, CLASS.unsqueeze(-1)).squeeze(-1)
    found = loss_of(LossConfig("label_smoothing", smoothing=0.3))(ANSWER, CLASS)
    torch.testing.assert_close(found, 0.7 * own - 0.3 * logs.mean(-1))


def test_losses_of_numbers_are_means_over_the_numbers_of_one_answer() -> None:
    error = ANSWER - NUMBER
    torch.testing.assert_close(loss_of(LossConfig("mse"))(ANSWER, NUMBER), error.square().mean(-1))
    torch.testing.assert_close(loss_of(LossConfig("mae"))(ANSWER, NUMBER), error.abs().mean(-1))
    delta = 0.8
    huber = torch.where(error.abs() <= delta, error.square() / 2, delta * (error.abs() - delta / 2)).mean(-1)
    torch.testing.assert_close(loss_of(LossConfig("huber", delta=delta))(ANSWER, NUMBER), huber)
