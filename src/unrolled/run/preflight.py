"""Validates a command line before any folder exists; each error is one line."""

import warnings
from argparse import Namespace
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from hydra.core.config_search_path import SearchPathQuery
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException
from hydra.types import RunMode
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from unrolled.config.answer import check_answer
from unrolled.config.cells import refuse_beside
from unrolled.config.config_file import place_in_defaults
from unrolled.config.files import CONF
from unrolled.config.hydra_private import argument_parser, composer, search_path
from unrolled.config.listed import refuse_lists
from unrolled.config.relative import started_in
from unrolled.config.schema import Config, register
from unrolled.config.validate import typed, values_of
from unrolled.config.yaml_file import shown
from unrolled.errors import UserError

from .checks import check, checked, without_hydra
from .config_files import check_choice, check_files, first, folders
from .folders import check_run, check_sweep
from .hydra_errors import in_one_line, key_of
from .hydra_settings import check_settings
from .mistyped import check_options, check_words
from .overrides import as_names, check_axes_of, refuse_overrides
from .plugins import check_plugins
from .where import in_file, located


@dataclass(frozen=True)
class Checked:
    """What a command line asks for.

    sweep: whether it is a sweep.
    config: what will be run; None where only help is wanted.
    mode: `hydra.mode` of what was composed.
    """

    sweep: bool
    config: Config | None
    mode: RunMode | None = None


def preflight(arguments: Sequence[str]) -> Checked:
    """Composes and validates what Hydra is about to run. Raises UserError."""
    register()
    parser = argument_parser()
    parser.error = _refuse  # type: ignore[method-assign]
    check_options(arguments)
    args = parser.parse_intermixed_args(as_names(arguments))
    if args.hydra_help or args.info or args.shell_completion:
        return Checked(False, None)
    _check_values(args)
    for word in args.overrides:
        key, _, value = word.partition("=")
        if key.lstrip("+") in ("hydra.run.dir", "hydra.sweep.dir") and not value.strip(" '\""):
            raise UserError(f"{word} is empty: give a folder")
    check_words(args.overrides)
    path = search_path(Path(args.config_path or CONF).absolute())
    if args.config_dir:
        folder = Path(args.config_dir).absolute()
        if not folder.is_dir():
            raise UserError(f"--config-dir {args.config_dir}: no such folder")
        anchor = SearchPathQuery(provider="schema")
        path.prepend(provider="command-line", path=f"file://{folder}", anchor=anchor)
    for word in args.overrides:
        key, _, value = word.partition("=")
        if first(folders(path), f"{key}/{value}") is None:  # a user's own choice
            check_choice(key, value.strip("'"))
    file = None
    try:
        refuse_lists(args.overrides)
        file = check_files(folders(path), args.config_name or "train", args.overrides)
        return _compose(path, args.config_name or "train", list(args.overrides), args.multirun)
    except RecursionError:
        raise UserError(f"{shown(file or CONF)}: its defaults list comes back to itself, in a circle") from None
    except (HydraException, OmegaConfBaseException, YAMLError, ValueError) as error:
        message, key = in_one_line(error), key_of(error)
        place = in_file(file, key) if key and file else ""
        if not place and file and not file.is_relative_to(CONF):
            place = place_in_defaults(file, message)
        raise UserError(f"{message}{place}", key) from error


def _check_values(args: Namespace) -> None:
    """Raises UserError for an option of Hydra's whose value, or whose company, it does not allow."""
    if args.config_name is not None and not args.config_name.strip():
        raise UserError("--config-name is empty: give the name of a file")
    if args.resolve and not args.cfg:
        raise UserError("--resolve: it needs --cfg job")
    if args.experimental_rerun is not None and not Path(args.experimental_rerun).is_file():
        raise UserError(f"--experimental-rerun {args.experimental_rerun}: no such file")


def _refuse(message: str) -> None:
    raise UserError(f"{message}; see --help")


def _compose(path, name: str, overrides: list[str], multirun: bool) -> Checked:
    with composer(path) as hydra, warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=".*Defaults list is missing `_self_`.*")  # it comes last then
        # As a sweep: whether it is one stands in what is composed.
        config = hydra.compose_config(name, overrides, run_mode=RunMode.MULTIRUN, validate_sweep_overrides=False)
        sweep, hydra_config = multirun or config.hydra.mode == RunMode.MULTIRUN, config.hydra
        in_params = [f"{key}={value}" for key, value in (hydra_config.sweeper.get("params") or {}).items()]
        refuse_overrides(overrides, sweep)
        check_settings(config, OverridesParser.create().parse_overrides(overrides), sweep, multirun)
        try:
            check_axes_of(in_params, overrides, hydra.config_loader, hydra_config)
            found = typed(values_of(without_hydra(config.copy())))
            refuse_beside(OverridesParser.create().parse_overrides([*in_params, *overrides]), found)
            check_answer(found.sweep.answer)
            if not sweep:  # without its axes a sweep need not make sense: each run is checked before the first starts
                found = _check_single(found, hydra_config.run.dir)
        except UserError as error:
            raise located(error, hydra.config_loader, config) from error
    if sweep:
        check_sweep(found, hydra_config.sweep.dir)
        check_plugins(hydra_config)
    else:
        check_run(found, hydra_config.run.dir)
    return Checked(sweep, found, hydra_config.mode)


def _check_single(config: Config, folder: str) -> Config:
    """Returns what `check` does; for a resume it names where the run was started, if a relative file is not here.

    The task.file of a resume stands on the user's own command line, and is therefore executed without --trust.
    """
    try:
        return check(config)
    except UserError as error:
        file = {"task.file": config.task.file, "embedding.path": config.embedding.path}.get(error.key)
        started = started_in(Path(folder)) if config.resume and file else None
        if started is None or not file or Path(file).exists() or not (started / file).exists():
            raise
        raise UserError(f"{error} (the run was started in {started}: continue it there)", error.key) from error


def compose(overrides: Sequence[str]) -> Config:
    """Returns the validated configuration of a run with these overrides, for use from Python. Raises UserError."""
    register()
    try:
        refuse_lists(overrides)
        with composer(search_path(CONF)) as hydra:
            return checked(without_hydra(hydra.compose_config("train", as_names(overrides), run_mode=RunMode.RUN)))
    except (HydraException, OmegaConfBaseException, ValueError) as error:
        raise UserError(in_one_line(error)) from error
