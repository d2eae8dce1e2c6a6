"""Validates a command line before any folder exists; each error is one line."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hydra.core.config_search_path import ConfigSearchPath, SearchPathQuery
from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException, MissingConfigException
from hydra.types import RunMode
from omegaconf import DictConfig, open_dict, read_write
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException
from yaml import YAMLError

from unrolled.config.aliases import renamed
from unrolled.config.axes import check_axes
from unrolled.config.compatibility import check_embedding
from unrolled.config.config_file import check_config_file, in_words
from unrolled.config.files import CONF, SWEEPS, choices
from unrolled.config.hydra_private import argument_parser, composer, search_path
from unrolled.config.keys import sweep_files
from unrolled.config.listed import refuse_listed_defaults, refuse_lists
from unrolled.config.relative import started_in
from unrolled.config.schema import Config, register
from unrolled.config.validate import check_options, hint, typed, unknown_key, values_of
from unrolled.config.vector_file import check_vectors
from unrolled.errors import UserError
from unrolled.processes.ranks import check_ranks
from unrolled.processes.resources import visible_gpus
from unrolled.tasks import TASKS
from unrolled.tasks import check as check_task
from unrolled.training.losses import check_loss

from .folders import check_run, check_sweep
from .hydra_settings import check_settings
from .mistyped import check_options as check_options_of_hydra
from .mistyped import check_words, not_a_choice, plain_words
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
    check_options_of_hydra(arguments)
    args = parser.parse_intermixed_args(as_names(arguments))
    if args.hydra_help or args.info or args.shell_completion:
        return Checked(False, None)
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
        if _first(_folders(path), f"{key}/{value}") is None:  # a user's own choice
            _check_choice(key, value.strip("'"))
    file = None
    try:
        refuse_lists(args.overrides)
        file = _check_files(_folders(path), args.config_name or "train", args.overrides)
        return _compose(path, args.config_name or "train", list(args.overrides), args.multirun)
    except (HydraException, OmegaConfBaseException, YAMLError, ValueError) as error:
        message, key = in_one_line(error), key_of(error)
        raise UserError(f"{message}{in_file(file, key) if key and file else ''}", key) from error


def _folders(path: ConfigSearchPath) -> list[Path]:
    found = (each.path for each in path.get_path() if each.path is not None)
    return [Path(each.removeprefix("file://")) for each in found if each.startswith("file://")]


def _check_files(folders: Sequence[Path], name: str, overrides: Sequence[str]) -> Path | None:
    """Validates the file of --config-name, and the files that a user has for the choices of the command line.

    folders: searched in order, as Hydra does.
    Returns the file of --config-name; None: there is none. Raises UserError.
    """
    file = _first(folders, name)
    if file is not None:
        check_config_file(file, whole=True)
        refuse_listed_defaults(file)
    for word in overrides:
        group, _, values = word.lstrip("+").partition("=")
        for value in values.split(","):
            chosen = _first(folders, f"{group}/{value}") if re.fullmatch(r"[\w/]+", group) else None
            if chosen is not None and not chosen.is_relative_to(CONF):
                check_config_file(chosen, whole=False)
    return file


def _first(folders: Sequence[Path], name: str) -> Path | None:
    files = (folder / f"{name.removesuffix('.yaml')}.yaml" for folder in folders)
    return next((file for file in files if file.is_file()), None)


def as_names(arguments: Sequence[str]) -> list[str]:
    """Returns the arguments with today's keys, and in quotes each choice that Hydra would read as a number.

    `experiment=nan` is a name. Raises UserError for `+` before a key of the schema.
    """
    known, found = choices(), []
    for word in plain_words(renamed(arguments)):
        group, _, value = word.partition("=")
        parts = value.split(",")
        named = "nan" in parts and all(part in known.get(group, []) for part in parts)
        found.append(f"{group}={','.join(map(repr, parts))}" if named else word)
    return found


def _check_choice(group: str, value: str) -> None:
    """Raises UserError for a choice that its group does not have. Hydra's own message for a number names no choices."""
    allowed = choices().get(group)
    if allowed is not None and re.fullmatch(r"[\w.+-]+", value) and value not in allowed:
        raise UserError(not_a_choice(group, value, allowed))


def _refuse(message: str) -> None:
    raise UserError(f"{message}; see --help")


def _compose(path, name: str, overrides: list[str], multirun: bool) -> Checked:
    with composer(path) as hydra:
        # As a sweep: whether it is one stands in what is composed.
        config = hydra.compose_config(name, overrides, run_mode=RunMode.MULTIRUN, validate_sweep_overrides=False)
        sweep, hydra_config = multirun or config.hydra.mode == RunMode.MULTIRUN, config.hydra
        in_params = [f"{key}={value}" for key, value in (hydra_config.sweeper.get("params") or {}).items()]
        _refuse_overrides(overrides, sweep)
        check_settings(config, OverridesParser.create().parse_overrides(overrides), sweep, multirun)
        try:
            _check_axes_of(in_params, overrides, hydra.config_loader, hydra_config)
            found = typed(values_of(without_hydra(config.copy())))
            if not sweep:  # without its axes a sweep need not make sense: each run is checked before the first starts
                _check_single(found, hydra_config.run.dir)
        except UserError as error:
            raise located(error, hydra.config_loader, config) from error
    if sweep:
        check_sweep(found, hydra_config.sweep.dir)
        check_plugins(hydra_config)
    else:
        check_run(found, hydra_config.run.dir)
    return Checked(sweep, found, hydra_config.mode)


def _check_single(config: Config, folder: str) -> None:
    """Does what `check` does; for a resume it names where the run was started, if a relative file is not here.

    The task.file of a resume stands on the user's own command line, and is therefore executed without --trust.
    """
    try:
        check(config)
    except UserError as error:
        file = {"task.file": config.task.file, "embedding.path": config.embedding.path}.get(error.key)
        started = started_in(Path(folder)) if config.resume and file else None
        if started is None or not file or Path(file).exists() or not (started / file).exists():
            raise
        raise UserError(f"{error} (the run was started in {started}: continue it there)", error.key) from error


def _check_axes_of(in_file: Sequence[str], typed_in: Sequence[str], loader: Any, hydra: Any) -> None:
    """Raises UserError for an axis of a sweep's file that is not written as an override, or that the grid cannot take.

    in_file: the axes of the file. typed_in: the overrides of the command line.
    """
    parser = OverridesParser.create(config_loader=loader)
    for word in in_file:
        try:
            parser.parse_override(word)
        except HydraException as error:
            key, _, value = word.partition("=")
            why = re.sub(r" expecting \{.*|^\w+Error while evaluating '.*?': ", "", str(error).splitlines()[0])
            raise UserError(f"{key}: {value} is not how values are written, such as 1,2 ({why})", key) from None
    refuse_lists(in_file)
    if hydra.runtime.choices["hydra/sweeper"] == "grid":
        check_axes(parser.parse_overrides([*in_file, *typed_in]))


def _refuse_overrides(words: Sequence[str], sweep: bool) -> None:
    """Raises UserError for a key that is deleted, and for several values where there is no sweep."""
    for override in OverridesParser.create().parse_overrides(list(words)):
        if override.is_delete() and not override.is_hydra_override():
            raise UserError(f"{override.input_line}: a key cannot be deleted; give it a value")
        if override.is_sweep_override() and override.is_hydra_override():
            raise UserError(f"{override.input_line}: a setting of Hydra's own is no axis: give one value")
        if override.is_sweep_override() and not sweep:
            raise UserError(
                f"{override.input_line}: several values are a sweep, which needs -m; "
                f"one text with commas needs quotes: {override.get_key_element()}=\\'...\\'"
            )


def compose(overrides: Sequence[str]) -> Config:
    """Returns the validated configuration of a run with these overrides, for use from Python. Raises UserError."""
    register()
    try:
        refuse_lists(overrides)
        with composer(search_path(CONF)) as hydra:
            return checked(without_hydra(hydra.compose_config("train", as_names(overrides), run_mode=RunMode.RUN)))
    except (HydraException, OmegaConfBaseException, ValueError) as error:
        raise UserError(in_one_line(error)) from error


def without_hydra(config: DictConfig) -> DictConfig:
    with read_write(config), open_dict(config):
        del config["hydra"]
    return config


def checked(config: DictConfig) -> Config:
    """Returns the typed configuration of a run. Raises UserError for all that would stop it before its first step."""
    found = typed(values_of(config))
    check(found)
    return found


def check(config: Config) -> None:
    """Raises UserError for a value that its choice lacks, parts that do not fit, and what this machine lacks."""
    check_options(config)
    check_typed(config)
    check_host(config)


def check_host(config: Config) -> None:
    """Validates that this machine has the GPUs and starts the ranks that a run asks for. Raises UserError."""
    check_ranks(config)
    if config.trainer.accelerator == "gpu":
        gpus, wanted = len(visible_gpus()), config.trainer.devices
        if not gpus:
            here = "torch sees no GPU here; use trainer=cpu or trainer=ddp_cpu"
            raise UserError(f"trainer.accelerator=gpu: {here}", "trainer.accelerator")
        if gpus < wanted:
            here = f"torch sees {gpus} GPU{'s' * (gpus > 1)} here"
            raise UserError(f"trainer.devices={wanted}: {here}", "trainer.devices")


def check_typed(config: Config) -> None:
    """Validates what a task needs, and that task, loss and embedding fit each other. Raises UserError."""
    check_task(config.task)
    entry, loss, embedding = TASKS[config.task.name], config.loss.name, config.embedding
    if entry.answers is not None:
        check_loss(loss, config.task.name, entry.answers)
    if entry.reads is not None:
        check_embedding(embedding.name, config.task.name, entry.reads)
    if embedding.name == "pretrained":
        check_vectors(embedding.path or "", embedding.dim)


def in_one_line(error: BaseException) -> str:
    """Returns an error of Hydra or OmegaConf as one line with the key, the value and what is allowed."""
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        return _missing(error)
    if isinstance(error, YAMLError):
        return in_words(error)
    cause = _cause(error)
    if isinstance(cause, ConfigKeyError | ConfigAttributeError) and cause.full_key and cause.parent_node is not None:
        return unknown_key(cause.full_key, [str(key) for key in cause.parent_node if key != "hydra"])
    if isinstance(cause, OmegaConfBaseException) and cause.full_key:
        return f"{cause.full_key}: {_without_class(str(cause.msg or cause).splitlines()[0])}"
    return " ".join(str(error).split())


def _cause(error: BaseException) -> BaseException:
    """Returns the error of OmegaConf that an error of Hydra comes from; without one, the error itself."""
    found = (each for each in (error.__cause__, error.__context__) if isinstance(each, OmegaConfBaseException))
    return error if isinstance(error, OmegaConfBaseException) else next(found, error)


def key_of(error: BaseException) -> str:
    """Returns the dotted key that an error of Hydra or OmegaConf is about; "" if it is about none."""
    cause = _cause(error)
    return str(cause.full_key or "") if isinstance(cause, OmegaConfBaseException) else ""


def _without_class(message: str) -> str:
    """Returns OmegaConf's message without the names of Python classes in it."""
    text = re.sub(r"^\w+ raised while resolving interpolation: ", "", message)
    text = re.sub(r"^Cannot merge DictConfig with ListConfig$", "a list stands where keys with values are wanted", text)
    return text.strip('"')


def _missing(error: MissingConfigException) -> str:
    assert error.missing_cfg_file is not None
    group, _, choice = error.missing_cfg_file.rpartition("/")
    if group and error.options is not None:
        return not_a_choice(group, choice, sorted(error.options))
    if group and (name := choice.removesuffix(".yaml")) in sweep_files():
        return (
            f"--config-name {error.missing_cfg_file}: no such file; a sweep's file is named without its folder: {name}"
        )
    if group:
        return f"{group}={choice}: no such group; allowed: {', '.join(choices())}"
    found = sorted(file.stem for folder in (CONF, SWEEPS) for file in folder.glob("*.yaml"))
    return f"--config-name {choice}: no such file{hint(choice, found)}; allowed: {', '.join(found)}"
