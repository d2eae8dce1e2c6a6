"""Everything that can be wrong with what a user typed, told in one line before any folder exists."""

import difflib
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from hydra._internal.hydra import Hydra
from hydra._internal.utils import create_config_search_path, get_args_parser
from hydra.core.config_search_path import ConfigSearchPath, SearchPathQuery
from hydra.core.global_hydra import GlobalHydra
from hydra.errors import HydraException, MissingConfigException
from hydra.types import RunMode
from omegaconf import DictConfig, open_dict, read_write
from omegaconf.errors import OmegaConfBaseException

from unrolled.config.compatibility import check_embedding, check_loss
from unrolled.config.files import CONF, SWEEPS, choices
from unrolled.config.listed import refuse_listed_defaults, refuse_lists
from unrolled.config.schema import Config, register
from unrolled.config.validate import check_values, typed, validate
from unrolled.config.vector_file import check_vectors
from unrolled.errors import UserError
from unrolled.processes.ranks import check_ranks
from unrolled.processes.resources import visible_gpus
from unrolled.tasks import TASKS
from unrolled.tasks import check as check_task

from .folders import check_run, check_sweep

_KINDS = {"Float": "a number", "Integer": "a whole number", "Boolean": "true or false"}


@dataclass(frozen=True)
class Checked:
    """sweep: whether it is one. config: what will be run; None where only help is wanted."""

    sweep: bool
    config: Config | None


def preflight(arguments: Sequence[str]) -> Checked:
    """Composes and validates what Hydra is about to run. Raises UserError."""
    register()
    parser = get_args_parser()
    parser.error = _refuse  # type: ignore[method-assign]
    args = parser.parse_args(as_names(arguments))
    if args.hydra_help or args.info or args.shell_completion:
        return Checked(False, None)
    for word in args.overrides:
        key, _, value = word.partition("=")
        if key.lstrip("+") in ("hydra.run.dir", "hydra.sweep.dir") and not value.strip(" '\""):
            raise UserError(f"{word} is empty: give a folder")
        _check_choice(key, value.strip("'"))
    path = create_config_search_path(str(Path(args.config_path or CONF).absolute()))
    if args.config_dir:
        folder = Path(args.config_dir).absolute()
        if not folder.is_dir():
            raise UserError(f"--config-dir {args.config_dir}: no such folder")
        anchor = SearchPathQuery(provider="schema")
        path.prepend(provider="command-line", path=f"file://{folder}", anchor=anchor)
    try:
        refuse_lists(args.overrides)
        refuse_listed_defaults(_folders(path), args.config_name or "train")
        return _compose(path, args.config_name or "train", list(args.overrides), args.multirun)
    except (HydraException, OmegaConfBaseException, ValueError) as error:
        raise UserError(in_one_line(error)) from error


def _folders(path: ConfigSearchPath) -> list[Path]:
    found = (each.path for each in path.get_path() if each.path is not None)
    return [Path(each.removeprefix("file://")) for each in found if each.startswith("file://")]


def as_names(arguments: Sequence[str]) -> list[str]:
    """The arguments with each choice that Hydra would read as a number in quotes: `experiment=nan` is a name."""
    known, found = choices(), []
    for word in arguments:
        group, _, value = word.partition("=")
        parts = value.split(",")
        named = "nan" in parts and all(part in known.get(group, []) for part in parts)
        found.append(f"{group}={','.join(map(repr, parts))}" if named else word)
    return found


def _check_choice(group: str, value: str) -> None:
    """A group's choice that is one plain word; Hydra's own message for a number names neither group nor choices."""
    allowed = choices().get(group)
    if allowed is not None and re.fullmatch(r"[\w.+-]+", value) and value not in allowed:
        raise UserError(f"{group}={value}: no such choice{_hint(value, allowed)}; allowed: {', '.join(allowed)}")


def _refuse(message: str) -> None:
    raise UserError(f"{message}; see --help")


def _compose(path, name: str, overrides: list[str], multirun: bool) -> Checked:
    hydra = Hydra.create_main_hydra2("unrolled", path)
    try:
        mode = RunMode.MULTIRUN
        config = hydra.compose_config(name, overrides, run_mode=mode, validate_sweep_overrides=False)
        if config.hydra.mode != RunMode.MULTIRUN and not multirun:
            mode = RunMode.RUN
            config = hydra.compose_config(name, overrides, run_mode=mode)
        sweep, hydra_config = mode == RunMode.MULTIRUN, config.hydra
        refuse_lists(f"{key}={value}" for key, value in (hydra_config.sweeper.get("params") or {}).items())
        checked = typed(without_hydra(config.copy()))
    finally:
        GlobalHydra.instance().clear()
    if sweep:  # without its axes it need not make sense: each cell is checked before the first starts
        check_sweep(checked, hydra_config.sweep.dir)
        _check_plugins(hydra_config.runtime.choices)
    else:
        check_values(checked)
        check_typed(checked)
        check_host(checked)
        check_run(checked, hydra_config.run.dir)
    return Checked(sweep, checked)


def _check_plugins(chosen: Mapping[str, str]) -> None:
    launcher, sweeper = chosen["hydra/launcher"], chosen["hydra/sweeper"]
    if launcher in ("local", "slurm") and sweeper != "grid":
        raise UserError(
            f"hydra/launcher={launcher} works with hydra/sweeper=grid; for {sweeper} use hydra/launcher=basic"
        )


def compose(overrides: Sequence[str]) -> Config:
    """The validated configuration that these overrides make, for use from Python. Raises UserError."""
    register()
    hydra = Hydra.create_main_hydra2("unrolled", create_config_search_path(str(CONF)))
    try:
        refuse_lists(overrides)
        return check(without_hydra(hydra.compose_config("train", as_names(overrides), run_mode=RunMode.RUN)))
    except (HydraException, OmegaConfBaseException, ValueError) as error:
        raise UserError(in_one_line(error)) from error
    finally:
        GlobalHydra.instance().clear()


def without_hydra(config: DictConfig) -> DictConfig:
    with read_write(config), open_dict(config):
        del config["hydra"]
    return config


def check(config: DictConfig) -> Config:
    """The typed configuration; UserError for all that would stop its run before the first training step."""
    found = validate(config)
    check_typed(found)
    check_host(found)
    return found


def check_host(config: Config) -> None:
    """What this machine must have: GPUs, as many processes as there are ranks. Raises UserError."""
    check_ranks(config)
    if config.trainer.accelerator.name == "gpu":
        gpus, wanted = len(visible_gpus()), config.trainer.devices
        if not gpus:
            raise UserError("trainer.accelerator=gpu: torch sees no GPU here; use trainer=cpu or trainer=ddp_cpu")
        if gpus < wanted:
            raise UserError(f"trainer.devices={wanted}: torch sees {gpus} GPU{'s' * (gpus > 1)} here")


def check_typed(config: Config) -> None:
    """What a task needs, and what task, loss and embedding must agree on. Raises UserError."""
    check_task(config.task)
    entry, loss, embedding = TASKS[config.task.name], config.loss.name.name, config.embedding
    if entry.answers is not None:
        check_loss(loss, config.task.name, entry.answers)
    if entry.reads is not None:
        check_embedding(embedding.name, config.task.name, entry.reads)
    if embedding.name == "pretrained":
        check_vectors(embedding.path or "", embedding.dim)


def in_one_line(error: BaseException) -> str:
    """What Hydra or OmegaConf wants to say, as one line that names the key, the value and what is allowed."""
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        return _missing(error)
    cause = error.__cause__ if isinstance(error.__cause__, OmegaConfBaseException) else error
    if isinstance(cause, OmegaConfBaseException) and cause.full_key:
        message = str(cause.msg or cause).splitlines()[0]
        parent = cause.parent_node
        if parent is not None and "not in" in message:
            known = [str(key) for key in parent if key != "hydra"]
            near = _hint(str(cause.key), known)
            return f"unknown key {cause.full_key}{near}; allowed here: {', '.join(known)}"
        return _mistyped(cause.full_key, message)
    return " ".join(str(error).split())


def _mistyped(key: str, message: str) -> str:
    if found := re.fullmatch(r"Value '(.*)' of type '.*' could not be converted to (\w+)", message):
        return f"{key}={found[1]}: must be {_KINDS.get(found[2], found[2])}"
    if "is not Optional" in message:
        return f"{key}=null: this key needs a value"
    if found := re.fullmatch(r"Invalid value '(.*)', expected one of \[(.*)\]", message):
        return f"{key}={found[1]}: allowed: {found[2]}"
    return f"{key}: {message}"


def _missing(error: MissingConfigException) -> str:
    assert error.missing_cfg_file is not None
    group, _, choice = error.missing_cfg_file.rpartition("/")
    if group and error.options is not None:
        allowed = ", ".join(sorted(error.options))
        return f"{group}={choice}: no such choice{_hint(choice, error.options)}; allowed: {allowed}"
    if group:
        return f"{group}={choice}: no such group; allowed: {', '.join(choices())}"
    found = sorted(file.stem for folder in (CONF, SWEEPS) for file in folder.glob("*.yaml"))
    return f"--config-name {choice}: no such file{_hint(choice, found)}; allowed: {', '.join(found)}"


def _hint(word: str, known: Iterable[str]) -> str:
    near = difflib.get_close_matches(word, list(known), n=1)
    return f" (did you mean {near[0]}?)" if near else ""
