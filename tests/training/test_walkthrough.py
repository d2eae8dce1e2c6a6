"""The walkthrough of one example: what it prints is what it records, and the page shows that."""

import json
import math
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from conftest import Run
from unrolled.config.identity import RunIdentity
from unrolled.record.tables import ANSWERS, FIRST_PASS, read_table
from unrolled.report.first_pass import NOTES, answered, answers, first_pass
from unrolled.report.run_page import build_run
from unrolled.run.lifecycle import run
from unrolled.run.preflight import compose
from unrolled.tasks import load
from unrolled.training.network import build

NOTES_SHARES = "positive 89.1%, neutral 10.7%, negative 0.2%"
NOTES_EXAMPLE = ["experiment=notes_example", "probe.births=0", "tracker=none"]


@pytest.fixture(scope="module")
def taught(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("taught") / "run"
    folder.mkdir()
    run(compose([*NOTES_EXAMPLE]), RunIdentity(folder, "a run", "a run"))
    return folder


def kept(folder: Path) -> dict[str, Any]:
    return json.loads((folder / FIRST_PASS).read_text())


def test_the_first_row_is_the_softmax_of_the_read_out_and_its_loss(taught: Path) -> None:
    found, (head, rows) = kept(taught), read_table(taught / ANSWERS)
    exponents = np.exp(found["answer"])
    shares = exponents / exponents.sum()
    assert rows[0][1:] == pytest.approx(shares.tolist(), rel=1e-6)
    positive = head.index("share of positive") - 1
    assert found["true"] == "positive" and found["loss"] == pytest.approx(-math.log(shares[positive]), rel=1e-6)


def test_there_is_a_row_for_each_update_and_shares_add_up_to_one(taught: Path) -> None:
    _, rows = read_table(taught / ANSWERS)
    assert [row[0] for row in rows] == list(range(81))
    assert [sum(row[1:]) for row in rows] == pytest.approx([1.0] * 81, abs=1e-5)


def test_states_and_gradients_are_those_of_three_lines_of_numpy(taught: Path) -> None:
    """h_t = tanh(W_x x_t + W_h h_{t-1} + b), and dL/dh_{t-1} = W_h^T (1 - h_t^2) dL/dh_t, by an equal network."""
    found, config = kept(taught), compose(NOTES_EXAMPLE)
    (rnn,) = build(config, load(config.task, config.seed).spec).rnns.values()
    W_x, W_h, b = (p.detach().double().numpy() for p in (rnn.W_x, rnn.W_h, rnn.b))
    x, h, dh = (np.array(found[name]) for name in ("x", "h", "dh"))
    before = np.vstack([np.zeros(8), h[:-1]])
    assert h == pytest.approx(np.tanh(x @ W_x.T + before @ W_h.T + b), abs=1e-5)
    assert dh[:-1] == pytest.approx(((1 - h[1:] ** 2) * dh[1:]) @ W_h, abs=1e-5)


def test_the_page_has_the_notes_numbers(taught: Path) -> None:
    page = build_run(taught).read_text(encoding="utf-8")
    for shown in (
        "One example, every number",
        "+0.500 +0.200 +0.100 +0.800",
        "positive 89.1%, neutral 10.7%, negative 0.2%",
    ):
        assert shown in page
    passed = first_pass(taught)
    assert passed is not None
    assert [step.word for step in passed.steps] == ["i", "love", "machine", "learning"]
    assert [step.t for step in passed.steps] == [1, 2, 3, 4]
    for step, dh in zip(passed.steps, kept(taught)["dh"], strict=True):
        assert float(step.norm) == pytest.approx(math.hypot(*dh), abs=1e-5)


def test_the_sentence_names_the_first_update_that_is_as_sure(taught: Path) -> None:
    _, rows = read_table(taught / ANSWERS)
    (expected,) = [i for i in range(1, 81) if rows[i][1] >= NOTES["positive"] > rows[i - 1][1]]
    assert answered(taught)[-1] == f"This network is as sure of 'positive' after {expected} updates."


def test_a_resumed_run_has_the_bytes_of_an_undisturbed_one(tmp_path: Path) -> None:
    for name, limits in {"whole": [5], "resumed": [2, 5]}.items():
        identity = RunIdentity(tmp_path / name, "a run", "a run")
        identity.folder.mkdir()
        for i, limit in enumerate(limits):
            run(compose([*NOTES_EXAMPLE, f"trainer.max_steps={limit}", f"resume={bool(i)}"]), identity)
    for file in (ANSWERS, FIRST_PASS):
        assert (tmp_path / "resumed" / file).read_bytes() == (tmp_path / "whole" / file).read_bytes()


@pytest.mark.parametrize("task", ["adding", "caption"])
def test_another_network_gets_a_line(task: str, quick_run: Run, tmp_path: Path, capsys) -> None:
    quick_run(f"task={task}", "trainer.max_steps=1", "probe.births=0", "probe.walkthrough=true")
    assert capsys.readouterr().out.count("answer once, with a class: not this one") == 1
    assert first_pass(tmp_path / "run") is None and answers(tmp_path / "run") is None
    assert answered(tmp_path / "run") == []


@pytest.mark.parametrize("content", ["", "{", "[]", '{"words": ["a"]}', '{"words": 1, "x": [], "h": [], "dh": []}'])
def test_a_damaged_file_keeps_no_page_from_being_built(content: str, taught: Path, tmp_path: Path) -> None:
    folder = shutil.copytree(taught, tmp_path / "run")
    (folder / FIRST_PASS).write_text(content)
    assert "One example" not in build_run(folder).read_text(encoding="utf-8")
    (folder / ANSWERS).write_text(content)
    build_run(folder)
