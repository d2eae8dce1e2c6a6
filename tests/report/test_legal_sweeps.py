"""A page of every sweep that can be: records with fields that are null, missing or cut short, odd values."""

import copy
import json
import tempfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from omegaconf import OmegaConf

from unrolled.errors import UserError
from unrolled.record.plan import Planned, write_plan
from unrolled.record.results import failures, read_sweep
from unrolled.record.run_record import RunRecord
from unrolled.report.build import build
from unrolled.report.configurations import groups
from unrolled.report.gather import pool
from unrolled.report.run_page import build_run
from unrolled.report.sections import LAGS, Plan, _drawn
from unrolled.report.show import show
from unrolled.report.terminal import print_table

MISSING = "could not be drawn"
PREDICTED = {"bound": 0.1, "ln_rho": 0.0, "mean_field": -0.2, "measured_chi": -0.1, "exponent": -0.1, "departure": 0.5}
EVIDENCE = {
    "regime": "vanishing", "regime_reason": "slope -0.1", "explanation": "It shrinks.", "slope": -0.1,
    "slope_error": 0.01, "slope_by_f": -0.3, "slope_by_W_h": 0.2, "flat": 0.1, "dead": 0.0, "horizon": 12,
    "horizon_direction": "down", "horizon_extrapolated": 46.0, "longest_lag": 19, "predictions": PREDICTED,
    "cancellation": 0.4, "weight_horizon": {"50%": 1, "90%": 5},
}  # fmt: skip
BIRTHS = {
    "n": 3, "regimes": {"vanishing": 2, "dead": 1}, "slopes": [-0.1, -0.2], "slope_mean": -0.15, "slope_sd": 0.05,
    "alive": [True, False, True],
}  # fmt: skip
WHOLE: dict[str, Any] = {
    **EVIDENCE,
    "state": "completed", "name": "a run", "steps": 10, "duration_s": 1.5, "score": "val/mse",
    "larger_is_better": False, "metrics": {"val/mse": 0.1, "val/loss": 0.1}, "train": {"mse": 0.1},
    "baseline": {"val/mse": 0.2}, "baseline_name": "always 1",
    "references": {"bag": {"val/mse": 0.3, "seconds": 2.0}}, "seconds_per_update": 0.001,
    "solved": {"score": "val/mse", "value": 0.01, "at": 5}, "births": BIRTHS, "start": EVIDENCE,
    "slope_start": -0.1, "regime_start": "vanishing", "predictions_start": PREDICTED, "seam": 2,
    "every_state": True, "halves": {"encoder": EVIDENCE | {"births": BIRTHS}, "decoder": EVIDENCE},
    "flushed_to_zero": 0, "below_float_from": 30, "bits": 32, "remark": "note", "coverage": "all",
    "births_fingerprint": "f", "roughness": 0.1, "error": "why", "resumed": {"state": "failed", "error": "no"},
    "wandb": {"id": "a", "folder": "wandb"}, "numbers": 1, "older_val_loss_before": 3,
}  # fmt: skip
ODD = st.sampled_from([None, [], {}, "text", "", 0, -1, 0.5, True, [None], {"a": None}])
PROFILE = "step,t0,t1,t2\n0,-2,-1,0\n5,-3,-1,0\n"


def paths(value: dict[str, Any], before: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    found = []
    for key, each in value.items():
        found.append((*before, key))
        found += paths(each, (*before, key)) if isinstance(each, dict) else []
    return found


@st.composite
def records(draw: st.DrawFn) -> str:
    """A whole record of which some fields are missing or of another kind; or one that is empty or cut short."""
    kept = copy.deepcopy(WHOLE) | {"state": draw(st.sampled_from(["completed", "diverged", "failed", "running"]))}
    for path in draw(st.lists(st.sampled_from(paths(WHOLE)), max_size=8)):
        place: Any = kept
        for key in path[:-1]:
            place = place.get(key) if isinstance(place, dict) else None
        if isinstance(place, dict):
            place[path[-1]] = copy.deepcopy(draw(ODD))  # a later path may go into it
            if draw(st.booleans()):
                del place[path[-1]]
    text = json.dumps(kept)
    return draw(st.sampled_from([text] * 4 + ["", text[: len(text) // 2], "[]", "null"]))


VALUES = st.sampled_from([1, 1.0, "1", None, True, False, "true", "null", "", 2, 0.5, "relu", [1, 2]])
KEYS = ["init.gain", "activation", "task.length", "init.bias_std", "seed", "trainer.gradient_clip_val"]


@st.composite
def sweeps(draw: st.DrawFn) -> list[tuple[dict[str, Any], str | None]]:
    keys = draw(st.lists(st.sampled_from(KEYS), min_size=1, max_size=4, unique=True))
    runs = draw(st.integers(1, 7))
    return [({key: draw(VALUES) for key in keys}, draw(st.none() | records())) for _ in range(runs)]


def lay(folder: Path, runs: list[tuple[dict[str, Any], str | None]]) -> None:
    record = {"hydra": {"job": {"config_name": "made_up"}}, "sweep": {"question": "?"}}
    OmegaConf.save(OmegaConf.create(record), folder / "multirun.yaml")
    write_plan(folder, [Planned(i, axes, str(i)) for i, (axes, _) in enumerate(runs)])
    for i, (_, record) in enumerate(runs):
        if record is not None:
            (folder / str(i) / "profiles").mkdir(parents=True)
            (folder / str(i) / "status.json").write_text(record)
            (folder / str(i) / "profiles" / "grad_h.csv").write_text("step,t0,t1,t2\n0,,0,1\n5,0.1,0.5,1\n")
            for name in ("grad_h_relative_log", "births_relative_log"):
                (folder / str(i) / "profiles" / f"{name}.csv").write_text(PROFILE)


def has_its_page_and_its_table(runs: list[tuple[dict[str, Any], str | None]]) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lay(folder, runs)
        assert MISSING not in build(folder).read_text(encoding="utf-8")
        swept = read_sweep(folder)
        print_table(swept)
        show(folder)
        assert len(swept.runs) == len(runs)
        assert sum(len(each.runs) for each in groups(swept)) == sum(
            run.state in ("completed", "diverged") and run.record.score is not None for run in swept.runs
        )


def has_its_page_and_its_lines(record: str) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "status.json").write_text(record)
        if RunRecord.read(folder).kept:
            show(folder)
            build_run(folder)
        else:
            with pytest.raises(UserError, match="cannot be read"):
                show(folder)
            with pytest.raises(UserError, match="cannot be read"):
                build_run(folder)


EXAMPLES = pytest.mark.parametrize("examples", [12, pytest.param(150, marks=pytest.mark.long)])


@EXAMPLES
def test_every_sweep_has_its_page_and_its_table(examples: int) -> None:
    settings(max_examples=examples)(given(sweeps())(has_its_page_and_its_table))()


@EXAMPLES
def test_every_run_has_its_page_and_its_lines(examples: int) -> None:
    settings(max_examples=examples)(given(records())(has_its_page_and_its_lines))()


def without(path: tuple[str, ...], value: Any, **more: Any) -> str:
    """Returns a whole record whose field at `path` has this value; is missing, where it is None."""
    kept = copy.deepcopy(WHOLE) | more
    place = kept
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = value
    if value is None:
        del place[path[-1]]
    return json.dumps(kept)


@pytest.mark.parametrize(
    ("state", "value"),
    [
        ("completed", None),
        *(pytest.param(*each, marks=pytest.mark.long) for each in (("completed", "text"), ("diverged", None))),
    ],
)
def test_any_one_field_can_be_missing_or_of_another_kind(state: str, value: Any) -> None:
    fields = [path for path in paths(WHOLE) if path != ("state",) and path[:1] != ("halves",)]  # of a run alone
    has_its_page_and_its_table([({"init.gain": i}, without(path, value, state=state)) for i, path in enumerate(fields)])


@pytest.mark.parametrize("record", ["", json.dumps(WHOLE)[:200], "[]"])
def test_a_record_that_cannot_be_read_is_a_missing_one_with_a_line(record: str, tmp_path: Path) -> None:
    lay(tmp_path, [({"seed": 0}, json.dumps(WHOLE)), ({"seed": 1}, record)])
    swept = read_sweep(tmp_path)
    assert [run.state for run in swept.runs] == ["completed", "missing"]
    (line,) = failures(swept)
    assert "seed=1" in line and "status.json cannot be read" in line
    assert "status.json cannot be read" in build(tmp_path).read_text(encoding="utf-8")


def test_a_value_that_is_typed_otherwise_is_the_same_and_true_is_not_one(tmp_path: Path) -> None:
    values = [1, 1.0, "1", True, None]
    lay(tmp_path, [({"init.gain": value, "model.hidden": i}, json.dumps(WHOLE)) for i, value in enumerate(values)])
    swept = read_sweep(tmp_path)
    assert swept.axes["init.gain"] == [1, True, None]
    pooled = [len(pool(swept.runs, {"init.gain": value}).trained) for value in swept.axes["init.gain"]]
    assert pooled == [3, 1, 1]


def test_a_figure_that_fails_says_why_and_the_others_stand(tmp_path: Path) -> None:
    def fails(_: Any) -> Any:
        raise ValueError("no such profile")

    section = _drawn(Plan("One", LAGS, fails), read_sweep_of(tmp_path))
    assert section is not None and section.figure is None
    assert section.lines == ["This figure is missing: it could not be drawn (ValueError: no such profile)."]
    (tmp_path / "0" / "profiles" / "births_relative_log.csv").write_text("birth,t0\n0,word\n")
    page = build(tmp_path).read_text(encoding="utf-8")
    assert MISSING in page and "Scores" in page


def read_sweep_of(folder: Path) -> Any:
    lay(folder, [({"seed": 0}, json.dumps(WHOLE))])
    return read_sweep(folder)
