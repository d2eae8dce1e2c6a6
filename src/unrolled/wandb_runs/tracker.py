"""Logging of a run to W&B, and `NullTracker` for `tracker=none`, so that callers need no test for it."""

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from torch import Tensor

from unrolled.config.cells import FREE
from unrolled.config.environment import public_words
from unrolled.config.identity import RunIdentity
from unrolled.config.schema import Config
from unrolled.processes.logs import log
from unrolled.record import ownership
from unrolled.record.run_record import InWandb
from unrolled.record.superseded import supersede

from .environment import set_aside
from .read_back import flaw
from .wandb_private import generate_id

STEP = "trainer/global_step"
INIT_S = 30.0  # for the server's first answer
FINISH_S = 60.0  # for what is not uploaded yet at the end of a run; `wandb sync` uploads the rest
MOST_BINS = 512  # W&B's limit for a histogram, its only form that keeps the order of a long array


class Tracker(Protocol):
    """Interface of the loggers.

    log: writes one row a step. Its values are numbers, or results of `profile`, `image` and `table`.
    finish: closes the record and returns a line on what is wrong with it, None: nothing.
    link: returns where the W&B run is, as `status.json` keeps it.
    """

    def log(self, step: int, values: dict[str, Any]) -> None: ...
    def profile(self, values: Tensor, count: Tensor) -> Any: ...
    def image(self, path: Path) -> Any: ...
    def table(self, columns: list[str], rows: list[list[Any]]) -> Any: ...
    def summary(self, values: dict[str, Any]) -> None: ...
    def finish(self, exit_code: int) -> str | None: ...
    def link(self, folder: Path) -> dict[str, str] | None: ...


class NullTracker:
    def log(self, step: int, values: dict[str, Any]) -> None: ...
    def profile(self, values: Tensor, count: Tensor) -> Any: ...
    def image(self, path: Path) -> Any: ...
    def table(self, columns: list[str], rows: list[list[Any]]) -> Any: ...
    def summary(self, values: dict[str, Any]) -> None: ...
    def finish(self, exit_code: int) -> str | None: ...
    def link(self, folder: Path) -> dict[str, str] | None: ...


class WandbTracker:
    """A tracker that logs to one W&B run.

    folder: where W&B's `wandb/` folder is made; all runs of a sweep share it.
    id: the W&B run's, None: a new one.
    The other arguments are those of `wandb.init`.
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
        id: str | None = None,
    ) -> None:
        os.environ.setdefault("WANDB_ERROR_REPORTING", "false")
        import wandb

        self._wandb = wandb
        self._steps: list[int] = []
        self._failed: Exception | None = None
        with _public_command_line():
            self.run = wandb.init(
                dir=str(folder),
                mode=mode,  # type: ignore[arg-type]
                project=project,
                group=group,
                name=name,
                id=id,
                tags=tags,
                config=config,
                reinit="create_new",
                settings=wandb.Settings(
                    console="off", silent=True, init_timeout=INIT_S, finish_timeout=FINISH_S, finish_timeout_raises=True
                ),
            )
        self.run.define_metric(STEP)
        self.run.define_metric("*", step_metric=STEP)

    def log(self, step: int, values: dict[str, Any]) -> None:
        self._steps.append(step)
        try:
            self.run.log({**values, STEP: step})
        except OSError:  # no room for a picture: the numbers matter more
            numbers = {key: v for key, v in values.items() if isinstance(v, int | float)}
            self._try(lambda: self.run.log(numbers | {STEP: step}))
        except Exception as error:
            self._failed = self._failed or error

    def _try(self, publish: Callable[[], Any]) -> None:
        """Calls W&B, whose failure ends no run: a full disk, or its own process killed. `finish` reports it."""
        try:
            publish()
        except Exception as error:
            self._failed = self._failed or error

    def profile(self, values: Tensor, count: Tensor) -> Any:
        """Returns a profile over time steps as a W&B histogram with one bin a step.

        values: (T,), one number a time step.
        count: (T,), number of unmasked samples at each step; steps without any have no bin.
        Of more than MOST_BINS steps every n-th is kept; the summary has n as `grad_h/profile_stride`.
        """
        reached = count.nonzero().flatten()
        stride = max(1, -(-len(reached) // MOST_BINS))
        t = np.asarray(reached[::stride])
        edges = np.append(t, t[-1:] + stride).astype(float) - 0.5
        kept = np.asarray(values[reached[::stride]])
        if stride > 1:
            self.summary({"grad_h/profile_stride": stride})
        return self._wandb.Histogram(np_histogram=(kept, edges))

    def image(self, path: Path) -> Any:
        return self._wandb.Image(str(path))

    def table(self, columns: list[str], rows: list[list[Any]]) -> Any:
        return self._wandb.Table(columns=list[Any](columns), data=list[Any](rows))

    def summary(self, values: dict[str, Any]) -> None:
        self._try(lambda: self.run.summary.update(values))

    def finish(self, exit_code: int) -> str | None:
        folder = Path(self.run.dir).parent
        try:
            self.run.finish(exit_code=exit_code)
        except TimeoutError:
            return (
                flaw(folder, STEP, self._steps) or f"W&B's server stopped answering: `wandb sync {folder}` uploads it"
            )
        except Exception as error:
            self._failed = self._failed or error
        lost = f"W&B stopped recording: {type(self._failed).__name__}: {self._failed}" if self._failed else None
        return flaw(folder, STEP, self._steps) or lost

    def link(self, folder: Path) -> dict[str, str] | None:
        """Returns the W&B run's id, and its folder relative to `folder`, so that both can be moved together.

        Makes a link `latest-run` in `folder`, which `wandb leet inspect` follows, where the file system has links.
        """
        relative = os.path.relpath(Path(self.run.dir).parent, folder)
        with contextlib.suppress(OSError):  # the link is a convenience
            (folder / "latest-run").unlink(missing_ok=True)
            (folder / "latest-run").symlink_to(relative)
        return {"id": self.run.id, "folder": relative}


@contextlib.contextmanager
def _public_command_line() -> Iterator[None]:
    """Within the block W&B, which records the command line, finds there only what may be published."""
    before = sys.argv
    sys.argv = public_words(before)
    try:
        yield
    finally:
        sys.argv = before


def open_tracker(
    config: Config, values: dict[str, Any], identity: RunIdentity, before: InWandb | None = None
) -> Tracker:
    """Returns the tracker that `config.tracker` asks for; falls back to offline, with a line, without network or key.

    values: what is published of the run's configuration, for W&B's config.
    before: link to the W&B run of an earlier start of this run. Its file cannot be appended to: it is marked as
    superseded and never uploaded, and the new run, if offline, has its id.
    """
    mode = config.tracker.mode
    if mode == "disabled":
        return NullTracker()
    set_aside()
    if mode == "online" and (why := why_offline()) is not None:
        log.warning(f"{why}; recording offline (`make sync` uploads it later)")
        mode = "offline"
    beside = identity.sweep or identity.folder
    for run in ownership.wandb_runs(identity.folder, beside):
        supersede(run)
    id = before.id if before is not None and before.id is not None and mode == "offline" else generate_id()
    ownership.note_wandb(identity.folder, id)
    started = partial(
        WandbTracker,
        folder=beside,
        project=config.tracker.project,
        group=f"{identity.sweep.parent.name}/{identity.sweep.name}" if identity.sweep else None,
        name=identity.name,
        tags=[
            identity.written.get("task.name", config.task.name),
            *([config.cell.name] if config.cell.name != "rnn" else []),
            *([identity.written.get("activation.name", config.activation.name)] if config.cell.name in FREE else []),
        ],
        config={**values, "choices": identity.choices, "configuration": identity.configuration},
    )
    if mode == "online":
        try:
            return started(mode=mode, id=id)
        except Exception as error:  # whatever its server or its library does, the run can be recorded offline
            why = " ".join(str(error).split())
            log.warning(f"W&B refuses the run ({why}); recording offline (`make sync` uploads it later)")
        id = generate_id()  # W&B's own process holds the other one
        ownership.note_wandb(identity.folder, id)
    return started(mode="offline", id=id)


def reachable(timeout_s: float = 3.0) -> bool:
    """Returns whether W&B's server answers, whatever it says; `wandb.init` without network would wait for minutes.

    The variables of the environment that name a proxy are followed, as W&B follows them.
    """
    import requests
    import wandb

    try:
        requests.get(wandb.setup().settings.base_url, timeout=timeout_s, allow_redirects=False, stream=True).close()
    except requests.RequestException:
        return False
    return True


def why_offline() -> str | None:
    """Returns the reason why nothing can be uploaded from here, in a line; None: it can."""
    set_aside()
    import wandb
    from wandb.errors import AuthenticationError

    try:
        if not wandb.login(prompt=False, verify=False):
            return "W&B has no key here: copy one from the settings page of your account (wandb.ai) into `wandb login`"
        if not reachable():
            return "W&B does not answer"
        wandb.login(prompt=False)
    except AuthenticationError:
        return "W&B does not accept the key that is here: give another to `wandb login --relogin`"
    except (wandb.Error, OSError, ValueError) as error:
        return f"W&B refuses ({' '.join(str(error).split())})"
    return None
