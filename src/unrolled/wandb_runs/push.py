"""`unrolled dashboard push`: uploads a sweep's runs and workspace to W&B, or writes the workspace to a file."""

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import wandb

from unrolled.errors import UserError
from unrolled.record import status
from unrolled.record.results import Swept, read_sweep

from .chart import DISPLAY_NAME, preset, preset_name
from .library import SpecVersionError
from .logged import Logged, read_runs
from .sync import not_whole, upload
from .tracker import why_offline
from .wandb_private import WandbApiFailedError, set_view, stored_view_id, view, view_id, view_name
from .workspace import workspace

FILE = "workspace.json"  # what a dry run writes
MEMORY = "dashboard.json"  # what was pushed: chart, workspace and runs, for each project
NOBODY = "ENTITY"  # in a dry run without an entity
REFUSALS = (wandb.Error, WandbApiFailedError, SpecVersionError, OSError, ValueError)  # what W&B's libraries raise


@dataclass(frozen=True)
class Pushed:
    """Outcome of a push. url: the workspace's. missing: a line for each item that was not uploaded or stored."""

    url: str
    missing: list[str]


class Memory:
    """Record of what was pushed of a sweep into one W&B project, in a file that is rewritten after each item.

    kept: `chart`, its name; `name` and `id` of the workspace; `runs`, folder -> bytes when it was uploaded.
    """

    def __init__(self, file: Path, project: str) -> None:
        self._file = file
        self._projects = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
        self.kept: dict[str, Any] = self._projects.setdefault(project, {})

    def keep(self, **values: Any) -> None:
        self.kept |= values
        status.write_to(self._file, self._projects)


def dry_run(folder: Path, project: str, entity: str | None, out: Path | None) -> Path:
    """Writes the chart and the workspace that a push would store, as JSON, and returns the file.

    out: the file, None: `workspace.json` in `folder`.
    Raises UserError if `folder` holds no sweep or no W&B runs.
    """
    built = built_from(*read(folder, project), project, entity or NOBODY)
    charts = {preset_name(): preset()}
    file = out or folder / FILE
    file.write_text(json.dumps({"charts": charts, "workspace": view(built)}, indent=1) + "\n", encoding="utf-8")
    return file


def push(folder: Path, project: str, entity: str | None) -> Pushed:
    """Uploads the sweep's offline runs, stores the chart and saves the workspace.

    A second push uploads new runs only, replaces the workspace and stores no second chart.
    entity: a W&B user or team, None: the account's default.
    Raises UserError without key or network, if a run cannot be in that project, or if W&B refuses the workspace.
    """
    swept, logged = read(folder, project)
    with _in_a_line("nothing was uploaded"):
        if (why := why_offline()) is not None:
            raise UserError(f"{why}; nothing was uploaded (--dry-run writes the workspace to a file)")
        api = wandb.Api()
        entity = entity or api.default_entity
    if entity is None:
        raise UserError("your W&B account has no default entity: give one with --entity")
    built = built_from(swept, logged, project, entity)
    memory = Memory(folder / MEMORY, f"{entity}/{project}")
    left = _upload(logged, memory, project, entity)
    missing = [not_whole(left, len(logged))] if left else []
    missing += _store_chart(api, entity, memory)
    done = f"{len(logged) - len(left)} of {len(logged)} runs are uploaded"
    with _in_a_line(f"{done}, the workspace is not; push again to continue from there"):
        return Pushed(_save(built, memory), missing)


def read(folder: Path, project: str) -> tuple[Swept, list[Logged]]:
    """Returns the sweep in `folder` and its W&B runs. Raises UserError if another project has some of them already."""
    swept, logged = read_sweep(folder), read_runs(folder)
    elsewhere = [run.project for run in logged if run.online and run.project != project]
    if elsewhere:
        raise UserError(
            f"{len(elsewhere)} of {len(logged)} runs were recorded online, in the project {elsewhere[0]}, "
            f"and cannot be moved: push there with --project {elsewhere[0]}"
        )
    return swept, logged


def built_from(swept: Swept, logged: Sequence[Logged], project: str, entity: str) -> Any:
    """Returns the workspace of the sweep, not saved."""
    score = next((score for run in swept.runs if (score := run.record.score)), None)
    name = f"{swept.name} {swept.folder.resolve().name}"
    return workspace(entity, project, name, logged, list(swept.axes), score)


def _upload(logged: Sequence[Logged], memory: Memory, project: str, entity: str) -> list[Path]:
    """Uploads the runs that the memory lacks and returns those that are still incomplete at W&B.

    W&B's own mark of an uploaded run is not enough to skip it: the mark does not name the project.
    """
    had = memory.kept.get("runs", {})
    sizes = {run.folder: _size(run.folder) for run in logged if not run.online}
    waiting = [run for run, size in sizes.items() if had.get(run.name) != size]
    options = ["--no-skip-synced", f"--project={project}", f"--entity={entity}"]
    left = upload(waiting, *options) if waiting else []
    memory.keep(runs=had | {run.name: sizes[run] for run in waiting if run not in left})
    return left


def _size(run: Path) -> int:
    return sum(file.stat().st_size for file in run.glob("*.wandb"))


def _store_chart(api: wandb.Api, entity: str, memory: Memory) -> list[str]:
    name = preset_name()
    if memory.kept.get("chart") == name:
        return []
    try:
        api.create_custom_chart(entity, name, DISPLAY_NAME, "vega2", "private", preset())
    except REFUSALS as error:
        if "exist" not in str(error).lower():  # else another sweep has stored the same specification
            return [f"the chart of profiles is not stored: {str(error).strip()}"]
    memory.keep(chart=name)
    return []


def _save(built: Any, memory: Memory) -> str:
    """Saves the workspace, in place of an earlier one of the sweep, and returns its address."""
    name = memory.kept.get("name") or view_name(built)
    set_view(built, name, memory.kept.get("id") or stored_view_id(built, name))
    built.save()
    memory.keep(name=view_name(built), id=view_id(built))
    return built.url


@contextmanager
def _in_a_line(known: str) -> Iterator[None]:
    """Turns errors of W&B's server and libraries into a UserError. known: what was done before, and what to do."""
    try:
        yield
    except REFUSALS as error:
        raise UserError(f"W&B: {str(error).strip()}; {known}") from error
