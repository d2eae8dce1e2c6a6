"""One run on several processes: who a process is among them, and how they are started on one machine.

Each rank is given the run's configuration itself, never a command line: no rank can start a sweep again, or train with
another cell's values. What tells a rank who it is stands in its own environment, under the names that `torchrun` uses.
"""

import multiprocessing
import os
import signal
import socket
import sys
import threading
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import wait
from multiprocessing.process import BaseProcess

from unrolled.config.schema import Config
from unrolled.errors import Interrupted, UserError

from .signals import ENDING, Noted, raise_on_signals

WRONG = 2  # the exit code of a rank that met a UserError
GRACE_S = 10.0  # from the end of one rank to that of the others
OURS = "UNROLLED_RANK"  # in the environment of a rank that we have started
_NAMES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")


class RanksFailed(Exception):
    """What became of the ranks that did not end well. wrong: all of them found that what was asked for cannot be."""

    wrong = False


@dataclass(frozen=True)
class Rank:
    """number: 0 alone records and prints. world: how many there are."""

    number: int = 0
    world: int = 1

    @property
    def leads(self) -> bool:
        return self.number == 0


def world_of(config: Config) -> int:
    return config.trainer.devices * config.trainer.num_nodes


def started_outside() -> Rank | None:
    """Who this process is, where `torchrun`, or a cluster's job of ours, has started all ranks."""
    if all(name in os.environ for name in _NAMES) and ("TORCHELASTIC_RUN_ID" in os.environ or OURS in os.environ):
        return Rank(int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"]))
    return None


def check_ranks(config: Config, started_later: bool = False) -> None:
    """Raises UserError where the ranks that are wanted are not those that there are, or will be.

    started_later: by a cluster, in as many processes as are wanted.
    """
    wanted, outside = world_of(config), started_outside()
    if outside is not None and outside.world != wanted:
        raise UserError(
            f"{outside.world} processes were started for trainer.devices={config.trainer.devices} x "
            f"trainer.num_nodes={config.trainer.num_nodes}: they must be as many"
        )
    if outside is None and not started_later and config.trainer.num_nodes > 1:
        raise UserError(
            f"trainer.num_nodes={config.trainer.num_nodes}: start the ranks with torchrun, or use hydra/launcher=slurm"
        )


def on_ranks(config: Config, body: Callable[[Rank], None]) -> None:
    """Runs `body` as every rank that this machine is to start: in this process where there is one, or where it is one.

    Raises Interrupted on a signal, RanksFailed where one failed; all have ended by then.
    """
    outside = started_outside() if world_of(config) > 1 else None
    if outside is not None or world_of(config) == 1:
        body(outside or Rank())
        return
    _Ranks(config.trainer.devices, body).run()


class _Ranks:
    """Forked: before any of them has started CUDA or a W&B run, and with everything imported."""

    def __init__(self, world: int, body: Callable[[Rank], None]) -> None:
        address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(_free_port()), "WORLD_SIZE": str(world), OURS: "1"}
        context = multiprocessing.get_context("fork")
        self.processes: list[BaseProcess] = [
            context.Process(target=_rank, args=(Rank(number, world), address, body)) for number in range(world)
        ]

    def run(self) -> None:
        with Noted() as signals:
            self._start()
            self._wait(signals)
            for process in self.processes:
                process.join()
        if signals.received is not None:
            raise Interrupted(signals.received)
        failed = [f"rank {i} {_how(p.exitcode or 0)}" for i, p in enumerate(self.processes) if p.exitcode]
        if failed:
            error = RanksFailed(", ".join(failed))
            error.wrong = {process.exitcode for process in self.processes} == {WRONG}
            raise error

    def _start(self) -> None:
        """A signal waits until a rank has handlers of its own: before, it would be lost."""
        before = signal.pthread_sigmask(signal.SIG_BLOCK, ENDING)
        for process in self.processes:
            process.start()
        signal.pthread_sigmask(signal.SIG_SETMASK, before)

    def _wait(self, signals: Noted) -> None:
        told, deadline = False, None
        while alive := [process for process in self.processes if process.exitcode is None]:
            wait([process.sentinel for process in alive], timeout=0.5)
            if signals.received is not None and not told:
                told, deadline = True, time.monotonic() + 2 * GRACE_S
                self._tell(signal.SIGTERM)
            if deadline is None and any(process.exitcode not in (None, 0) for process in self.processes):
                deadline = time.monotonic() + GRACE_S  # the others notice, or wait for it for ever
            if deadline is not None and time.monotonic() > deadline:
                self._tell(signal.SIGKILL)

    def _tell(self, number: int) -> None:
        for process in self.processes:
            if process.exitcode is None and process.pid is not None:
                os.kill(process.pid, number)


def _rank(rank: Rank, address: dict[str, str], body: Callable[[Rank], None]) -> None:
    os.environ.update(address, RANK=str(rank.number), LOCAL_RANK=str(rank.number))
    raise_on_signals()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C reaches the whole group; the one who waits passes it on
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
    threading.Thread(target=_end_with_the_starter, daemon=True).start()
    code = 1
    try:
        body(rank)
        code = 0
    except Interrupted as stop:
        code = stop.exit_code
    except UserError:
        code = WRONG  # every rank finds it: the one who waits tells it once
    except BaseException as error:
        if os.environ.get("UNROLLED_TRACEBACK"):
            traceback.print_exc()
        first_line = (str(error).splitlines() or [""])[0]
        print(f"unrolled: rank {rank.number}: {type(error).__name__}: {first_line}", file=sys.stderr)
    finally:
        sys.stdout.flush()
        os._exit(code)  # what the starter would do at its own exit is not ours to do


def _end_with_the_starter() -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    os.kill(os.getpid(), signal.SIGTERM)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _how(code: int) -> str:
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
