"""Errors of Hydra and OmegaConf in one line: the key, the value and what is allowed."""

import re

from hydra.errors import MissingConfigException
from omegaconf.errors import ConfigAttributeError, ConfigKeyError, OmegaConfBaseException
from yaml import YAMLError

from unrolled.config.files import CONF, SWEEPS, choices
from unrolled.config.keys import sweep_files
from unrolled.config.validate import hint, unknown_key
from unrolled.config.yaml_file import in_words

from .mistyped import not_a_choice


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
    if isinstance(error, MissingConfigException) and error.missing_cfg_file:
        return error.missing_cfg_file.rpartition("/")[0]
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
    if group and group not in choices() and not group.startswith("hydra/"):
        return f"--config-name {error.missing_cfg_file}: no such file; a file is named without its folder"
    if group:
        return f"{group}={choice}: no such group; allowed: {', '.join(choices())}"
    found = sorted(file.stem for folder in (CONF, SWEEPS) for file in folder.glob("*.yaml"))
    return f"--config-name {choice}: no such file{hint(choice, found)}; allowed: {', '.join(found)}"
