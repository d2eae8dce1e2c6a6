"""The workspace that W&B's pages get: every metric it names was logged, and pushing twice makes one of each."""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from conftest import QUICK, train
from unrolled import pushing
from unrolled.errors import UserError
from unrolled.pushing import built_from, dry_run, push
from unrolled.tracking.chart import FIELDS, preset
from unrolled.tracking.library import ws
from unrolled.tracking.logged import Logged, read_runs
from unrolled.tracking.recorder import TABLE

AXES = ["activation=tanh,identity", "model.hidden=4,8", "seed=0"]
SECTIONS = ["Gradient flow", "Through time", "Across the sweep", "Learning", "Runs"]


def sweep(folder: Path, *overrides: str) -> Path:
    words = ["--config-name", "activations", "init.gain=1.0", *AXES, *QUICK, *overrides, f"hydra.sweep.dir={folder}"]
    ended = train(*words)
    assert ended.returncode == 0, ended.stderr
    return folder


@pytest.fixture(scope="module")
def swept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return sweep(tmp_path_factory.mktemp("workspace") / "sweep")


def model(folder: Path) -> dict[str, Any]:
    built = built_from(folder, "lecture", "someone")
    return built._to_model().model_dump(mode="json", by_alias=True, exclude_none=True)


def panels(folder: Path) -> list[dict[str, Any]]:
    sections = model(folder)["spec"]["section"]["panelBankConfig"]["sections"]
    return [panel for section in sections for panel in section["panels"]]


def named(value: Any) -> set[str]:
    """Every key of a run that a panel's JSON names: metrics, summary and config keys, media."""
    text = json.dumps(value)
    found = set(re.findall(r'"((?:grad_h|val|train|baseline|portrait)/[\w/.]+)"', text))
    kept = re.findall(r'"(?:summary|config|c):+([\w/.]+)"', text)
    return found | {key.replace(".value", "", 1) for key in kept}


def test_every_metric_that_a_panel_names_was_logged(swept: Path) -> None:
    logged = read_runs(swept)
    assert len(logged) == 4
    known = set().union(*({*run.history, *run.media, *run.summary, *run.config} for run in logged))
    for panel in panels(swept):
        metrics = panel["config"].get("metrics", []) + panel["config"].get("mediaKeys", [])
        assert {str(key).removeprefix("summary:") for key in metrics} <= known, panel
        assert named(panel["config"]) <= known, panel


def test_all_sections_are_there_and_none_is_empty(swept: Path) -> None:
    built = built_from(swept, "lecture", "someone")
    assert [section.name for section in built.sections] == SECTIONS
    assert all(section.panels for section in built.sections)
    titles = {panel.title for section in built.sections for panel in section.panels if hasattr(panel, "title")}
    assert {"Slope (nats per lag), by configuration", "Slope (nats per lag), by hidden size"} <= titles


def test_the_workspace_comes_back_as_it_went(swept: Path) -> None:
    view = built_from(swept, "lecture", "someone")._to_model()
    again = ws.Workspace._from_model(view)._to_model()
    first, second = (each.model_dump(mode="json", by_alias=True, exclude_none=True)["spec"] for each in (view, again))
    assert first["section"]["panelBankConfig"]["sections"] == second["section"]["panelBankConfig"]["sections"]


def test_a_sweep_without_probes_has_no_gradient_flow(tmp_path: Path) -> None:
    folder = sweep(tmp_path / "sweep", "probe=off", "activation=tanh", "model.hidden=4")
    names = [section.name for section in built_from(folder, "lecture", "someone").sections]
    assert "Gradient flow" not in names and {"Learning", "Runs"} <= set(names)


def test_the_chart_names_only_columns_of_the_table() -> None:
    assert set(FIELDS.values()) <= set(TABLE)
    text = json.dumps(preset())
    assert set(re.findall(r"\$\{field:(\w+)\}", text)) == set(FIELDS)
    assert preset()["encoding"]["y"]["field"] == preset()["transform"][1]["as"]


def test_a_dry_run_writes_all_that_would_be_stored(swept: Path, tmp_path: Path) -> None:
    file = dry_run(swept, "lecture", None, tmp_path / "workspace.json")
    told = json.loads(file.read_text())
    assert list(told["charts"].values()) == [preset()]
    assert told["workspace"]["spec"]
    command = [sys.executable, "-m", "unrolled.cli", "dashboard", "push", str(swept), "--project", "p", "--dry-run"]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "account" in ended.stdout
    (swept / "workspace.json").unlink()


def test_without_a_key_it_is_told_how_to_get_one(swept: Path, tmp_path: Path) -> None:
    nowhere = {"NETRC": str(tmp_path / "netrc"), "WANDB_CONFIG_DIR": str(tmp_path)}
    environment = {key: value for key, value in os.environ.items() if key != "WANDB_API_KEY"} | nowhere
    command = [sys.executable, "-m", "unrolled.cli", "dashboard", "push", str(swept), "--project", "lecture"]
    ended = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert (ended.returncode, ended.stderr.count("\n")) == (2, 1)
    assert "no key here: copy one from the settings page of your account" in ended.stderr
    assert "`wandb login`; nothing was uploaded" in ended.stderr


def test_a_folder_without_runs_is_told(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no sweep"):
        dry_run(tmp_path, "lecture", None, None)


CHARTS: list[str] = []


class Api:
    """Records what W&B's server would be asked to keep."""

    default_entity = "someone"

    def create_custom_chart(self, entity: str, name: str, *rest: Any) -> None:
        CHARTS.append(f"{entity}/{name}")


def test_pushed_twice_there_is_one_workspace_and_one_chart(
    swept: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, saved = tmp_path / "sweep", []
    shutil.copytree(swept, folder, symlinks=True)

    def save(self: Any) -> Any:
        self._internal_name = self._internal_name or f"nw-{len(saved)}-v"
        self._internal_id = self._internal_id or f"id-{len(saved)}"
        saved.append(self._internal_id)
        return self

    monkeypatch.setattr("wandb.Api", Api)
    CHARTS.clear()
    monkeypatch.setattr(pushing, "why_offline", lambda: None)
    monkeypatch.setattr(pushing, "sync", lambda *_, **__: 0)
    monkeypatch.setattr(ws.Workspace, "save", save)
    monkeypatch.setattr(ws.Workspace, "url", property(lambda self: self._internal_name))
    assert push(folder, "lecture", None) == push(folder, "lecture", None)
    assert saved == ["id-0", "id-0"]
    assert len(CHARTS) == 1


def test_a_run_has_its_media_and_its_numbers(swept: Path) -> None:
    run: Logged = read_runs(swept)[0]
    assert run.media["heat_map"] == "image-file" and run.media["profiles"] == "table-file"
    assert {"grad_h/slope", "grad_h/log10_first_to_last", "loss", "trainer/global_step"} <= run.history


@pytest.mark.skipif(shutil.which("tmux") is None, reason="tmux is not installed")
def test_wandbs_own_viewer_shows_runs_curves_and_the_heat_map(swept: Path) -> None:
    session, program = f"unrolled-{time.time_ns()}", Path(sys.executable).parent / "wandb"
    tmux = ["tmux", "-L", session]
    shell = f"{program} leet {swept / 'wandb'}"
    subprocess.run([*tmux, "new-session", "-d", "-s", "v", "-x", "200", "-y", "55", shell], check=True)
    try:
        wait_for(tmux, "Runs [4 items]")
        wait_for(tmux, "identity hidden=")  # the newest run's name
        wait_for(tmux, "grad/log10_W_h")
        subprocess.run([*tmux, "send-keys", "-t", "v", "3"], check=True)  # opens the pictures
        wait_for(tmux, "heat_map")
    finally:
        subprocess.run([*tmux, "kill-server"], check=False)


def wait_for(tmux: list[str], word: str, seconds: float = 20) -> None:
    until, seen = time.monotonic() + seconds, ""
    while time.monotonic() < until:
        captured = subprocess.run([*tmux, "capture-pane", "-p", "-t", "v"], capture_output=True, text=True, check=True)
        seen = captured.stdout
        if word in seen:
            return
        time.sleep(0.5)
    raise AssertionError(f"{word!r} is not on the screen:\n{seen}")
