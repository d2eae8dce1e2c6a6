"""Theory beside measurement: RMS differences and reasons of made-up runs, and the distance of made-up contours."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from omegaconf import OmegaConf
from test_page import births, make_sweep

from unrolled.record.results import Swept, read_sweep
from unrolled.report import critical_line, theory
from unrolled.report.build import build

GAINS = [0.9, 1.0, 1.1, 1.2, 1.3, 1.4]


def record(start: float, predicted: dict[str, float | None], **more: Any) -> dict[str, Any]:
    born = births([start], vanishing=1)
    return {"state": "completed", "births": born, "slope_start": start, "predictions_start": predicted, **more}


def swept(tmp_path: Path, records: list[dict[str, Any]]) -> Swept:
    values = ",".join(str(i) for i in range(len(records)))
    return read_sweep(make_sweep(tmp_path / "s", {"seed": values}, records))


def test_each_difference_is_that_of_its_own_runs(tmp_path: Path) -> None:
    draw = np.random.default_rng(0)
    measured = draw.normal(size=12)
    predicted = measured + 0.2 * draw.normal(size=12) + 0.1
    records = [
        record(m, {"mean_field": p, "bound": None, "exponent": m + 0.5 if i < 2 else None})
        for i, (m, p) in enumerate(zip(measured, predicted, strict=True))
    ]
    found = swept(tmp_path, records)
    rms = float(np.sqrt(np.mean((predicted - measured) ** 2)))
    assert theory.pairs(found, "start", "mean_field").rms == pytest.approx(rms)
    assert theory.best(found, "start") == "mean_field"
    predictions, measurements, *_ = theory.agreement(found)
    assert predictions == (
        f"RMS difference of predicted and measured slope at step 0, nats per lag: mean field {rms:.3f} (12 runs)."
    )
    assert measurements == (
        "Measured along the same states, no predictions, RMS difference at step 0: Lyapunov exponent 0.500 (2 runs)."
    )


def test_the_best_predictor_speaks_of_nearly_all_runs(tmp_path: Path) -> None:
    """One that is right about three runs and silent about the others is not the best; what is measured is none."""
    records = [
        record(s, {"ln_rho": s if i < 3 else None, "bound": s + 0.3, "measured_chi": s})
        for i, s in enumerate(np.linspace(-1, 0, 9))
    ]
    assert theory.best(swept(tmp_path, records), "start") == "bound"


@pytest.mark.parametrize("states", [["failed"] * 6, ["completed"] * 4])
def test_there_is_nothing_to_draw_of_too_few_runs(states: list[str], tmp_path: Path) -> None:
    found = swept(tmp_path, [record(-0.5, {"mean_field": -0.5}, state=state) for state in states])
    assert theory.scatter(found) is None
    assert theory.agreement(found) == []


REASONS = {
    "saturation": {"flat": 0.9, "dead": 0.0, "predictions": {"mean_field": 0.0, "measured_chi": -1.0}},
    "input and state": {"flat": 0.1, "dead": 0.0, "predictions": {"mean_field": 0.0, "measured_chi": -1.0}},
    "training": {"flat": 0.1, "dead": 0.0, "predictions": {"mean_field": 0.0, "measured_chi": -0.1}},
}


def test_mean_field_that_is_wrong_has_its_reasons(tmp_path: Path) -> None:
    right = [
        record(s, {"mean_field": s}, slope=s, predictions={"mean_field": s, "measured_chi": s}, steps=9)
        for s in (-0.1, -0.2, -0.3, -0.4)
    ]
    wrong = [record(-1.0, {"mean_field": -1.0}, slope=-1.0, steps=9, **more) for more in REASONS.values()]
    line = theory.agreement(swept(tmp_path, right + wrong))[-1]
    assert line.startswith("mean field, at the end, with the trained W_h: 3 of 7 runs are more than 0.1")
    assert all(f"1 by {reason}" in line for reason in REASONS)


@pytest.mark.parametrize(("sd", "reason"), [(0.2, "finite size"), (0.01, "units that move together")])
def test_before_training_finite_size_is_the_scatter_of_initialisations(sd: float, reason: str, tmp_path: Path) -> None:
    records = [record(s, {"mean_field": s + 0.3, "measured_chi": s + 0.3}) for s in (-0.1, -0.2, -0.3, -0.4, -0.5)]
    for each in records:
        each["births"]["slope_sd"] = sd
        each["start"] = {"flat": 0.1, "dead": 0.0}
    assert f"Why: 5 by {reason}" in theory.agreement(swept(tmp_path, records))[-1]


@pytest.mark.parametrize(("start", "why"), [({"flat": 0.0, "dead": 0.0}, "finite size"), (None, None)])
def test_the_end_of_training_is_no_reason_at_its_start(start: Any, why: str | None, tmp_path: Path) -> None:
    """All units saturate in the end; a record of an earlier version says nothing of step 0: no reason is given."""
    end = {"flat": 0.9, "dead": 0.0, "slope": -0.1, "predictions": {"mean_field": -0.1}, "steps": 5}
    records = [
        record(s, {"mean_field": s + 0.3, "measured_chi": s + 0.3}, **end) for s in (-0.1, -0.2, -0.3, -0.4, -0.5)
    ]
    for each in records:
        each["births"]["slope_sd"] = 0.5
        each["start"] = start
    (line,) = [text for text in theory.agreement(swept(tmp_path, records)) if text.startswith("mean field, at step 0")]
    assert "5 of 5 runs" in line and "saturation" not in line
    assert (f"Why: 5 by {why}" in line) if why else ("Why" not in line)


def plane(tmp_path: Path, activation: str, off: dict[float, float], cell: str = "rnn", **init: Any) -> Swept:
    """Untrained runs whose slope at initialisation is ln(sigma_w / (its critical value + off)), at each sigma_b."""
    records = []
    for gain in GAINS:
        for sigma_b, by in off.items():
            critical = 1.0927 if sigma_b else 1.0  # sigma_w^2 = 1.1892 + .0048: tanh at sigma_b^2 = .001, published
            records.append(record(math.log(gain / (critical + by)), {}))
    axes = {"init.gain": ",".join(map(str, GAINS)), "init.bias_std": ",".join(map(str, off))}
    folder = make_sweep(tmp_path / "s", axes, records)
    config = {"activation": {"name": activation}, "cell": {"name": cell}}
    config |= {"init": {"name": "gaussian", "input_gain": 0.0, **init}}
    (folder / "0" / ".hydra").mkdir()
    OmegaConf.save(OmegaConf.create(config), folder / "0" / ".hydra" / "config.yaml")
    return read_sweep(folder)


def test_the_distance_of_the_contour_is_measured_along_sigma_w(tmp_path: Path) -> None:
    found = plane(tmp_path, "tanh", {0.0: 0.05, 0.0316228: 0.02})
    (line,) = critical_line.distance(found)
    first, second = critical_line.crossings(found)
    assert first.theory == pytest.approx(1.0, abs=1e-4)
    assert second.theory**2 == pytest.approx(1.1892, abs=6e-5)  # published
    assert first.measured == pytest.approx(1.05, abs=3e-3)  # a line between two gains, where a curve is
    assert "0.051 in sigma_w, at sigma_b = 0 (1.051 against 1.000); 2 values of sigma_b." in line
    (where,) = critical_line.line(found)
    assert "1.05 (1.00) at sigma_b 0; 1.11 (1.09) at sigma_b 0.0316" in where  # 1.0 + .05, 1.0905 + .02
    page = build(found.folder).read_text(encoding="utf-8")
    assert "1. Phase diagram" in page and line in page


@pytest.mark.parametrize("other", [{"input_gain": 1.0}, {"name": "orthogonal"}, {"cell": "lstm"}], ids=str)
def test_with_input_other_weights_or_gates_there_is_no_such_line(other: dict[str, Any], tmp_path: Path) -> None:
    found = plane(tmp_path, "tanh", {0.0: 0.05, 0.1: 0.02}, **other)
    assert critical_line.crossings(found) == []
    assert critical_line.phase_diagram(found) is None
    build(found.folder)


def test_a_contour_that_theory_has_no_line_for_is_drawn_alone(tmp_path: Path) -> None:
    """The logistic sigmoid at a bias that flattens every unit."""
    found = plane(tmp_path, "sigmoid", {1e9: 0.0})
    assert all(math.isnan(each.theory) for each in critical_line.crossings(found))
    assert critical_line.distance(found) == []
    assert "Phase diagram" in build(found.folder).read_text(encoding="utf-8")
