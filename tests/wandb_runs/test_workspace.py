"""The workspace that W&B's pages get: all that it names was logged; and the viewer in the terminal."""

import json
import math
import os
import re
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from leet import Leet

from commands import unrolled
from conftest import QUICK, train, wandb_records
from unrolled.errors import UserError
from unrolled.processes.logs import set_up
from unrolled.run.recorder import TABLE
from unrolled.wandb_runs.chart import FIELDS, preset
from unrolled.wandb_runs.library import ws
from unrolled.wandb_runs.logged import read_runs
from unrolled.wandb_runs.push import built_from, dry_run, read
from unrolled.wandb_runs.tracker import STEP

AXES = ["activation=tanh,identity", "model.hidden=4,8", "seed=0"]
Names = set[tuple[str, str]]
SECTIONS = ["Gradient flow", "Through time", "Across the sweep", "Learning", "Runs"]


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("workspace") / "sweep"
    ended = train("--config-name", "activations", "init.gain=1.0", *AXES, *QUICK, f"hydra.sweep.dir={folder}")
    assert ended.returncode == 0, ended.stderr
    return folder


def built(folder: Path) -> Any:
    return built_from(*read(folder, "lecture"), "lecture", "someone")


def model(built: Any) -> dict[str, Any]:
    return built._to_model().model_dump(mode="json", by_alias=True, exclude_none=True)


def named(panel: dict[str, Any]) -> Names:
    """(where, key) of all that a panel's JSON names; where W&B looks for a key depends on the kind of panel."""
    config = panel["config"]
    found: Names = {("config", _plain(config["groupBy"]))} if "groupBy" in config else set()
    match panel["viewType"]:
        case "Run History Line Plot":
            found |= {("history", key) for key in [config["xAxis"], *config["metrics"]]}
        case "Bar Chart":
            found |= {("summary", key) for key in config["metrics"]}
        case "Media Browser":
            found |= {("media", key) for key in config["mediaKeys"]}
        case "Vega2":
            (arguments,) = re.findall(r'"tableKey", "value": "(\w+)"', json.dumps(config["userQuery"]))
            found |= {("media", arguments)} | {(f"column of {arguments}", c) for c in config["fieldSettings"].values()}
        case "Parallel Coordinates Plot":
            found |= {_placed(column["accessor"]) for column in config["columns"]}
        case "Scatter Plot":
            found |= {_placed(config["xAxis"]), _placed(config["yAxis"])}
        case "Parameter Importance":
            found |= {("summary", config["targetKey"])}
        case other:
            assert other == "Run Comparer"
    return found


def _placed(accessor: str) -> tuple[str, str]:
    where, _, key = accessor.partition(":")
    return where, _plain(key) if where == "config" else key


def _plain(key: str) -> str:
    """W&B has a config's values one level below their first key."""
    return key.replace(".value", "", 1)


def recorded(run: Path) -> Names:
    """(where, key) of all that W&B's own reader finds in a run's file; of pictures and tables, that they are there."""
    records, found = wandb_records(run), set()
    for item in (record["history"]["item"] for record in records if record["type"] == "history"):
        found |= {("history", key) for key, v in item.items() if isinstance(v, int | float) and math.isfinite(v)}
        media = {key.removesuffix(".path"): run / "files" / path for key, path in item.items() if key.endswith(".path")}
        found |= {("media", key) for key, file in media.items() if file.stat().st_size > 0}
        for key in [key for key in media if item[f"{key}._type"] == "table-file"]:
            found |= {(f"column of {key}", column) for column in json.loads(media[key].read_text())["columns"]}
    for update in (record["summary"].get("update", {}) for record in records if record["type"] == "summary"):
        found |= {("summary", key) for key in update}
    (begun,) = (record["run"]["config"]["update"] for record in records if record["type"] == "run")
    return found | {("config", key) for key in _leaves(begun)}


def _leaves(node: dict[str, Any], prefix: str = "") -> set[str]:
    leaves = {prefix + key for key, value in node.items() if value is not None and not isinstance(value, dict)}
    return leaves.union(*(_leaves(v, f"{prefix}{key}.") for key, v in node.items() if isinstance(v, dict)))


def test_all_that_the_workspace_names_was_recorded(swept: Path) -> None:
    """By one run at least, in the place where the panel looks for it."""
    section = model(built(swept))["spec"]["section"]
    runs = [recorded(run) for run in (swept / "wandb").glob("offline-run-*")]
    assert len(runs) == 4
    panels = [panel for each in section["panelBankConfig"]["sections"] for panel in each["panels"]]
    assert len({panel["viewType"] for panel in panels}) == 8
    assert [panel for panel in panels if not any(named(panel) <= run for run in runs)] == []
    (shown,) = section["runSets"]
    pinned = {_placed(column) for column in shown["runFeed"]["columnPinned"]} - {("run", "displayName")}
    assert len(pinned) == 6 and pinned <= runs[0]
    assert section["settings"]["xAxis"] == STEP
    (group,) = (group for each in shown["filters"]["filters"] for group in each["value"])
    assert group == f"{swept.parent.name}/{swept.name}"


def test_all_sections_are_there_and_none_is_empty(swept: Path) -> None:
    sections = built(swept).sections
    assert [section.name for section in sections] == SECTIONS
    assert all(section.panels for section in sections)
    titles = {panel.title for section in sections for panel in section.panels if hasattr(panel, "title")}
    assert {"Slope (nats per lag), by configuration", "Slope (nats per lag), by hidden size"} <= titles


def test_the_workspace_comes_back_as_it_went(swept: Path) -> None:
    one = built(swept)
    assert model(ws.Workspace._from_model(one._to_model())) == model(one)


def test_a_sweep_without_probes_has_no_gradient_flow(swept: Path) -> None:
    found, logged = read(swept, "lecture")
    bare = [replace(run, history=frozenset(k for k in run.history if not k.startswith("grad_h/"))) for run in logged]
    names = [section.name for section in built_from(found, bare, "lecture", "someone").sections]
    assert "Gradient flow" not in names and {"Learning", "Runs"} <= set(names)


def test_earlier_runs_are_grouped_by_their_own_key(swept: Path) -> None:
    """Theirs is `cell`."""
    found, logged = read(swept, "lecture")
    earlier = []
    for run in logged:
        config = dict(run.config)
        earlier.append(replace(run, config={"cell": config.pop("configuration"), **config}))
    now, before = (json.dumps(model(built_from(found, runs, "lecture", "someone"))) for runs in (logged, earlier))
    assert '"cell.value"' not in now and before == now.replace('"configuration.value"', '"cell.value"')


def test_the_chart_names_only_columns_of_the_table() -> None:
    assert set(FIELDS.values()) <= set(TABLE)
    assert set(re.findall(r"\$\{field:(\w+)\}", json.dumps(preset()))) == set(FIELDS)
    assert preset()["encoding"]["y"]["field"] == preset()["transform"][1]["as"]


def test_a_dry_run_writes_all_that_would_be_stored(swept: Path, tmp_path: Path) -> None:
    file = dry_run(swept, "lecture", None, tmp_path / "workspace.json")
    stored = json.loads(file.read_text())
    assert list(stored["charts"].values()) == [preset()]
    assert stored["workspace"]["spec"]
    ended = unrolled("dashboard", "push", str(swept), "--project", "p", "--dry-run")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "account" in ended.stdout
    (swept / "workspace.json").unlink()


def test_without_a_key_the_message_says_how_to_get_one(swept: Path, tmp_path: Path) -> None:
    nowhere = {"NETRC": str(tmp_path / "netrc"), "WANDB_CONFIG_DIR": str(tmp_path)}
    environment = {key: value for key, value in os.environ.items() if key != "WANDB_API_KEY"} | nowhere
    ended = unrolled("dashboard", "push", str(swept), "--project", "lecture", environment=environment)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "no key here: copy one from the settings page of your account" in ended.stderr
    assert "`wandb login`; nothing was uploaded" in ended.stderr


def test_a_folder_without_runs_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no sweep"):
        dry_run(tmp_path, "lecture", None, None)


def test_runs_that_cannot_be_read_are_reported(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for name in ("one", "two"):
        (tmp_path / "wandb" / f"offline-run-{name}").mkdir(parents=True)
    (tmp_path / "wandb" / "offline-run-two" / "run-two.wandb").write_bytes(b"no such format")
    set_up()
    with pytest.raises(UserError, match="none of the 2 W&B runs can be read"):
        read_runs(tmp_path)
    one, two = capsys.readouterr().err.splitlines()
    assert one.endswith("offline-run-one cannot be read (ValueError); it is skipped")
    assert "offline-run-two cannot be read: " in two and "bad header" in two


def test_a_run_has_its_media_and_its_numbers(swept: Path) -> None:
    run = read_runs(swept)[0]
    assert run.media["heat_map"] == "image-file" and run.media["profiles"] == "table-file"
    assert {"grad_h/slope", "grad_h/log10_first_to_last", "loss", "trainer/global_step"} <= run.history


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
def test_wandbs_own_viewer_shows_runs_curves_and_the_heat_map(swept: Path, tmp_path: Path) -> None:
    with Leet(swept / "wandb", tmp_path) as viewer:
        viewer.wait_for(lambda: viewer.shows("Runs [4 items]"))
        viewer.wait_for(lambda: viewer.shows("identity hidden="))  # the newest run's name
        viewer.wait_for(lambda: viewer.dots("grad/log10_W_h") > 10)
        assert not viewer.shows("heat_map")
        viewer.press("3")  # shows the pictures
        viewer.wait_for(lambda: viewer.shows("heat_map"))
        viewer.wait_for(lambda: len(viewer.colours()) > 5)
