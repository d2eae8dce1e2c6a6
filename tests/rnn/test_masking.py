"""Masked values never count, whatever they are: all results equal those with 0 there, to the bit."""

import math
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from conftest import Run
from unrolled.errors import UserError
from unrolled.gradients import diagnose, gradient_cone, lyapunov_spectrum, step_jacobians
from unrolled.rnn import (
    ACTIVATIONS,
    PATTERNS,
    RNN,
    Batch,
    Embedding,
    EncoderDecoder,
    OneHot,
    SequenceToSequence,
    SequenceToVector,
    Tape,
)
from unrolled.rnn.masking import first_not_finite
from unrolled.run.preflight import compose
from unrolled.tasks.data import Split, Stream, mean_loss

T, B, E, H = 7, 4, 3, 5
GARBAGE = [math.nan, math.inf, -math.inf, 3e38, -1.5]
TOKENS = [-5, 10**9, 2]


def padded(seed: int, all_real: bool = False) -> Tensor:
    """bool (T, B): left padding of any length; one sample may be padding altogether."""
    first = torch.randint(0, T + 1, (B,), generator=torch.Generator().manual_seed(seed))
    mask = torch.arange(T).unsqueeze(1) >= first
    return mask | all_real


def same(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert one.keys() == other.keys()
    for name, value in one.items():
        assert torch.equal(value, other[name]), name
        assert torch.isfinite(value).all(), name


def passed(rnn: RNN, x: Tensor, mask: Tensor) -> dict[str, Tensor]:
    """Returns the states, the tape and all gradients of a forward and a backward pass."""
    rnn.zero_grad()
    tape, h0 = Tape(), torch.ones(B, H, requires_grad=True)
    h, last = rnn.unroll(x, h0, tape, mask)
    (h.sum() + last.square().sum()).backward()
    grads = {name: p.grad.clone() for name, p in rnn.named_parameters() if p.grad is not None}
    assert tape.dh is not None and tape.da is not None and h0.grad is not None
    return grads | {"h": h.detach(), "last": last.detach(), "dh": tape.dh, "da": tape.da, "h0": h0.grad}


@settings(max_examples=60)
@given(
    st.integers(0, 1000),
    st.sampled_from(GARBAGE),
    st.sampled_from(sorted(ACTIVATIONS)),
    st.sampled_from(["bptt", "autograd"]),
)
def test_numbers_under_the_mask(seed: int, garbage: float, activation: str, backward: str) -> None:
    torch.manual_seed(seed)
    rnn, x, mask = RNN(E, H, activation, backward), torch.randn(T, B, E), padded(seed)
    where = ~mask.unsqueeze(2)
    same(passed(rnn, x.masked_fill(where, garbage), mask), passed(rnn, x.masked_fill(where, 0.0), mask))


@settings(max_examples=30)
@given(st.integers(0, 1000), st.sampled_from(TOKENS), st.sampled_from(["bptt", "autograd"]))
def test_tokens_under_the_mask(seed: int, garbage: int, backward: str) -> None:
    torch.manual_seed(seed)
    rnn, x, mask = RNN(E, H, "tanh", backward), torch.randint(0, E, (T, B)), padded(seed)
    same(passed(rnn, x.masked_fill(~mask, garbage), mask), passed(rnn, x.masked_fill(~mask, 0), mask))


@pytest.mark.parametrize("backward", ["bptt", "autograd"])
@pytest.mark.parametrize("front", [Embedding, OneHot])
@pytest.mark.parametrize("pattern", [name for name in PATTERNS if name != "vector_to_sequence"])
@pytest.mark.parametrize("garbage", TOKENS)
def test_tokens_that_a_pattern_reads_or_writes(pattern: str, front: Any, backward: str, garbage: int) -> None:
    """What is read under the mask, and what is fed back of the true answers under theirs."""
    torch.manual_seed(0)

    def parts(vocabulary: int) -> tuple[Any, RNN]:
        read = front(vocabulary, E) if front is Embedding else front(vocabulary)
        return read, RNN(read.size, H, "tanh", backward)

    V = 6
    network: Any = {
        "sequence_to_vector": lambda: SequenceToVector(*parts(V), V),
        "sequence_to_sequence": lambda: SequenceToSequence(*parts(V), V),
        "encoder_decoder": lambda: EncoderDecoder(*parts(V), *parts(V), V),
    }[pattern]()
    mask, y_mask = padded(3), padded(4).flip(0) | (torch.arange(T).unsqueeze(1) == 0)
    x, y = torch.randint(0, V, (T, B)), torch.randint(0, V, (T, B))
    to_vector = pattern == "sequence_to_vector"
    cross_entropy = torch.nn.functional.cross_entropy

    def run(fill: int) -> dict[str, Tensor]:
        answers = (y[0], None) if to_vector else (y.masked_fill(~y_mask, fill), y_mask)
        batch = Batch(x.masked_fill(~mask, fill), mask, *answers)
        network.zero_grad()
        tapes = [Tape() for _ in network.rnns]
        answer = network(batch, tapes)
        cross_entropy(batch.counted(answer), batch.counted(batch.y)).backward()
        driven = {f"x of {name}": each.x.detach().float() for name, each in network.driven(batch).items()}
        grads = {name: p.grad.clone() for name, p in network.named_parameters() if p.grad is not None}
        return grads | driven | {f"da {i}": tape.da for i, tape in enumerate(tapes) if tape.da is not None}

    same(run(garbage), run(0))


@pytest.mark.parametrize("garbage", GARBAGE)
def test_a_diagnosis_does_not_look_under_the_mask(garbage: float) -> None:
    torch.manual_seed(1)
    rnn, x, mask = RNN(E, H), torch.randn(40, B, E), torch.ones(40, B, dtype=torch.bool)
    mask[:9, 0] = mask[:3, 1] = False
    found, expected = (diagnose(rnn, x.masked_fill(~mask.unsqueeze(2), fill), mask=mask) for fill in (garbage, 0.0))
    assert (found.regime, found.reason, found.slope, found.slope_error) == (
        expected.regime, expected.reason, expected.slope, expected.slope_error,
    )  # fmt: skip
    assert repr(found.predictions) == repr(expected.predictions)  # nan where there is no other branch
    assert found.explanation == expected.explanation
    assert torch.isfinite(found.trajectory.jacobian()).all()


def cone(rnn: RNN, x: Tensor, h0: Tensor | None = None) -> Any:
    return gradient_cone(rnn, x, lambda h, _: h.square().sum(1), h0)


@pytest.mark.parametrize("bad", [math.nan, math.inf, -math.inf])
@pytest.mark.parametrize("look", [diagnose, cone, step_jacobians, lyapunov_spectrum])
def test_an_input_that_is_not_finite_is_named_and_not_taken_for_the_networks_doing(look: Any, bad: float) -> None:
    x = torch.randn(60, B, E, generator=torch.Generator().manual_seed(0))
    x[17, 2, 1] = x[17, 3, 0] = x[20, 0, 0] = bad
    with pytest.raises(ValueError, match=rf"x is {bad} at sample 2, time step 17: inputs must be finite"):
        look(RNN(E, H), x)
    h0 = torch.zeros(B, H)
    h0[3, 1] = bad
    with pytest.raises(ValueError, match=rf"h0 is {bad} at sample 3: "):
        look(RNN(E, H), torch.zeros(60, B, E), h0)


def test_a_state_that_overflows_is_still_the_networks_doing() -> None:
    rnn = RNN(E, H, "identity")
    with torch.no_grad():
        rnn.W_h.copy_(1e30 * torch.eye(H))
    diagnosis = diagnose(rnn, torch.ones(40, B, E))
    assert diagnosis.diverged_at is not None


def test_the_first_is_that_of_the_earliest_step() -> None:
    values = torch.zeros(5, 3, 2)
    assert first_not_finite(values) is None and first_not_finite(torch.zeros(5, 3, dtype=torch.int64)) is None
    values[4, 0, 0] = values[2, 1, 1] = math.inf
    assert str(first_not_finite(values)) == "inf at sample 1, time step 2"


def split(n: int, x_under: float, y_under: float) -> Split:
    generator = torch.Generator().manual_seed(n)
    x, y = torch.randn(n, T, 1, generator=generator), torch.randn(n, T, 1, generator=generator)
    mask, y_mask = torch.ones(2, n, T, dtype=torch.bool)
    mask[::2, :3] = y_mask[::2, :3] = y_mask[1, 5] = False
    return Split(x.masked_fill(~mask.unsqueeze(2), x_under), mask, y.masked_fill(~y_mask.unsqueeze(2), y_under), y_mask)


@pytest.mark.parametrize("garbage", GARBAGE)
def test_a_batch_has_nothing_under_its_masks(garbage: float) -> None:
    whole, clean = split(6, garbage, garbage).whole(), split(6, 0.0, 0.0).whole()
    assert torch.equal(whole.x, clean.x) and torch.equal(whole.y, clean.y)
    answer = torch.zeros_like(whole.y, requires_grad=True)
    mean_loss((answer - whole.y).square().mean(-1), whole).backward()
    assert answer.grad is not None and torch.isfinite(answer.grad).all()


OWN = """
import torch
from unrolled.tasks.data import Data, Guess, Split, Stream
from unrolled.tasks.scores import regression

def made(n, generator):
    x, mask = torch.randn(n, 6, 1, generator=generator), torch.ones(n, 6, dtype=torch.bool)
    mask[::2, :3] = False
    x[~mask] = float("{under}")
    y = x[:, -1].clone()
    {spoilt}
    return Split(x, mask, y)

def load(config, seed):
    train = Stream(made, 64, seed) if {stream} else made(64, torch.Generator().manual_seed(1))
    val = Stream(made, 64, 3).split("val", 10)
    return Data("sequence_to_vector", train, val, 1, 1, regression, Guess(torch.zeros(10, 1)), "0")
"""


def own(tmp_path: Any, **words: Any) -> list[str]:
    (tmp_path / "mine.py").write_text(OWN.format(**words))
    return ["task=own", f"task.file={tmp_path / 'mine.py'}", "embedding=none", "loss=mse", "model.hidden=4"]


@pytest.mark.parametrize("backward", ["bptt", "autograd"])
def test_a_run_is_the_same_whatever_is_under_the_mask(backward: str, quick_run: Run, tmp_path: Any) -> None:
    found = []
    for under in ("nan", "inf", "0"):
        words = own(tmp_path, under=under, spoilt="", stream=True)
        found.append(quick_run(*words, f"model.backward={backward}", "probe.births=1", folder=under))
    assert found[0]["state"] == "completed"
    for key in ("metrics", "slope", "regime", "slope_start", "predictions"):
        assert found[0][key] == found[1][key] == found[2][key], key


@pytest.mark.parametrize(
    ("spoilt", "message"),
    [
        ("x[3, 4] = float('nan')", "x of the training split is nan at sample 3, time step 4"),
        ("y[5] = float('inf')", "y of the training split is inf at sample 5: allowed"),
        ("x[7, 5] = x[8, 3] = -float('inf')", "x of the training split is -inf at sample 8, time step 3"),
    ],
)
def test_a_real_input_that_is_not_finite_is_named_before_training(spoilt: str, message: str, tmp_path: Any) -> None:
    with pytest.raises(UserError) as error:
        compose([*own(tmp_path, under="nan", spoilt=spoilt, stream=False), "tracker=none"])
    assert message in str(error.value)


def test_each_batch_of_generated_examples_is_checked() -> None:
    def spoilt(n: int, _generator: torch.Generator) -> Split:
        made = split(n, 0.0, 0.0)
        made.x[4, 6] = math.nan
        return made

    with pytest.raises(UserError, match=r"x of the batch train/0/3 .* is nan at sample 4, time step 6"):
        Stream(spoilt, 8, 0)["train/0/3", 8]
