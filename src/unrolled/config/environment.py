"""What of a configuration may be published, at W&B and on pages: texts from the environment stand there as written.

`${oc.env:NAME}` may hold a key or a path of one's home; `slurm.setup` has shell lines that may export one.
"""

import re
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import YAMLError

from unrolled.errors import UserError

from .schema import plain
from .validate import read_config

PRIVATE = "slurm"  # the group that is published nowhere
REFERENCE = re.compile(r"\$\{([A-Za-z_][\w.]*)\}")


def from_environment(config: DictConfig, values: Mapping[str, Any]) -> dict[str, str]:
    """Returns the values that are text and depend on an environment variable: dotted key -> the text as written.

    config: of a run, as composed, without the `hydra` group.
    values: the same, resolved and typed: what is a number there is none of them.
    """
    raw, known = _texts(OmegaConf.to_container(config, resolve=False)), _texts(values)
    return {key: text for key, text in raw.items() if key in known and _is_from_environment(text, raw)}


def number_of(value: Any, key: str, values: Mapping[str, Any]) -> Any:
    """Returns the number for an axis's value that refers to one, as `${oc.env:NAME}`; any other value as it is.

    key: the axis's.
    values: the run's configuration, as `plain` returns it.
    """
    if not isinstance(value, str) or "${" not in value:
        return value
    found: Any = values
    for part in key.split("."):
        found = found.get(part) if isinstance(found, Mapping) else None
    return found if isinstance(found, int | float) else value


def publishable(values: Mapping[str, Any], written: Mapping[str, str]) -> dict[str, Any]:
    """Returns a configuration without its private group, its texts from the environment as they are written.

    values: as `plain` returns them.
    written: as `from_environment` returns it.
    """
    return _replaced({group: value for group, value in values.items() if group != PRIVATE}, written, "")


def concealed(message: str, values: Mapping[str, Any], written: Mapping[str, str]) -> str:
    """Returns a message in which texts from the environment stand as they are written. Arguments as `publishable`."""
    known = {key: text for key, text in _texts(values).items() if key in written and text}
    for key, text in sorted(known.items(), key=lambda item: -len(item[1])):
        message = message.replace(text, written[key])
    return message


def concealed_by_record(message: str, file: Path) -> str:
    """Returns a message as `concealed` does. file: where the run's configuration is kept as it is written."""
    try:
        config, values = OmegaConf.load(file), plain(read_config(file))
    except (OSError, ValueError, YAMLError, OmegaConfBaseException, UserError):  # nothing is known of it: no such text
        return message
    assert isinstance(config, DictConfig)
    return concealed(message, values, from_environment(config, values))


def public_words(words: Iterable[str]) -> list[str]:
    """Returns the overrides of a command line without those of the private group."""
    return [word for word in words if not re.match(rf"\+*{PRIVATE}[.=]", word)]


def _is_from_environment(text: str, raw: Mapping[str, str]) -> bool:
    """Returns whether a text depends on a variable, itself or through the values that it refers to.

    raw: all texts, as written. Of what is more than `${key}` it is not known, and counts as such.
    """
    named = REFERENCE.findall(text)
    if "${" in REFERENCE.sub("", text):
        return True
    return any(_is_from_environment(raw[key], raw) for key in named if key in raw)


def _texts(node: Any, prefix: str = "") -> dict[str, str]:
    found: dict[str, str] = {}
    for key, value in node.items() if isinstance(node, Mapping) else ():
        if isinstance(value, str):
            found[f"{prefix}{key}"] = value
        else:
            found |= _texts(value, f"{prefix}{key}.")
    return found


def _replaced(node: Mapping[str, Any], written: Mapping[str, str], prefix: str) -> dict[str, Any]:
    return {
        key: _replaced(value, written, f"{prefix}{key}.")
        if isinstance(value, Mapping)
        else written.get(prefix + key, value)
        for key, value in node.items()
    }
