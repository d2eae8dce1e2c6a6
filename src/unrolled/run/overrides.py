"""Validates the overrides of a command line and the axes of a sweep's file, as Hydra's grammar has them."""

import re
from collections.abc import Sequence
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.errors import HydraException

from unrolled.config.aliases import renamed
from unrolled.config.axes import check_axes
from unrolled.config.files import choices
from unrolled.config.listed import refuse_lists
from unrolled.errors import UserError

from .mistyped import plain_words


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


def check_axes_of(in_file: Sequence[str], typed_in: Sequence[str], loader: Any, hydra: Any) -> None:
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


def refuse_overrides(words: Sequence[str], sweep: bool) -> None:
    """Raises UserError for a key that is deleted, and for several values where there is no sweep."""
    for override in OverridesParser.create().parse_overrides(list(words)):
        if override.is_delete() and not override.is_hydra_override():
            raise UserError(f"{override.input_line}: a key cannot be deleted; give it a value")
        if override.is_sweep_override() and override.is_hydra_override():
            raise UserError(f"{override.input_line}: a setting of Hydra's own is no axis: give one value")
        if override.is_sweep_override() and override.key_or_group.partition(".")[0] in ("sweep", "slurm", "resume"):
            raise UserError(f"{override.input_line}: a setting of the sweep itself is no axis: give one value")
        if override.is_sweep_override() and not sweep:
            raise UserError(
                f"{override.input_line}: several values are a sweep, which needs -m; "
                f"one text with commas needs quotes: {override.get_key_element()}=\\'...\\'"
            )
