"""`python src/train.py ...`: one run, or one sweep, from its words to the exit code of its process."""

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

from unrolled.config.files import CONF
from unrolled.config.hydra_private import known_mode
from unrolled.config.schema import Config
from unrolled.errors import Interrupted, UserError
from unrolled.processes.logs import log, set_up
from unrolled.processes.ranks import RanksFailed, started_outside
from unrolled.processes.signals import raise_on_signals

from .load import load_run
from .preflight import as_names, checked, in_one_line, preflight


def cell(config: DictConfig) -> float | None:
    """What Hydra calls for a run, and for each cell of a sweep. Undecorated: every launcher can pickle it."""
    from hydra.core.hydra_config import HydraConfig

    load_run()
    from unrolled.config.identity import identity_of
    from unrolled.record import ownership
    from unrolled.record.run_record import RunRecord

    identity = identity_of(HydraConfig.get(), config)
    ownership.claim_run(identity.folder)  # before the seconds that imports take: who is stopped there can start again
    from .lifecycle import run

    run(checked(config), identity)
    return RunRecord.read(identity.folder).end.slope


def train(arguments: Sequence[str]) -> None:
    """One run, or with a sweep's file as --config-name one sweep. Ends the process with its exit code."""
    guarded(lambda: _train(list(arguments)))


def _train(arguments: list[str]) -> None:
    arguments = as_names(arguments)
    found, outside = preflight(arguments), started_outside()
    if outside is not None and not outside.leads and found.config is not None:
        _follow(found.config)
        return
    os.environ["HYDRA_FULL_ERROR"] = "1"  # errors come to us, not to Hydra's printer
    os.environ.pop("WANDB_SERVICE", None)  # a notebook's around us: there a killed run would hold its id
    sys.argv = [sys.argv[0], *arguments]
    single = _Single()
    task = cell if found.sweep else single
    with known_mode(found.mode):
        hydra.main(version_base="1.3", config_path=str(CONF), config_name="train")(task)()
    if single.error is not None:
        raise single.error


def _follow(config: Config) -> None:
    """A rank that torchrun has started beside the first: it trains with it, and has no folder of its own."""
    load_run()
    from unrolled.config.identity import RunIdentity

    from .lifecycle import run

    run(config, RunIdentity(Path(), "", ""))


class _Single:
    """Carries a single run's exception past Hydra, which would print lines of its own about it."""

    error: BaseException | None = None

    def __call__(self, config: DictConfig) -> None:
        try:
            cell(config)
        except BaseException as error:
            self.error = error


def guarded(command: Callable[[], Any]) -> None:
    """Whatever ends a command early: one line on stderr, exit code 2 for what the user typed, 1 for what went wrong."""
    set_up()
    raise_on_signals()
    try:
        command()
    except Interrupted as stop:
        fail(f"interrupted ({stop}); what was computed is kept", stop.exit_code)
    except (HydraException, OmegaConfBaseException) as error:
        fail(in_one_line(error), 2)
    except UserError as error:
        fail(str(error), 2)
    except RanksFailed as error:
        fail(str(error), 1)
    except Exception as error:
        if os.environ.get("UNROLLED_TRACEBACK"):
            traceback.print_exc()
        words = (str(error).splitlines() or [""])[0]
        fail(f"{type(error).__name__}: {words} (UNROLLED_TRACEBACK=1 shows where)", 1)


def fail(message: str, code: int) -> NoReturn:
    log.error(" ".join(message.split()))
    sys.exit(code)
