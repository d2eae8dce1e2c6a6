"""Names of files and of scalars follow from the list of a network's parts."""

import pytest
import torch

from unrolled.record.ownership import RUN
from unrolled.record.parts import SEVERAL, labels, starts, suffixes
from unrolled.record.quantities import logged
from unrolled.record.run_record import RunRecord
from unrolled.rnn import PATTERNS, Batch
from unrolled.run.preflight import compose
from unrolled.training.network import build

SPEC = {"reads": 5, "reads_tokens": True, "answers": 3, "answers_tokens": True}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_a_network_of_several_parts_has_the_names_that_files_are_listed_for(pattern: str) -> None:
    network = build(compose(["tracker=none"]), {"pattern": pattern, **SPEC})
    assert len(network.rnns) == 1 or tuple(network.rnns) == SEVERAL


def test_steps_follow_each_other_in_time() -> None:
    network = build(compose(["tracker=none"]), {"pattern": "encoder_decoder", **SPEC})
    y = torch.ones(4, 2, dtype=torch.int64)
    steps = network.steps(Batch(torch.ones(7, 2, dtype=torch.int64), None, y, None))
    assert (steps, starts(steps)) == ({"encoder": 7, "decoder": 4}, {"encoder": 0, "decoder": 7})


def test_the_first_part_has_the_plain_names() -> None:
    assert suffixes(["a", "b", "c"]) == {"a": "", "b": "_b", "c": "_c"}
    assert labels(["rnn"]) == {"rnn": ""} and labels([]) == {} and starts({}) == {}
    assert "grad_h/slope" in logged("") and "grad_h/decoder/slope" in logged("decoder")
    assert {"profiles/grad_W_h.csv", "profiles/grad_W_h_decoder.csv", "portraits/end_encoder.json"} <= set(RUN)


@pytest.mark.parametrize(
    ("kept", "later"),
    [
        ({}, {}),
        ({"seam": 7, "halves": {"encoder": {}, "decoder": {}}}, {"decoder": 7}),  # of an earlier version
        ({"seam": 2, "starts": {"a": 0, "b": 2, "c": 5}, "halves": {"a": {}, "b": {}, "c": {}}}, {"b": 2, "c": 5}),
        ({"starts": {"a": 0, "b": None}, "halves": {"a": {}, "b": {}}}, {}),
        ({"seam": 7}, {}),
    ],
)
def test_a_record_has_the_first_step_of_each_later_part(kept: dict, later: dict[str, int]) -> None:
    assert RunRecord.from_dict(kept).later_parts == later
