"""Every use of Hydra's private API: a new version of Hydra can break this file alone."""

from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
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
    """Returns the argument parser of `hydra.main`."""
    return get_args_parser()


def options_first(arguments: Sequence[str]) -> list[str]:
    """Returns a command line with its options before its overrides, the only order that `hydra.main` always reads."""
    options = list(arguments)
    overrides = get_args_parser().parse_intermixed_args(options).overrides
    for word in overrides:
        options.remove(word)
    return [*options, *overrides]


def option_names() -> list[str]:
    """Returns the options of `hydra.main` as they are typed: `-m`, `--multirun`, ..."""
    return [name for action in get_args_parser()._actions for name in action.option_strings]


def search_path(folder: Path) -> ConfigSearchPath:
    """Returns Hydra's search path for configuration files: `folder` and the paths that plugins add."""
    return create_config_search_path(str(folder))


@contextmanager
def composer(path: ConfigSearchPath) -> Iterator[Hydra]:
    """Yields a Hydra whose `compose_config` composes the configuration of a run or a sweep as `hydra.main` does."""
    try:
        yield Hydra.create_main_hydra2("unrolled", path)
    finally:
        GlobalHydra.instance().clear()


@contextmanager
def known_mode(mode: RunMode | None) -> Iterator[None]:
    """Sets the run mode of `hydra.main` within the block, which saves the composition that finds it out.

    mode: of the configuration composed before; None: not given.
    """
    original = Hydra.get_mode
    Hydra.get_mode = lambda *_, **__: mode  # type: ignore[method-assign]
    try:
        yield
    finally:
        Hydra.get_mode = original  # type: ignore[method-assign]


def job_context(config: DictConfig) -> HydraContext:
    """Returns the context with which `run_job` runs a composed configuration."""
    return HydraContext(config_loader=None, callbacks=Callbacks(config))  # type: ignore[arg-type]


def raised(job: JobReturn) -> BaseException:
    """Returns the exception that ended a job. Hydra's public `return_value` would print lines before it raises."""
    return job._return_value
