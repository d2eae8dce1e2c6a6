"""The data of each run on the page: the command that makes it, and the order of the table."""

import shlex
from pathlib import Path
from typing import Any

import pytest
from hydra.core.override_parser.overrides_parser import OverridesParser
from hypothesis import example, given
from hypothesis import strategies as st
from omegaconf import OmegaConf
from test_page import make_sweep

from unrolled.record.results import read_sweep
from unrolled.report.build import build
from unrolled.report.figures import COLOURS, stroke
from unrolled.report.runs import _typed as typed
from unrolled.report.runs import command, runs_data, sweep_command

NAMES = st.text(st.characters(blacklist_categories=["Cs", "Cc"]), min_size=1).filter(lambda text: text == text.strip())


def recorded(folder: Path, **hydra: Any) -> None:
    """Writes into the record of a sweep what Hydra would."""
    record = folder / "multirun.yaml"
    OmegaConf.save(OmegaConf.merge(OmegaConf.load(record), {"hydra": hydra}), record)


@pytest.mark.parametrize("axis", ["tanh,relu", "glob(*)", "glob([t*,r*],exclude=x)", "choice(tanh,relu)"])
def test_a_run_that_never_began_has_the_command_it_would_have_had(axis: str, tmp_path: Path) -> None:
    folder = make_sweep(tmp_path / "s", {"activation": "tanh,relu", "trainer.gradient_clip_val": "null,1.0"}, [])
    typed_in = [f"activation={axis}", "model.hidden=4", "trainer.gradient_clip_val=null,1.0"]
    recorded(folder, overrides={"task": typed_in, "hydra": []})
    swept = read_sweep(folder)
    words = shlex.split(command(swept, swept.runs[2]))
    assert words[:2] == ["python", "src/train.py"]
    assert words[-3:] == ["model.hidden=4", "activation=relu", "trainer.gradient_clip_val=null"]


def test_a_run_that_was_resumed_is_made_again_from_its_start(tmp_path: Path) -> None:
    folder = make_sweep(tmp_path / "s", {"seed": "0,1"}, [{"state": "completed"}])
    (folder / "0" / ".hydra").mkdir()
    OmegaConf.save(OmegaConf.create(["seed=0", "resume=true"]), folder / "0" / ".hydra" / "overrides.yaml")
    swept = read_sweep(folder)
    assert command(swept, swept.runs[0]).endswith(" hydra.mode=RUN seed=0")


@pytest.mark.parametrize("asked", [[], ["hydra.mode=MULTIRUN"]])
def test_a_sweep_that_was_asked_for_as_one_is_so_again(asked: list[str], tmp_path: Path) -> None:
    folder = make_sweep(tmp_path / "s", {"seed": "0,1"}, [])
    recorded(folder, overrides={"task": ["seed=0,1"], "hydra": asked})
    assert ("--multirun" in sweep_command(read_sweep(folder)).split()) == bool(asked)


@example("a\\")
@example("\\'b")
@given(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | NAMES)
def test_a_value_is_typed_as_hydra_reads_it(value: Any) -> None:
    (read,) = OverridesParser.create().parse_overrides([f"key={typed(value)}"])
    assert (type(read.value()), read.value()) == (type(value), value)


def test_the_table_is_sorted_by_values_not_by_their_letters(tmp_path: Path) -> None:
    scores = [0.5, 0.45, 0.123, None]
    done = [
        {"state": "completed", "score": "val/a", "metrics": {"val/a": score}, "baseline": {}, "steps": 1, "slope": s}
        for score, s in zip(scores, (-0.5, 1.0, None, 0.25), strict=True)
    ]
    swept = read_sweep(make_sweep(tmp_path / "s", {"init.gain": "1.5,0.75,10.0,1.25"}, done))
    data = runs_data(swept)
    heads = {name: i for i, name in enumerate(data["header"])}
    assert [run["order"][heads["run"]] for run in data["cells"]] == [2, 0, 3, 1]
    assert [run["order"][heads["val/a"]] for run in data["cells"]] == scores
    assert [run["order"][heads["slope now"]] for run in data["cells"]] == [-0.5, 1.0, None, 0.25]


def test_no_two_of_two_dozen_lines_look_alike() -> None:
    looks = {(line["color"], line["dash"]) for line in map(stroke, range(3 * len(COLOURS)))}
    assert len(looks) == 3 * len(COLOURS)


@pytest.mark.parametrize(
    ("task", "axes", "named"),
    [
        ({"file": "data/parity.py"}, {"init.gain": "1,2", "seed": "0,1"}, "parity.py: init.gain, seed"),
        ({"file": "prices.csv"}, {"task.options.gap": "1,2"}, "prices.csv: task.options.gap"),
        ({"file": "parity.py"}, {"task.file": "a.py,b.py"}, "task.file"),
        ({"file": ""}, {"seed": "0,1"}, "seed"),
        ({"file": "${oc.env:SECRET_FILE}"}, {"seed": "0,1"}, "${oc.env:SECRET_FILE}: seed"),
        (None, {"seed": "0,1"}, "seed"),
    ],
)
def test_a_sweep_on_data_of_ones_own_is_titled_by_their_file(
    task: dict[str, str] | None, axes: dict[str, str], named: str, tmp_path: Path
) -> None:
    folder = make_sweep(tmp_path / "s", axes, [])
    record = OmegaConf.load(folder / "multirun.yaml")
    OmegaConf.save(OmegaConf.merge(record, {"task": task or {}}), folder / "multirun.yaml")
    recorded(folder, job={"config_name": "train"})
    assert read_sweep(folder).name == named
    page = build(folder).read_text(encoding="utf-8")
    assert f"<h1>{named}</h1>" in page and f"<title>Unrolled: {named}</title>" in page
