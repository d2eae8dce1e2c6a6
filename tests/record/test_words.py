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
