"""Every bad input is refused in one line that names the place, with exit code 2, and nothing is left behind."""

from pathlib import Path

import pytest

from bad_inputs import INPUTS, load_all, wrong_with

EVERY = 16  # of the inputs, in `make test`; the others in `make test-long`


@pytest.fixture(autouse=True, scope="module")
def loaded() -> None:
    load_all()


@pytest.mark.parametrize(
    "bad",
    [
        pytest.param(bad, id=f"{i}-{bad.typed[:40]}", marks=[pytest.mark.long] if i % EVERY else [])
        for i, bad in enumerate(INPUTS)
    ],
)
def test_it_is_refused_in_one_line(bad, tmp_path: Path) -> None:
    assert wrong_with(bad, tmp_path) is None


def test_there_are_enough() -> None:
    assert len(INPUTS) >= 250 and len(set(map(repr, INPUTS))) == len(INPUTS)
