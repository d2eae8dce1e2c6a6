"""The page of made-up sweeps: what is pooled, what the sentences say, and that nothing a user typed is markup."""

import json
import math
import re
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from omegaconf import OmegaConf

from unrolled.cli import console
from unrolled.errors import UserError
from unrolled.record.plan import Planned, write_plan
from unrolled.record.results import read_sweep
from unrolled.report.build import build
from unrolled.report.gather import Pool, pool
from unrolled.report.sentences import sentence


def make_sweep(folder: Path, params: dict[str, str], records: list[dict[str, Any]], question: str = "why?") -> Path:
    folder.mkdir()
    hydra = {"sweeper": {"params": params}, "job": {"config_name": "made_up"}}
    OmegaConf.save(OmegaConf.create({"hydra": hydra, "sweep": {"question": question}}), folder / "multirun.yaml")
    swept = {key: [yaml_value(text) for text in values.split(",")] for key, values in params.items()}
    combinations = [dict(zip(swept, values, strict=True)) for values in product(*swept.values())]
    write_plan(folder, [Planned(i, axes, str(i)) for i, axes in enumerate(combinations)])
    for number, record in enumerate(records):
        (folder / str(number)).mkdir()
        (folder / str(number) / "status.json").write_text(json.dumps(record))
    return folder


def yaml_value(text: str) -> Any:
    return OmegaConf.create(f"x: {text}").x


def births(slopes: list[float], **regimes: int) -> dict[str, Any]:
    mean = sum(slopes) / len(slopes)
    return {"n": sum(regimes.values()), "slopes": slopes, "slope_mean": mean, "slope_sd": 0.1, "regimes": regimes}


def test_equal_initialisations_count_once_and_others_add_up(tmp_path: Path) -> None:
    same, other = births([-1.0, -2.0], vanishing=2), births([1.0, 2.0], exploding=2)
    records = [
        {"state": "completed", "births": same, "slope": -0.5},
        {"state": "completed", "births": same, "slope": -0.7},
    ]
    records += [
        {"state": "completed", "births": other, "slope": 0.1},
        {"state": "diverged", "births": other, "slope": None},
    ]
    swept = read_sweep(make_sweep(tmp_path / "s", {"seed": "0,1", "optimizer.lr": "0.1,0.2"}, records))
    whole = pool(swept.runs, {})
    assert whole.initial_slopes == [-1.0, -2.0, 1.0, 2.0]
    assert whole.initial_regimes == {"vanishing": 2, "exploding": 2}
    assert whole.slopes == [-0.5, -0.7, 0.1]


@pytest.mark.parametrize(
    ("regimes", "start"),
    [
        ({"vanishing": 90, "stable": 10}, "tanh vanishes at initialisation: 90 of 100 networks"),
        ({"vanishing": 89, "stable": 11}, "tanh: the initialisations do not agree (89 vanishing, 11 stable of 100)"),
        ({"undecided": 100}, "tanh is undecided at initialisation: 100 of 100 networks"),
    ],
)
def test_a_regime_is_named_only_where_nine_in_ten_agree(regimes: dict[str, int], start: str) -> None:
    assert sentence(Pool({"activation": "tanh"}, [-1.0, -1.2], regimes, {}, [], [])).startswith(start)


def test_what_a_user_typed_is_text(tmp_path: Path) -> None:
    typed = "<script>alert(1)</script>"
    records = [{"state": "completed", "births": births([-1.0], vanishing=1), "slope": -1.0}] * 2
    folder = make_sweep(tmp_path / "s", {"task.name": f"'{typed}',b"}, records, question=typed)
    assert read_sweep(folder).axes["task.name"] == [typed, "b"]
    assert typed not in build(folder).read_text(encoding="utf-8")


def test_runs_without_results_break_nothing(tmp_path: Path) -> None:
    nothing = births([0.0], dead=3) | {"slope_mean": None, "slope_sd": None, "slopes": []}
    records = [
        {
            "state": "diverged",
            "births": nothing,
            "slope": None,
            "metrics": {"val/loss": None},
            "baseline": {"val/loss": 1.0},
        },
        {"state": "failed", "error": "RuntimeError: no"},
        {"state": "running"},
    ]
    folder = make_sweep(tmp_path / "s", {"activation": "tanh,relu", "seed": "0,1"}, records)
    page = build(folder).read_text(encoding="utf-8")
    assert "RuntimeError: no" in page
    assert "1 running, 1 diverged, 1 failed, 1 missing" in re.sub(r"<[^>]+>", "", page.partition('id="plotly"')[0])
    lines = (folder / "results.csv").read_text().splitlines()
    assert len(lines) == 5


def test_a_folder_without_a_sweep_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no sweep"):
        build(tmp_path)


def test_an_empty_pool_has_no_mean() -> None:
    assert math.isnan(pool([], {}).initial_mean)


def test_report_opens_the_page_where_it_is_asked_to(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys) -> None:
    folder = make_sweep(tmp_path / "my sweep", {"seed": "0,1"}, [])
    opened: list[str] = []
    monkeypatch.setattr("webbrowser.open", opened.append)
    monkeypatch.setattr("unrolled.run.entry.raise_on_signals", lambda: None)  # pytest has handlers of its own
    for asked in ([], ["--open"]):
        monkeypatch.setattr("sys.argv", ["unrolled", "report", str(folder), *asked])
        console()
    assert capsys.readouterr().out == f"{folder / 'report.html'}\n" * 2
    assert opened == [(folder / "report.html").as_uri()]


def test_sequences_of_any_length_are_drawn_together(tmp_path: Path) -> None:
    """A fourth axis is pooled, and it may be the length."""
    axes = {"activation": "tanh,relu", "init.gain": "1", "model.hidden": "4", "task.length": "3,5"}
    folder = make_sweep(tmp_path / "s", axes, [{"state": "completed", "births": births([-1.0], vanishing=1)}] * 4)
    for number, length in enumerate((3, 5, 3, 5)):
        (folder / str(number) / "profiles").mkdir()
        values = ",".join(str(-float(lag)) for lag in range(length))
        rows = f"birth,{','.join(f't{t}' for t in range(length))}\n0,{values}\n"
        (folder / str(number) / "profiles" / "births_relative_log.csv").write_text(rows)
    page = build(folder).read_text(encoding="utf-8")
    assert "All values of task.length are pooled." in page
