"""All that Unrolled uses of Hydra's private API: what another version of Hydra may rename stands in this file alone."""

from argparse import ArgumentParser
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hydra._internal.callbacks import Callbacks
from hydra._internal.hydra import Hydra
from hydra._internal.utils import create_config_search_path, get_args_parser
from hydra.core.config_search_path import ConfigSearchPath
from hydra.core.global_hydra import GlobalHydra
from hydra.core.utils import JobReturn
from hydra.types import HydraContext, RunMode
from omegaconf import DictConfig


def argument_parser() -> ArgumentParser:
    """Returns the parser of the command line of `hydra.main`."""
    return get_args_parser()


def search_path(folder: Path) -> ConfigSearchPath:
    """Returns where Hydra looks for configuration files: in `folder` and wherever a plugin adds."""
    return create_config_search_path(str(folder))


@contextmanager
def composer(path: ConfigSearchPath) -> Iterator[Hydra]:
    """Yields a Hydra that composes configurations with `compose_config`, as `hydra.main` does, also for a sweep."""
    try:
        yield Hydra.create_main_hydra2("unrolled", path)
    finally:
        GlobalHydra.instance().clear()


@contextmanager
def known_mode(mode: RunMode | None) -> Iterator[None]:
    """Gives `hydra.main` the mode of what is composed already; it would compose once more to learn it."""
    original = Hydra.get_mode
    Hydra.get_mode = lambda *_, **__: mode  # type: ignore[method-assign]
    try:
        yield
    finally:
        Hydra.get_mode = original  # type: ignore[method-assign]


def job_context(config: DictConfig) -> HydraContext:
    """Returns what `run_job` needs to run one configuration that is composed already."""
    return HydraContext(config_loader=None, callbacks=Callbacks(config))  # type: ignore[arg-type]


def raised(job: JobReturn) -> BaseException:
    """Returns the exception that ended a job. The public `return_value` prints lines of its own before it raises."""
    return job._return_value
