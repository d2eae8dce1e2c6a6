"""A run that is resumed where it rounds in another way, or its scores are others, says so."""

from typing import Any

import pytest
import torch

from unrolled.record.earlier import NUMBERS
from unrolled.record.origin import changes, processor
from unrolled.record.run_record import RunRecord

record = RunRecord.from_dict


def origin() -> dict[str, Any]:
    return {"numbers": NUMBERS, "cpu": processor(), "torch": torch.__version__}


def test_the_processor_is_named_with_its_instructions() -> None:
    model, _, instructions = processor().rpartition(", ")
    assert instructions == torch.backends.cpu.get_cpu_capability()
    assert len(model) > 2


def test_where_nothing_has_changed_nothing_is_said() -> None:
    assert changes(record(origin()), 7) == []


@pytest.mark.parametrize(("key", "name"), [("cpu", "the processor"), ("torch", "torch")])
def test_another_machine_is_named_with_both(key: str, name: str) -> None:
    (line,) = changes(record({**origin(), key: "older"}), 7)
    assert f"{name} was older, is {origin()[key]}" in line


def test_an_older_record_says_nothing_of_its_machine_and_has_the_older_loss() -> None:
    for before, step in (({}, 7), ({**origin(), "older_val_loss_before": 7}, 12)):
        loss, cancellation = changes(record(before), step)
        assert loss.startswith("val/loss before step 7 is the mean of batch means")
        assert cancellation.startswith("grad_W_h/cancellation before step 7 is that of the summed gradient")
