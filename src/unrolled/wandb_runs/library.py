"""The library of W&B's workspaces, imported without the warnings that its use of pydantic raises."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import wandb_workspaces.reports.v2 as wr
    import wandb_workspaces.workspaces as ws
    from wandb_workspaces.reports.v2.interface import ParallelCoordinatesPlotColumn as Column
    from wandb_workspaces.workspaces.errors import SpecVersionError

__all__ = ["Column", "SpecVersionError", "wr", "ws"]
