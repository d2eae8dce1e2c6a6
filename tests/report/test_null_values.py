"""null is a value like others: wherever a page, a table or a line names it, it is what the user typed."""

import json
from pathlib import Path
from typing import Any

import plotly.graph_objects as go
import pytest
from test_legal_sweeps import WHOLE, lay

from unrolled.record.results import Swept, failures, read_sweep
from unrolled.report.configuration_lines import lines
from unrolled.report.profile_figures import profiles_after_training, profiles_at_initialisation
from unrolled.report.runs import runs_data
from unrolled.report.sections import sections
from unrolled.report.sentences import sentences
from unrolled.report.show import show
from unrolled.report.terminal import print_table
from unrolled.report.verdict.answers import answers

CLIP = "trainer.gradient_clip_val"


def swept(folder: Path, key: str, values: list[Any], others: list[str], state: str = "completed") -> Swept:
    lay(folder, [({**dict.fromkeys(others, 1), key: value}, json.dumps(WHOLE | {"state": state})) for value in values])
    return read_sweep(folder)


def legend(figure: go.Figure) -> list[str]:
    traces: Any = figure.data
    return [trace.name for trace in traces if trace.showlegend]


@pytest.mark.parametrize("draw", [profiles_at_initialisation, profiles_after_training])
@pytest.mark.parametrize("values", [[None, 1.0], [1.0, None], [None]])
def test_a_legend_names_each_value_as_it_was_typed(draw: Any, values: list[Any], tmp_path: Path) -> None:
    named = legend(draw(swept(tmp_path, CLIP, values, [])))
    assert named == ["null" if value is None else "1.0" for value in values]


def test_a_figure_with_nothing_swept_but_seeds_has_one_curve_of_all(tmp_path: Path) -> None:
    assert legend(profiles_at_initialisation(swept(tmp_path, "seed", [0, 1], []))) == ["all"]


def texts(found: Any) -> list[str]:
    """Returns every text within lists and dicts, their keys left out."""
    if isinstance(found, dict):
        return [text for value in found.values() for text in texts(value)]
    if isinstance(found, list | tuple):
        return [text for value in found for text in texts(value)]
    return [found] if isinstance(found, str) else []


@pytest.mark.parametrize("state", ["completed", "failed"])
@pytest.mark.parametrize("others", [[], ["activation", "init.gain"]])
@pytest.mark.parametrize("key", [CLIP, "task.length", "seed"])
def test_nothing_names_it_otherwise(key: str, others: list[str], state: str, tmp_path: Path, capsys) -> None:
    found = swept(tmp_path, key, [None, 10], others, state)
    figures = [section.figure.to_plotly_json() for section in sections(found) if section.figure is not None]
    words = [line for each in answers(found) for line in each.lines]
    words += [*lines(found), *sentences(found), *failures(found), *texts(figures)]
    words += [line for section in sections(found) for line in section.lines]
    words += [text for run in runs_data(found)["cells"] for text in (*run["shown"], *run["commands"])]
    print_table(found)
    show(tmp_path)
    words += capsys.readouterr().out.splitlines()
    assert not [text for text in words if "None" in text]
    assert any("null" in text for text in words)
