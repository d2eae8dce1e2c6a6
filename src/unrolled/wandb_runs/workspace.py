"""The W&B workspace of a sweep: its sections, without empty panels."""

import hashlib
import json
from collections.abc import Iterable, Sequence
from typing import Any

from unrolled.record.quantities import QUANTITIES

from . import panels
from .chart import preset_name
from .library import wr, ws
from .logged import Logged
from .panels import Candidate
from .tracker import STEP
from .wandb_private import set_panel_id, set_view

COLUMNS = [
    key for each in QUANTITIES if each.start for key in (f"{each.key}_start", each.key)
]  # of the summary, pinned


def workspace(  # noqa: PLR0917
    entity: str, project: str, name: str, logged: Sequence[Logged], axes: Sequence[str], score: str | None
) -> Any:
    """Returns the `ws.Workspace` of a sweep, not saved.

    name: its title.
    axes: the swept keys.
    score: key of the task's main score, None: there is none.
    Equal sweeps have equal workspaces: panel ids are counted, not random, and the internal name is a hash of the
    groups, so that a later push finds the workspace without a local record.
    """
    sections = {
        "Gradient flow": panels.gradient_flow(logged),
        "Through time": panels.through_time(logged, f"{entity}/{preset_name()}"),
        "Across the sweep": panels.across_the_sweep(axes, score),
        "Learning": panels.learning(logged, score),
        "Runs": [Candidate(wr.RunComparer(), frozenset())],
    }
    made = [_section(title, candidates, logged) for title, candidates in sections.items()]
    built = ws.Workspace(
        entity=entity,
        project=project,
        name=name,
        sections=[section for section in made if section.panels],
        settings=ws.WorkspaceSettings(x_axis=STEP, max_runs=max(10, len(logged))),
        runset_settings=ws.RunsetSettings(filters=_of_the_sweep(logged), pinned_columns=_columns(logged, score)),
    )
    set_view(built, _view_name(_groups(logged)))
    return built


def _section(title: str, candidates: Iterable[Candidate], logged: Sequence[Logged]) -> Any:
    kept = [each.panel for each in candidates if each.shows(logged)]
    for number, panel in enumerate(kept):
        set_panel_id(panel, f"{title.lower().replace(' ', '-')}-{number}")
    columns = len(panels.groupings(logged)) if title == "Gradient flow" else min(3, max(1, len(kept)))
    rows = max(1, -(-len(kept) // columns))
    layout = ws.SectionLayoutSettings(columns=columns, rows=min(3, rows))
    return ws.Section(name=title, panels=kept, is_open=True, layout_settings=layout)


def _view_name(groups: list[str]) -> str:
    return f"nw-{hashlib.sha256(json.dumps(groups).encode()).hexdigest()[:11]}-v"


def _of_the_sweep(logged: Sequence[Logged]) -> Any:
    """Returns the filter that excludes other sweeps of the project."""
    groups = _groups(logged)
    return ws.And(ws.Metric("Group").isin(groups)) if groups else ""


def _groups(logged: Sequence[Logged]) -> list[str]:
    return sorted({run.group for run in logged if run.group})


def _columns(logged: Sequence[Logged], score: str | None) -> list[str]:
    wanted = [*COLUMNS, *([score, f"baseline/{score}"] if score else [])]
    return [f"summary:{key}" for key in wanted if any(run.has("summary", key) for run in logged)]
