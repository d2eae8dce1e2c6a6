"""What a whole run says of its gradients: below float32, portraits at both ends, critical weights, every pattern."""

import csv
import json
import math
from pathlib import Path

import pytest
import torch

from conftest import Run, some
from unrolled.errors import UserError
from unrolled.run.preflight import compose
from unrolled.training.network import build

SPEC = {"pattern": "sequence_to_vector", "reads_tokens": True, "reads": 30, "answers_tokens": True, "answers": 3}
UNTRAINED = ["trainer.max_steps=0", "probe.births=2"]


def last_row(folder: Path, name: str) -> list[float]:
    """By time step; an empty cell is nan."""
    with (folder / "profiles" / f"{name}.csv").open(newline="") as file:
        return [float(value or "nan") for value in list(csv.reader(file))[-1][1:]]


def test_below_float32_the_log_space_pass_continues(
    quick_run: Run, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Logistic units, 500 steps, one update (an untrained network is looked at in float64): the real pass is exactly 0
    from some lag on, where ln of the norm is about -100."""
    long = ["task=adding", "task.length=500", "task.samples=200", "activation=sigmoid", "model.hidden=16"]
    status = quick_run(*long, "probe.births=2", "trainer.max_steps=1")
    real, logs = (last_row(tmp_path / "run", name)[::-1] for name in ("grad_h", "grad_h_relative_log"))
    first = status["below_float_from"]
    said = f"below float32 from lag {first} on; the log-space pass continues"
    assert said in capsys.readouterr().out
    assert all(value > 0 for value in real[: first - 3]) and not any(real[first + 3 :])
    assert -110 < logs[first] + math.log(real[0]) < -85  # float32 ends at ln 1.4e-45 = -103
    assert all(math.isfinite(value) for value in logs)
    assert (logs[400] - logs[1]) / 399 == pytest.approx(status["slope"], rel=0.01)
    assert status["regime"] in ("vanishing", "saturated")


def test_in_float64_nothing_is_below(quick_run: Run) -> None:
    long = ["task=adding", "task.length=150", "task.samples=200", "activation=sigmoid", "model.hidden=16"]
    assert quick_run(*long, *UNTRAINED, "trainer.precision=64")["below_float_from"] is None


@pytest.mark.long
@pytest.mark.parametrize("overrides", [["task=latch"], ["task=copy", "task.delay=20"], ["task=numbers"]])
def test_a_full_probe_leaves_portraits_of_both_ends_the_same_each_time(
    overrides: list[str], quick_run: Run, tmp_path: Path
) -> None:
    short = ["probe=full", "task.samples=100", "model.hidden=8", "trainer.max_steps=3", *overrides]
    status = quick_run(*short, folder="one")
    quick_run(*short, folder="two")
    one, two = (tmp_path / name / "portraits" for name in ("one", "two"))
    parts = [f"_{name}" for name in status.get("halves", ())] or [""]
    expected = {
        f"{end}{part}{kind}" for end in ("start", "end") for part in parts for kind in (".json", ".png", ".svg")
    }
    assert {file.name for file in one.iterdir()} == expected
    for file in one.iterdir():
        assert file.read_bytes() == (two / file.name).read_bytes(), file.name
    for part, told in status.get("halves", {"": status}).items():
        end = json.loads((one / f"end{'_' if part else ''}{part}.json").read_text())
        for key in ("regime", "slope", "predictions", "explanation"):
            assert end[key] == told[key], key
        start = json.loads((one / f"start{'_' if part else ''}{part}.json").read_text())
        assert (start["regime"], start["slope"]) == (told["regime_start"], told["slope_start"])


@pytest.mark.parametrize(("activation", "gain"), [("relu", math.sqrt(2)), ("identity", 1.0), ("softsign", 1.0)])
def test_critical_weights_are_gaussian_at_the_critical_gain(activation: str, gain: float) -> None:
    config = compose(["init=critical", f"activation={activation}", "model.hidden=256"])
    (rnn,) = build(config, SPEC).rnns.values()
    assert float(rnn.W_h.detach().std()) * math.sqrt(256) == pytest.approx(gain, rel=0.01)
    same = compose(["init=gaussian", f"init.gain={gain}", f"activation={activation}", "model.hidden=256"])
    (other,) = build(same, SPEC).rnns.values()
    torch.testing.assert_close(rnn.W_h, other.W_h, rtol=1e-6, atol=0)


def test_a_bias_moves_the_critical_gain() -> None:
    """tanh at sigma_b^2 = .1: sigma_w^2 = 1.9861 (published)."""
    bias = f"init.bias_std={math.sqrt(0.1)}"
    (rnn,) = build(compose(["init=critical", bias, "model.hidden=256"]), SPEC).rnns.values()
    assert float(rnn.W_h.detach().var()) * 256 == pytest.approx(1.9861, rel=0.02)


@pytest.mark.parametrize("bias", some([0.3, 0.7], 2))
def test_critical_births_neither_vanish_nor_explode(bias: float, quick_run: Run) -> None:
    """Without input, as theory takes it; a Gaussian network at gain 1 with that bias vanishes."""
    silent = ["task=latch", "task.samples=40", "init.input_gain=0", f"init.bias_std={bias}", "model.hidden=128"]
    silent += ["trainer.max_steps=0", "probe.births=10", "task.length=60"]
    critical = quick_run("init=critical", *silent, folder="critical")["births"]
    assert abs(critical["slope_mean"]) < 0.02
    assert quick_run("init=gaussian", *silent, folder="gaussian")["births"]["slope_mean"] < -0.1


def test_where_there_is_no_critical_gain_it_is_told(quick_run: Run) -> None:
    with pytest.raises(UserError, match=r"init=critical: sigmoid has no critical gain below 1000 .* use init=gaussian"):
        quick_run("init=critical", "activation=sigmoid", "init.bias_std=1e9")
    with pytest.raises(UserError, match=r"init=critical: gelu has no critical gain .* chi jumps .* use init=gaussian"):
        quick_run("init=critical", "activation=gelu", folder="gelu")
