"""`unrolled dashboard push`: a sweep's runs and its workspace, on W&B's pages or, without an account, as a file."""

import json
from pathlib import Path
from typing import Any

from unrolled.errors import UserError
from unrolled.sweeps.results import Swept, read_sweep
from unrolled.tracking.chart import DISPLAY_NAME, preset, preset_name
from unrolled.tracking.logged import read_runs
from unrolled.tracking.sync import offline_runs, sync
from unrolled.tracking.weights_and_biases import why_offline
from unrolled.tracking.workspace import workspace

FILE = "workspace.json"  # what a dry run writes
MEMORY = "dashboard.json"  # what was pushed: chart and workspace, of each project
NOBODY = "ENTITY"  # in a dry run, where no entity was given


def dry_run(folder: Path, project: str, entity: str | None, out: Path | None) -> Path:
    """Writes all that a push would store, as JSON. Raises UserError where there is no sweep or no W&B run."""
    built = built_from(folder, project, entity or NOBODY)
    charts = {preset_name(): preset()}
    view = built._to_model().model_dump(mode="json", by_alias=True, exclude_none=True)
    file = out or folder / FILE
    file.write_text(json.dumps({"charts": charts, "workspace": view}, indent=1) + "\n", encoding="utf-8")
    return file


def push(folder: Path, project: str, entity: str | None) -> str:
    """Uploads the sweep's offline runs, stores the chart and saves the workspace; returns the workspace's address.

    Done again, it replaces the same workspace and stores no second chart. Raises UserError without key or network.
    """
    import wandb

    swept = read_sweep(folder)
    if (why := why_offline()) is not None:
        raise UserError(f"{why}; nothing was uploaded (--dry-run writes the workspace to a file)")
    api = wandb.Api()
    entity = entity or api.default_entity
    if entity is None:
        raise UserError("your W&B account has no default entity: give one with --entity")
    if any((folder / "wandb").glob("offline-run-*")) and sync(folder, dry_run=False, project=project, entity=entity):
        raise UserError(f"`wandb sync` could not upload the {len(offline_runs(folder))} runs of {folder}")
    built = built_from(folder, project, entity, swept)
    memory = _remembered(folder)
    kept = memory.setdefault(f"{entity}/{project}", {})
    _store_chart(api, entity, kept)
    built._internal_name, built._internal_id = kept.get("name", ""), kept.get("id", "")
    built.save()
    kept |= {"name": built._internal_name, "id": built._internal_id}
    (folder / MEMORY).write_text(json.dumps(memory, indent=1) + "\n", encoding="utf-8")
    return built.url


def built_from(folder: Path, project: str, entity: str, swept: Swept | None = None) -> Any:
    """The workspace of the sweep in `folder`."""
    swept = swept or read_sweep(folder)
    score = next((cell.status["score"] for cell in swept.cells if cell.status.get("score")), None)
    name = f"{swept.name} {folder.resolve().name}"
    return workspace(entity, project, name, read_runs(folder), list(swept.axes), score)


def _store_chart(api: Any, entity: str, kept: dict[str, str]) -> None:
    import wandb

    name = preset_name()
    if kept.get("chart") == name:
        return
    try:
        api.create_custom_chart(entity, name, DISPLAY_NAME, "vega2", "private", preset())
    except wandb.Error as error:
        if "exist" not in str(error).lower():  # else another sweep has stored it, equal to the letter
            raise
    kept["chart"] = name


def _remembered(folder: Path) -> dict[str, dict[str, str]]:
    file = folder / MEMORY
    return json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
