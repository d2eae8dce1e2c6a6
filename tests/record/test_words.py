"""What a record says of dL/dW_h where no number can be given."""

import pytest

from unrolled.record.run_record import RunRecord
from unrolled.record.words import gradient_lines


@pytest.mark.parametrize(
    ("state", "zeros", "words"),
    [
        ("completed", 0, "dL/dW_h is 0"),  # one time step, from a state of 0
        ("diverged", 30, "dL/dW_h is 0"),  # dead
        ("diverged", 0, "dL/dW_h is not finite in float32"),
    ],
)
def test_a_gradient_that_overflows_is_not_called_0(state: str, zeros: int, words: str) -> None:
    kept = {"state": state, "regime": "exploding", "weight_horizon": {"90%": None}, "flushed_to_zero": zeros}
    assert f"weights   {words}" in gradient_lines(RunRecord.from_dict(kept | {"bits": 32}))


def test_an_exponent_that_a_short_sequence_lacks_is_left_out() -> None:
    predictions = {"measured_chi": -0.25, "exponent": None, "exponent_half": None}
    lines = gradient_lines(RunRecord.from_dict({"state": "completed", "regime": "stable", "predictions": predictions}))
    assert [line for line in lines if line.startswith("measured")] == [
        "measured  1/2 ln chi with these f' -0.250 nats per lag"
    ]
