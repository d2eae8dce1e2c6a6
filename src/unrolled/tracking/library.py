"""The library of W&B's workspaces, imported past the warnings that its own way of using pydantic brings up."""

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import wandb_workspaces.reports.v2 as wr
    import wandb_workspaces.workspaces as ws
    from wandb_workspaces.reports.v2.interface import ParallelCoordinatesPlotColumn as Column

__all__ = ["Column", "wr", "ws"]
