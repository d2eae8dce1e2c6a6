"""The W&B run beside a run's folder. `tracker=none` gets a `NullTracker`: nobody has to ask whether there is one."""

import os
import socket
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from torch import Tensor

from unrolled.errors import UserError

STEP = "trainer/global_step"
MOST_BINS = 512  # W&B's limit for a histogram, which is how it keeps a long array in order
HOST = ("api.wandb.ai", 443)


class Tracker(Protocol):
    def log(self, step: int, values: dict[str, Any]) -> None: ...
    def profile(self, step: int, name: str, values: Tensor) -> None: ...
    def summary(self, values: dict[str, Any]) -> None: ...
    def end(self, heat_map: Path | None, rows: list[list[Any]], columns: list[str]) -> None: ...
    def finish(self, exit_code: int) -> None: ...
    def where(self) -> dict[str, str] | None: ...


class NullTracker:
    def log(self, step: int, values: dict[str, Any]) -> None: ...
    def profile(self, step: int, name: str, values: Tensor) -> None: ...
    def summary(self, values: dict[str, Any]) -> None: ...
    def end(self, heat_map: Path | None, rows: list[list[Any]], columns: list[str]) -> None: ...
    def finish(self, exit_code: int) -> None: ...
    def where(self) -> dict[str, str] | None:
        return None


class WandbTracker:
    """One W&B run, in files that W&B's own programs read.

    folder: the one that gets W&B's `wandb/` folder, shared by all cells of a sweep.
    """

    def __init__(
        self,
        *,
        folder: Path,
        mode: str,
        project: str,
        group: str | None,
        name: str,
        tags: list[str],
        config: dict[str, Any],
    ) -> None:
        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
        import wandb

        self._wandb = wandb
        self.run = wandb.init(
            dir=str(folder),
            mode=mode,  # type: ignore[arg-type]
            project=project,
            group=group,
            name=name,
            tags=tags,
            config=config,
            reinit="create_new",
            settings=wandb.Settings(console="off", silent=True),
        )
        self.run.define_metric(STEP)
        self.run.define_metric("*", step_metric=STEP)

    def log(self, step: int, values: dict[str, Any]) -> None:
        self.run.log({**values, STEP: step})

    def profile(self, step: int, name: str, values: Tensor) -> None:
        """values (T,): one bin a time step, in order; leading steps that nothing reaches are left out.

        Where T is above 512 every n-th step is kept; the edges say which.
        """
        reached = (~values.isnan()).nonzero().flatten()
        if not len(reached):
            return
        stride = -(-len(reached) // MOST_BINS)
        t = np.asarray(reached[::stride])
        edges = np.append(t, t[-1] + stride).astype(float) - 0.5
        kept = np.asarray(values[reached[::stride]])
        self.log(step, {name: self._wandb.Histogram(np_histogram=(kept, edges))})

    def summary(self, values: dict[str, Any]) -> None:
        self.run.summary.update(values)

    def end(self, heat_map: Path | None, rows: list[list[Any]], columns: list[str]) -> None:
        """At the end: the heat map, and the profiles as a table."""
        last = {"profiles": self._wandb.Table(columns=columns, data=rows)}
        if heat_map is not None:
            last["heat_map"] = self._wandb.Image(str(heat_map))
        self.log(int(rows[-1][0]) if rows else 0, last)

    def finish(self, exit_code: int) -> None:
        self.run.finish(exit_code=exit_code)

    def where(self) -> dict[str, str]:
        return {"id": self.run.id, "folder": str(Path(self.run.dir).parent)}


def reachable(timeout_s: float = 3.0) -> bool:
    """Whether W&B's host answers: without this look, going online without network waits for minutes."""
    try:
        with socket.create_connection(HOST, timeout=timeout_s):
            return True
    except OSError:
        return False


def check_key() -> None:
    """Raises UserError where `tracker=online` has no key to log in with."""
    import wandb

    if not wandb.api.api_key:
        raise UserError(
            "tracker=online needs a W&B key: run `wandb login`, or keep the default tracker=offline"
        )
