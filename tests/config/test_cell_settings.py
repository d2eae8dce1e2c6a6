"""What a configuration knows of the cells, against the layers themselves."""

from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from conftest import train
from unrolled.config.cells import BLOCKS, FREE, TWO_BIASES, hidden_for, parameters
from unrolled.config.files import choices
from unrolled.errors import UserError
from unrolled.rnn import CELLS, GRU, LSTM
from unrolled.rnn.forget import chrono, keep_by
from unrolled.rnn.init import stream
from unrolled.run.preflight import compose, preflight
from unrolled.training.network import build

SPEC = {"pattern": "sequence_to_vector", "reads_tokens": True, "reads": 9, "answers_tokens": True, "answers": 3}


def test_the_tables_are_those_of_the_layers() -> None:
    assert set(BLOCKS) == set(CELLS) == set(choices()["cell"])
    for name, kind in CELLS.items():
        made: Any = kind
        layer = made(3, 5)
        assert (name in FREE, BLOCKS[name]) == (kind.free_activation, layer.cell.blocks)
        assert (name in TWO_BIASES) == (layer.b_h is not None)
        assert parameters(name, 3, 5) == sum(each.numel() for each in layer.parameters())


@pytest.mark.parametrize(("cell", "hidden"), [("rnn", 64), ("leaky", 64), ("lstm", 31), ("gru", 36)])
def test_equal_parameters_at_two_inputs(cell: str, hidden: int) -> None:
    """A vanilla layer of 64 units and 2 inputs has 64 (64 + 2 + 1) parameters."""
    assert hidden_for(cell, 2, 64 * 67) == hidden


@given(cell=st.sampled_from(sorted(BLOCKS)), inputs=st.integers(1, 300), wanted=st.integers(1, 10**7))
def test_no_other_size_is_nearer(cell: str, inputs: int, wanted: int) -> None:
    found = hidden_for(cell, inputs, wanted)
    assert found >= 1
    others = [parameters(cell, inputs, each) for each in (found - 1, found + 1) if each >= 1]
    assert all(abs(parameters(cell, inputs, found) - wanted) <= abs(other - wanted) for other in others)


def test_a_run_gets_the_size_that_its_parameters_make() -> None:
    config = compose(["cell=lstm", "model.parameters=4288", "task=latch", "embedding=none"])
    assert config.model.hidden == hidden_for("lstm", 1, 4288)


def test_it_also_does_with_vectors_from_a_file(tmp_path: Path) -> None:
    (tmp_path / "vectors.txt").write_text("love 1 2 3\nfilm 2 3 4\n")
    words = ["embedding=pretrained", f"embedding.path={tmp_path / 'vectors.txt'}", "cell=gru", "model.parameters=198"]
    assert compose(words).model.hidden == 6  # 3 x 6 x (3 + 6 + 2) = 198


def test_a_run_prints_its_size_and_is_named_by_what_decides(tmp_path: Path) -> None:
    words = ["cell=lstm", "task=latch", "model.parameters=200", "trainer.max_steps=1", "probe=off", "tracker=none"]
    printed = train(*words, f"hydra.run.dir={tmp_path}/run").stdout
    # one input a step: 4 x 6 x (1 + 6 + 1) = 192
    assert "model.parameters=200: model.hidden=6, with which the layer has 192\n" in printed
    assert "latch lstm gain=1.0 parameters=200 seed=0: completed" in printed


def test_a_number_of_parameters_is_taken_back_by_null() -> None:
    found = preflight(["--config-dir", "sweeps", "--config-name", "cells", "model.parameters=null", "model.hidden=4"])
    assert found.config is not None and found.config.model.parameters is None


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["cell=lstm", "activation=relu"], "activation=relu: cell=lstm has no free activation"),
        (["cell=gru", "activation=tanh"], "activation=tanh: cell=gru has no free activation"),
        (["cell=rnn,gru", "activation.name=relu", "--multirun"], "activation=relu: cell=gru has no free activation"),
        (["cell=lstm", "cell.leak=0.5"], "cell.leak=0.5: cell=lstm has no such value"),
        (["cell=leaky", "cell.leak=1.5"], "cell.leak=1.5 is out of range"),
        (["cell=leaky", "cell.chrono=true"], "cell.chrono=True: cell=leaky has no such value"),
        (["cell=lstm", "cell.chrono=true", "task.length=2"], "cell.chrono=true: .* task.length is 2"),
        (["cell=lstm", "cell.forget_bias=inf"], "cell.forget_bias=inf is out of range"),
        (["cell=lstm", "init=critical"], "init=critical: its theory is that of cell=rnn"),
        (["cell=ltsm"], r"cell=ltsm: no such choice \(did you mean lstm\?\)"),
        (["model=gru"], "model=gru: no such choice: type cell=gru"),
        (["model.parameters=100", "model.hidden=3"], "model.parameters and model.hidden: both set the size"),
        (["model.parameters=100", "model=large"], "model.parameters and model: both set the size"),
        (["cell=lstm", "cell.chrono=true", "cell.forget_bias=2"], "cell.chrono=true draws the bias that cell.forget"),
        (["cell=gru", "experiment=exploding"], "activation=identity: cell=gru has no free activation"),
        (["model.parameters=9", "embedding=pretrained"], "embedding=pretrained needs a file"),
        (["cell=gru", "cell.chrono=true", "task=copy"], "cell.chrono=true: .* task.length is not known"),
        (["model.parameters=0"], "model.parameters=0 is out of range: must be at least 1"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_does_not_fit_a_cell_is_answered_in_one_line(words: list[str], line: str) -> None:
    with pytest.raises(UserError, match=f"^{line}") as caught:
        preflight(words)
    assert "\n" not in str(caught.value)


def test_the_forget_bias_is_that_of_the_gate_that_keeps_the_state() -> None:
    for kind in (LSTM, GRU):
        layer = kind(2, 4)
        keep_by(layer, 2.0)
        assert layer.b.tolist() == [*[0.0] * 4, *[2.0] * 4, *[0.0] * (4 * layer.cell.blocks - 8)]


def test_chrono_spreads_the_time_constants_evenly() -> None:
    """1 / (1 - f) = 1 + u with u in U(1, T - 1): mean T / 2 + 1, from 2 to T; an LSTM's i is 1 - f."""
    lstm, drawn = LSTM(1, 400).double(), []
    for seed in range(50):
        torch.nn.init.zeros_(lstm.b)
        chrono(lstm, 100, stream(seed, "chrono"))
        drawn.append(lstm.b.detach().clone().unflatten(0, (4, -1)))
    i, f, g, o = torch.cat(drawn, 1)
    horizon = 1 / torch.sigmoid(-f)
    assert float(horizon.min()) >= 2 and float(horizon.max()) <= 100
    assert float(horizon.mean()) == pytest.approx(51, abs=0.8)  # four standard errors of a uniform draw
    assert float(horizon.median()) == pytest.approx(51, abs=1.5)
    assert torch.equal(i, -f) and not g.any() and not o.any()


def test_a_gate_has_random_streams_of_its_own_and_the_vanilla_layer_keeps_its_own() -> None:
    drawn = {cell: build(compose([f"cell={cell}", "init=gaussian", "seed=5"]), SPEC) for cell in CELLS}
    vanilla, leaky = (drawn[cell].rnns["rnn"] for cell in ("rnn", "leaky"))
    assert torch.equal(vanilla.W_h, leaky.W_h)
    blocks = drawn["lstm"].rnns["rnn"].W_h.chunk(4)
    assert all(not torch.equal(blocks[i], blocks[j]) for i in range(4) for j in range(i))
    again = build(compose(["cell=lstm", "init=gaussian", "seed=5", "init.gain=2"]), SPEC).rnns["rnn"]
    assert torch.equal(again.W_h, 2 * drawn["lstm"].rnns["rnn"].W_h)
