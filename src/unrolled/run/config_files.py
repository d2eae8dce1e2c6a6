"""Validates the configuration files that a command line names, before Hydra reads them."""

import re
from collections.abc import Sequence
from pathlib import Path

from hydra.core.config_search_path import ConfigSearchPath

from unrolled.config.config_file import check_config_file
from unrolled.config.files import CONF, choices
from unrolled.config.listed import refuse_listed_defaults
from unrolled.errors import UserError

from .mistyped import not_a_choice


def folders(path: ConfigSearchPath) -> list[Path]:
    """Returns the folders of a search path."""
    found = (each.path for each in path.get_path() if each.path is not None)
    return [Path(each.removeprefix("file://")) for each in found if each.startswith("file://")]


def check_files(folders: Sequence[Path], name: str, overrides: Sequence[str]) -> Path | None:
    """Validates the file of --config-name, and the files that a user has for the choices of the command line.

    folders: searched in order, as Hydra does.
    Returns the file of --config-name; None: there is none. Raises UserError.
    """
    file = first(folders, name)
    if file is not None:
        check_config_file(file, whole=True)
        refuse_listed_defaults(file)
    for word in overrides:
        group, _, values = word.lstrip("+").partition("=")
        for value in values.split(","):
            chosen = first(folders, f"{group}/{value}") if re.fullmatch(r"[\w/]+", group) else None
            if chosen is not None and not chosen.is_relative_to(CONF):
                check_config_file(chosen, whole=False)
    return file


def first(folders: Sequence[Path], name: str) -> Path | None:
    """Returns the file that Hydra takes for a name: that of the first folder which has one."""
    files = (folder / f"{name.removesuffix('.yaml')}.yaml" for folder in folders)
    return next((file for file in files if file.is_file()), None)


def check_choice(group: str, value: str) -> None:
    """Raises UserError for a choice that its group does not have. Hydra's own message for a number names no choices."""
    allowed = choices().get(group)
    if allowed is not None and re.fullmatch(r"[\w.+-]+", value) and value not in allowed:
        raise UserError(not_a_choice(group, value, allowed))
