import pytest

from unrolled.config.identity import axis_values, name_of


@pytest.mark.parametrize(
    ("axes", "name"),
    [
        ({"activation": "tanh", "init.gain": 1.5, "seed": 2}, "tanh gain=1.5 seed=2"),
        ({"optimizer": "sgd", "model.hidden": 8}, "sgd hidden=8"),
        ({"a.size": 1, "b.size": 2}, "a.size=1 b.size=2"),
        ({}, "the only configuration"),
    ],
)
def test_a_run_is_named_after_what_was_swept(axes: dict[str, object], name: str) -> None:
    assert name_of(axes) == name


def test_axes_are_told_from_constants() -> None:
    overrides = ["activation=tanh", "trainer.max_steps=10", "init.gain=1.5", "seed=0"]
    assert axis_values(["init.gain", "activation", "seed"], overrides) == {
        "init.gain": 1.5, "activation": "tanh", "seed": 0,
    }  # fmt: skip
