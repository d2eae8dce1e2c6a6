"""Ranks, the processes of one run: their identity, and their start on one machine.

Each rank gets the run's configuration itself, never a command line, so that it cannot start a sweep again or train with
another run's values. A rank's identity is in its environment, under the names that `torchrun` uses.
"""

import mmap
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
from unrolled.errors import Interrupted, UserError, in_words

from .logs import log
from .resources import cores
from .signals import ENDING, Noted, blocked, caught, interruption_first, raise_on_signals

WRONG = 2  # the exit code of a rank that met a UserError
POLL_S = 0.2
ALWAYS_ALLOWED = 2  # processes on the CPU, even of a machine with one core: enough to try it out
GRACE_S = 10.0  # from the end of one rank to that of the others
OURS = "UNROLLED_RANK"  # set in the environment of each rank that Unrolled starts
_NAMES = ("RANK", "WORLD_SIZE", "LOCAL_RANK", "MASTER_ADDR", "MASTER_PORT")


class RanksFailed(Exception):
    """Ranks have failed; the message says how each has ended. wrong: every rank raised a UserError."""

    wrong = False


@dataclass(frozen=True)
class Rank:
    """A process of a run. number: from 0 on; rank 0 alone records and prints. world: number of ranks."""

    number: int = 0
    world: int = 1

    @property
    def leads(self) -> bool:
        return self.number == 0


def world_of(config: Config) -> int:
    """Returns the number of ranks that the configuration asks for."""
    return config.trainer.devices * config.trainer.num_nodes


def started_outside() -> Rank | None:
    """Returns this process's rank if `torchrun` or a `SlurmJob` has started it, else None."""
    if all(name in os.environ for name in _NAMES) and ("TORCHELASTIC_RUN_ID" in os.environ or OURS in os.environ):
        return Rank(int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"]))
    return None


def check_ranks(config: Config, started_later: bool = False) -> None:
    """Validates that the started ranks are as many as the configuration asks for. Raises UserError.

    started_later: whether a cluster will start them, as many as are needed.
    """
    wanted, outside = world_of(config), started_outside()
    if outside is not None and outside.world != wanted:
        raise UserError(
            f"{outside.world} processes were started for trainer.devices={config.trainer.devices} x "
            f"trainer.num_nodes={config.trainer.num_nodes}: they must be as many"
        )
    if outside is not None or started_later:
        return
    if config.trainer.num_nodes > 1:
        raise UserError(
            f"trainer.num_nodes={config.trainer.num_nodes}: start the ranks with torchrun, or use hydra/launcher=slurm"
        )
    if config.trainer.accelerator == "cpu" and config.trainer.devices > (most := max(ALWAYS_ALLOWED, cores())):
        raise UserError(
            f"trainer.devices={config.trainer.devices}: each process needs a core, and this machine has {cores()}: "
            f"at most {most}",
            "trainer.devices",
        )


def on_ranks(config: Config, body: Callable[[Rank], None]) -> None:
    """Calls `body` in each rank of the run, and returns once all ranks have ended.

    A single rank, or one that was started outside, is this process; several are forked from it.
    Raises Interrupted on a signal, RanksFailed if a rank failed.
    """
    outside = started_outside() if world_of(config) > 1 else None
    if outside is not None or world_of(config) == 1:
        body(outside or Rank())
        return
    _Ranks(config.trainer.devices, body).run()


class _Ranks:
    """Ranks forked from this process, which has imported everything but not started CUDA or a W&B run."""

    def __init__(self, world: int, body: Callable[[Rank], None]) -> None:
        address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(_free_port()), "WORLD_SIZE": str(world), OURS: "1"}
        context = multiprocessing.get_context("fork")
        self.order = mmap.mmap(-1, 1)  # shared with the ranks: the signal that has ended the run, 0: none
        self.processes: list[BaseProcess] = [
            context.Process(target=_rank, args=(Rank(number, world), address, self.order, body))
            for number in range(world)
        ]

    def run(self) -> None:
        with Noted() as signals:
            self._start()
            self._wait(signals)
            for process in self.processes:
                process.join()
        if signals.received is not None:
            raise Interrupted(signals.received)
        failed = [f"rank {i} {_ending(p.exitcode or 0)}" for i, p in enumerate(self.processes) if p.exitcode]
        if failed:
            error = RanksFailed(", ".join(failed))
            error.wrong = {process.exitcode for process in self.processes} == {WRONG}
            raise error

    def _start(self) -> None:
        """Starts the ranks with signals blocked: until a rank has its own handlers, a signal would be lost."""
        with blocked():
            for process in self.processes:
                process.start()

    def _wait(self, signals: Noted) -> None:
        forwarded, deadline = False, None
        while alive := [process for process in self.processes if process.exitcode is None]:
            wait([process.sentinel for process in alive], timeout=POLL_S)
            if signals.received is not None and not forwarded:
                forwarded, deadline = True, time.monotonic() + 2 * GRACE_S
                self.order[0] = signals.received
                self._send(signal.SIGTERM)
            if deadline is None and any(process.exitcode not in (None, 0) for process in self.processes):
                deadline = time.monotonic() + GRACE_S  # the others end too, or would wait for it forever
            if deadline is not None and time.monotonic() > deadline:
                self._send(signal.SIGKILL)

    def _send(self, number: int) -> None:
        for process in self.processes:
            if process.exitcode is None and process.pid is not None:
                os.kill(process.pid, number)


def _rank(rank: Rank, address: dict[str, str], order: mmap.mmap, body: Callable[[Rank], None]) -> None:
    os.environ.update(address, RANK=str(rank.number), LOCAL_RANK=str(rank.number))
    raise_on_signals(_Relay(order))
    signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDING)
    threading.Thread(target=_end_with_the_parent, args=[order], daemon=True).start()
    code = 1
    try:
        with interruption_first():
            body(rank)
        code = 0
    except Interrupted as stop:
        caught()
        code = stop.exit_code
    except UserError:
        code = WRONG  # every rank raises it, and the parent prints it once
    except BaseException as error:
        if os.environ.get("UNROLLED_TRACEBACK"):
            traceback.print_exc()
        log.error(f"rank {rank.number}: {in_words(error)}")
    finally:
        sys.stdout.flush()
        os._exit(code)  # the parent's exit handlers must not run here


class _Relay:
    """Passes a rank's signals on to the process that has forked it, which ends all ranks at once.

    A rank that ended alone would leave the others in a collective call, and they would fail.
    """

    def __init__(self, order: mmap.mmap) -> None:
        self.order, self.parent = order, os.getppid()

    def __call__(self, number: int) -> int | None:
        if not self.order[0] and os.getppid() == self.parent:
            os.kill(self.parent, number)
        return self.order[0] or None


def _end_with_the_parent(order: mmap.mmap) -> None:
    parent = multiprocessing.parent_process()
    assert parent is not None
    parent.join()
    order[0] = order[0] or signal.SIGTERM
    os.kill(os.getpid(), signal.SIGTERM)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def _ending(code: int) -> str:
    return f"was killed by {signal.Signals(-code).name}" if code < 0 else f"ended with exit code {code}"
