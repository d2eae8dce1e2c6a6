"""A signal that a command sends at an exact moment of its own work, by a function that is replaced in it.

The command strikes once, however many processes it has, and writes down which ones it had.
"""

import contextlib
import importlib
import json
import os
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager
from functools import wraps
from pathlib import Path
from typing import Any, NamedTuple

VARIABLE, ROOT, DISK = "STRIKE", "STRIKE_ROOT", "STRIKE_DISK"
LAUNCHER = "the launcher"

# moment: the function at which it is, and on which side of it
MOMENTS = {
    "modules load": ("unrolled.run.entry", "load_run", "before"),
    "folder claimed": ("unrolled.record.ownership", "claim_run", "after"),
    "data loaded": ("unrolled.run.execute", "assemble", "after"),
    "initialisations drawn": ("unrolled.run.execute", "draw_initialisations", "after"),
    "step": ("unrolled.training.module", "RecurrentModule.training_step", "before"),
    "backward": ("unrolled.training.callbacks", "Probe.on_after_backward", "before"),
    "row": ("unrolled.training.callbacks", "Scalars.on_train_batch_end", "after"),
    "save begins": ("pytorch_lightning", "Trainer.save_checkpoint", "before"),
    "draft saved": ("pytorch_lightning", "Trainer.save_checkpoint", "after"),
    "draft in place": ("unrolled.training.checkpoints", "put_in_place", "after"),
    "validation": ("unrolled.training.module", "RecurrentModule.validation_step", "before"),
    "status.json": ("unrolled.record.status", "replacing", "within"),
    "last evaluation": ("unrolled.run.execute", "evaluate", "before"),
    "judged": ("unrolled.run.execute", "judge", "after"),
    "W&B opened": ("unrolled.run.lifecycle", "open_tracker", "after"),
    "W&B finish": ("unrolled.wandb_runs.tracker", "WandbTracker.finish", "before"),
    "W&B finished": ("unrolled.wandb_runs.tracker", "WandbTracker.finish", "after"),
    "summary": ("unrolled.run.lifecycle", "print_summary", "before"),
    "plan": ("unrolled.sweeps.grid", "write_plan", "after"),
    "a run starts": ("unrolled.sweeps.pool", "Pool._start", "before"),
    "a run has started": ("unrolled.sweeps.pool", "Pool._start", "after"),
    "table": ("unrolled.report.build", "write_results", "after"),
    "page": ("unrolled.report.build", "write_page", "before"),
}


class Strike(NamedTuple):
    """One signal, or two.

    moment: one of MOMENTS.
    number: the signal.
    file: to be written by the process that strikes, with the processes of the command.
    target: "process" (the one at the moment), "group" (as from a terminal), "launcher" or "fork server"; or "disk",
        which gets no signal but is filled.
    at: the update, for a moment that belongs to one; else how often the moment has been before. None: the first time.
    inside: the number of the rank, or of the sweep's run, at whose moment it is; LAUNCHER; None: any.
    again_s: from the first to a second signal; None: one signal.
    hold_s: for which the moment lasts after the signal.
    """

    moment: str
    number: int
    file: str
    target: str = "process"
    at: int | None = None
    inside: str | None = None
    again_s: float | None = None
    hold_s: float = 0.0


def prepare() -> None:
    """Replaces the function of the ordered strike, in this process and in all that are forked from it."""
    if VARIABLE not in os.environ:
        return
    os.environ.setdefault(ROOT, str(os.getpid()))
    strike = Strike(**json.loads(os.environ[VARIABLE]))
    module, name, side = MOMENTS[strike.moment]
    *owner, attribute = name.split(".")
    holder: Any = importlib.import_module(module)
    for part in owner:
        holder = getattr(holder, part)
    setattr(holder, attribute, _replaced(getattr(holder, attribute), side, _At(strike)))


def _replaced(function: Callable[..., Any], side: str, at: "_At") -> Callable[..., Any]:
    if side == "within":

        @contextmanager
        def replacing(file: Path) -> Any:
            with function(file) as draft:
                yield draft
                if file.name == "status.json":
                    at(())

        return replacing

    @wraps(function)
    def replaced(*arguments: Any, **named: Any) -> Any:
        if side == "before":
            at(arguments)
        result = function(*arguments, **named)
        if side == "after":
            at(arguments)
        return result

    return replaced


class _At:
    """Strikes if this is the moment."""

    def __init__(self, strike: Strike) -> None:
        self.strike, self.times = strike, 0

    def __call__(self, arguments: tuple[Any, ...]) -> None:
        if self.strike.inside not in (None, _here()):
            return
        steps = [each.global_step for each in arguments if hasattr(each, "global_step")]
        reached = steps[0] if steps else self.times
        self.times += 1
        if self.strike.at in (None, reached) and (file := _only_once(self.strike.file)) is not None:
            with file:
                json.dump(_family(int(os.environ[ROOT])), file)
            self._strike()

    def _strike(self) -> None:
        if self.strike.again_s is not None:
            again = threading.Timer(self.strike.again_s, self._send)
            again.daemon = True
            again.start()
        self._send()
        time.sleep(self.strike.hold_s)

    def _send(self) -> None:
        root, number = int(os.environ[ROOT]), self.strike.number
        with contextlib.suppress(ProcessLookupError):  # a second one may come too late
            match self.strike.target:
                case "process":
                    os.kill(os.getpid(), number)
                case "group":
                    os.killpg(root, number)
                case "launcher":
                    os.kill(root, number)
                case "fork server":  # struck from a run
                    os.kill(os.getppid(), number)
                case "disk":
                    fill(Path(os.environ[DISK]))


def fill(disk: Path) -> None:
    """Writes the file `filler` until the disk has no room for another byte."""
    with contextlib.suppress(OSError), (disk / "filler").open("ab", buffering=0) as filler:
        for size in (1 << 16, 1 << 10, 1):
            with contextlib.suppress(OSError):
                while filler.write(bytes(size)) == size:
                    pass


def _here() -> str:
    """Returns the rank, the run's number in a sweep, or LAUNCHER."""
    if "RANK" in os.environ:
        return os.environ["RANK"]
    output = Path("/proc/self/fd/1").readlink()
    return output.parent.name if output.name == "cell.log" else LAUNCHER


def _only_once(file: str) -> Any:
    try:
        return Path(file).open("x", encoding="utf-8")
    except FileExistsError:
        return None


def _family(root: int) -> list[tuple[int, str]]:
    """Returns (number, time of its start) of a process and of all that descend from it."""
    stats = {int(p.name): s for p in Path("/proc").glob("[0-9]*") if (s := stat(p)) is not None}
    found = {root}
    while more := {pid for pid, each in stats.items() if int(each[1]) in found} - found:
        found |= more
    return [(pid, stats[pid][19]) for pid in sorted(found) if pid in stats]


def stat(process: Path) -> list[str] | None:
    """Returns what /proc tells of a process from its state on; None: it is gone."""
    with contextlib.suppress(OSError):
        fields = (process / "stat").read_text().rpartition(")")[2].split()
        return None if fields[0] == "Z" else fields
    return None
