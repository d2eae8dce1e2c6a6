"""All that Unrolled uses of W&B's private API: what another version may rename stands in this file alone.

wandb_workspaces takes a second to import: only the functions that are given a workspace import it.
"""

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from wandb.sdk.lib.runid import generate_id
from wandb.sdk.lib.service.service_connection import WandbApiFailedError
from wandb.util import get_core_path

if TYPE_CHECKING:
    from wandb_workspaces.reports.v2.interface import Panel
    from wandb_workspaces.workspaces import Workspace

__all__ = ["WandbApiFailedError", "generate_id", "get_core_path"]


def import_late_part() -> None:
    """Imports what `wandb.init` imports late, when pydantic searches all modules for each class that is made there.

    A version of W&B without that part needs no such import.
    """
    with suppress(ImportError):
        import wandb.sdk.launch.inputs.internal  # noqa: F401


def view(workspace: "Workspace") -> dict[str, Any]:
    """Returns the workspace as W&B's server stores it."""
    return workspace._to_model().model_dump(mode="json", by_alias=True, exclude_none=True)


def view_name(workspace: "Workspace") -> str:
    """Returns the name under which W&B's server stores the workspace: `nw-...-v`."""
    return workspace._internal_name


def view_id(workspace: "Workspace") -> str:
    """Returns the id that W&B's server gave the workspace when it was saved."""
    return workspace._internal_id


def set_view(workspace: "Workspace", name: str, id: str = "") -> None:
    """Makes `save` replace the stored workspace of this name and id; id "" stores a new one."""
    workspace._internal_name = name
    workspace._internal_id = id


def stored_view_id(workspace: "Workspace", name: str) -> str:
    """Returns the id of the workspace that W&B's server stores under this name in the same project, "" if none."""
    from wandb_workspaces.workspaces.internal import get_view_dict

    try:
        return get_view_dict(workspace.entity, workspace.project, name.removeprefix("nw-").removesuffix("-v"))["id"]
    except ValueError:  # raised by the library if there is none
        return ""


def set_panel_id(panel: "Panel", id: str) -> None:
    """Gives a panel an id of ours, which is random otherwise."""
    panel._id = id
