"""The command `python src/train.py ...`: trains one run or one sweep, and sets the exit code of the process."""

import contextlib
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NoReturn

import hydra
from hydra.errors import HydraException
from omegaconf import DictConfig
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from unrolled.config.files import CONF
from unrolled.config.hydra_private import known_mode, options_first
from unrolled.config.schema import Config, plain
from unrolled.config.validate import typed, values_of
from unrolled.errors import Interrupted, UserError, in_words, wrong_path
from unrolled.processes.logs import announce, log, set_up
from unrolled.processes.ranks import RanksFailed, started_outside
from unrolled.processes.signals import caught, end_at_once, exposed, raise_on_signals, shielded
from unrolled.processes.streams import surviving
from unrolled.wandb_runs.environment import set_aside

from .checks import check
from .hydra_errors import in_one_line
from .load import load_run
from .overrides import as_names
from .preflight import preflight

SLOW = "loading torch, Lightning and W&B"


def cell(config: DictConfig) -> float | None:
    """Trains one run: Hydra's task function, also for each run of a sweep. Undecorated, so that launchers pickle it.

    Returns the slope at the end of training, for sweepers that optimise; None without a probe.
    """
    from hydra.core.hydra_config import HydraConfig

    from unrolled.config.identity import identity_of
    from unrolled.record import ownership, status
    from unrolled.record.lock import WAIT_S, exclusive
    from unrolled.record.run_record import RunRecord

    found = typed(values_of(config))
    identity = identity_of(HydraConfig.get(), config, plain(found))
    with shielded():
        ownership.claim_run(identity.folder)  # before the slow imports: a run stopped during them can be repeated
        with exclusive(identity.folder, WAIT_S if identity.sweep else 0):
            try:
                with exposed():
                    announce(SLOW)
                    load_run()
                    from .lifecycle import run

                    run(check(found), identity)
            except Interrupted as stop:
                caught()
                status.mark(identity.folder, "interrupted", str(stop))
                raise
            return RunRecord.read(identity.folder).end.slope


def train(arguments: Sequence[str]) -> None:
    """Trains one run, or one sweep if --config-name is a sweep's file. A failure exits with a code, see `guarded`."""
    guarded(lambda: _train(list(arguments)))


def _train(arguments: list[str]) -> None:
    arguments = as_names(arguments)
    announce("reading the configuration")
    found, outside = preflight(arguments), started_outside()
    if outside is not None and not outside.leads and found.config is not None:
        _follow(found.config)
        return
    if found.config is not None and found.config.tracker.mode != "disabled":
        set_aside()
    os.environ["HYDRA_FULL_ERROR"] = "1"  # Hydra then raises errors and does not print them
    os.environ.pop("WANDB_SERVICE", None)  # in a surrounding notebook's service a killed run would keep its id
    sys.argv = [sys.argv[0], *options_first(arguments)]
    single = _Single()
    task = cell if found.sweep else single
    if found.sweep:
        announce(SLOW)
    with known_mode(found.mode), contextlib.nullcontext() if found.sweep else shielded():  # `cell` is exposed
        hydra.main(version_base="1.3", config_path=str(CONF), config_name="train")(task)()
    if single.error is not None:
        raise single.error


def _follow(config: Config) -> None:
    """Trains as a follower rank that torchrun has started; it gets its folder from the leader."""
    load_run()
    from unrolled.config.identity import RunIdentity

    from .lifecycle import run

    run(config, RunIdentity(Path(), "", ""))


class _Single:
    """Task function that stores the exception of a single run, about which Hydra would print lines of its own."""

    error: BaseException | None = None

    def __call__(self, config: DictConfig) -> None:
        try:
            cell(config)
        except BaseException as error:
            self.error = error


def guarded(command: Callable[[], Any]) -> None:
    """Runs a command. An exception becomes one line on stderr and an exit code.

    Code 2: invalid user input; 1: any other error; after a signal, the signal's own code.
    """
    raise_on_signals()
    with surviving():
        set_up()
        try:
            _guarded(command)
        finally:
            end_at_once()


def _guarded(command: Callable[[], Any]) -> None:
    try:
        command()
    except Interrupted as stop:
        caught()
        fail(f"interrupted ({stop}); what was computed is kept", stop.exit_code)
    except (HydraException, OmegaConfBaseException, YAMLError) as error:
        fail(in_one_line(error), 2)
    except UserError as error:
        fail(str(error), 2)
    except RanksFailed as error:
        fail(str(error), 1)
    except Exception as error:
        if os.environ.get("UNROLLED_TRACEBACK"):
            traceback.print_exc()
        if isinstance(error, OSError) and (line := wrong_path(error)) is not None:
            fail(line, 2)
        fail(f"{in_words(error)} (UNROLLED_TRACEBACK=1 shows where)", 1)


def fail(message: str, code: int) -> NoReturn:
    log.error(" ".join(message.split()))
    sys.exit(code)
