"""Recognises what a first hour mistypes on a command line, and says what to type instead."""

import re
import shlex
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Override, Quote, QuotedString
from hydra.errors import HydraException
from omegaconf import OmegaConf

from unrolled.config.files import choices
from unrolled.config.hydra_private import option_names
from unrolled.config.keys import OPEN, closest, is_known, keys, meant, sweep_files
from unrolled.config.schema import Config
from unrolled.config.validate import defaults
from unrolled.errors import UserError

GATED = ("lstm", "gru")
COMMANDS = (
    "bench", "check-task", "dashboard", "demo", "diagnose", "gallery", "new-task", "predict", "report", "show", "sync",
    "train",
)  # fmt: skip


def plain_words(words: Iterable[str]) -> list[str]:
    """Returns the overrides with `++key=` as `key=`, which is the same for a key of the schema.

    Raises UserError for `+key=` of such a key, which Hydra has for new keys only.
    """
    found = []
    for word in words:
        key, _, value = word.partition("=")
        if key.startswith("+") and is_known(key.lstrip("+")) and not value.startswith("["):
            if not key.startswith("++") and not key[1:].startswith(OPEN):
                raise UserError(f"{word}: + is for a new key, and {key[1:]} is one already: type {_shell(word[1:])}")
            found.append(word.lstrip("+"))
        else:
            found.append(word)
    return found


def check_options(arguments: Sequence[str]) -> None:
    """Raises UserError for the first word with a dash that is no option of Hydra's."""
    known = option_names()
    for word, following in zip(arguments, [*arguments[1:], ""], strict=True):
        name, _, value = word.partition("=")
        if (
            not name.startswith("-")
            or name in known
            or any(each.startswith(name) for each in known if name[:2] == "--")
        ):
            continue
        value = value or (following if following and "=" not in following else "")
        near = meant(name)
        instead = f"no dash before a key: type {_all(near, value)}" if near else "see --help"
        raise UserError(f"{word}: no such option; {instead}")


def check_words(words: Sequence[str]) -> None:
    """Raises UserError for the first override that cannot be read, or whose key there is not."""
    parser = OverridesParser.create()
    _check_spaces(words)
    for word in words:
        if not word.strip():
            raise UserError(f"{word!r}: a setting is KEY=VALUE; see --help")
        try:
            override = parser.parse_override(word)
        except (HydraException, ValueError) as error:
            raise _unreadable(word, str(error)) from None
        key = override.key_or_group
        if override.package is not None and not override.is_hydra_override():
            raise UserError(f"{word}: a group cannot stand at another place: type {key}=...")
        if not override.is_hydra_override() and not is_known(key):
            raise _unknown(word, override)


def _unknown(word: str, override: Override) -> UserError:
    key, value = override.key_or_group, word.partition("=")[2]
    group, near = key.rpartition(".")[0], meant(key)
    beside = [each.removeprefix(f"{group}.") for each in keys() if group and each.startswith(f"{group}.")]
    if beside and (inside := closest(key.rpartition(".")[2], beside)):
        near = [f"{group}.{inside}"]
    hint = f" (did you mean {_all(near, value)}?)" if near else ""
    allowed = beside or ([] if near else [*choices(), *(each for each in keys() if "." not in each)])
    return UserError(f"unknown key {key}{hint}" + (f"; allowed here: {', '.join(allowed)}" if allowed else ""))


def _check_spaces(words: Sequence[str]) -> None:
    """Raises UserError for spaces around `=`, which make two words or three of one."""
    for i, word in enumerate(words):
        before, after = words[i - 1] if i else "", words[i + 1] if i + 1 < len(words) else ""
        if word == "=" or (word.startswith("=") and "=" not in before):
            value = word[1:] or after
            raise UserError(f"{before} {word}: spaces around =: type {_all(meant(before) or [before], value)}")
        if word.endswith("=") and word.count("=") == 1 and after and "=" not in after and not _is_option(after):
            raise UserError(f"{word} {after}: a space after =: type {_all(meant(word[:-1]) or [word[:-1]], after)}")


def _is_option(word: str) -> bool:
    return word.startswith(("-", "~"))


def _unreadable(word: str, why: str) -> UserError:
    """Returns the error for a word that Hydra's grammar does not have."""
    if (several := re.findall(r"(?:^|\s)([\w.+/@]+=\S+)", word)) and len(several) > 1:
        return UserError(f"{word}: settings in one pair of quotes: type {' '.join(map(_shell, several))}")
    if spaced := re.fullmatch(r"\s*([\w.+/@]+)(?:\s+=+\s*|\s*=+\s+|\s*==+\s*|\s*:=?\s*)(\S.*)", word):
        return UserError(f"{word}: type {_all(meant(spaced[1]) or [spaced[1]], spaced[2])}")
    key, equals, value = word.partition("=")
    if equals and re.fullmatch(r"[\w.+/@]+", key):
        return UserError(f"{word}: {_unreadable_value(key, value, ' '.join(why.partition('See https')[0].split()))}")
    return UserError(f"{word}: {_without_equals(word) if not equals else ' '.join(why.split())}")


def _unreadable_value(key: str, value: str, why: str) -> str:
    """Returns what to type instead of a value that Hydra's grammar does not have."""
    if "while evaluating" in why and "Unknown function" not in why:  # one of the grammar's, with wrong arguments
        return re.sub(r"\w+Error while evaluating", "cannot evaluate", why)
    if value.startswith("~/"):
        return f"~ is not read as your home folder here: type {key}=$HOME{value[1:]}"
    if re.search("['\",]", value):
        return f"each text with such characters needs quotes of its own: type \"{key}='a b','c=d'\""
    quoted = f"{key}={QuotedString(value, Quote.single).with_quotes()}"
    return f"a value with such characters needs quotes: type {_shell(quoted)}"


def _without_equals(word: str) -> str:
    """Returns what to type instead of a word that sets nothing."""
    file = Path(word)
    if file.stem in sweep_files() and (file.suffix in (".yaml", ".yml") or word == file.stem):
        return f"a sweep's file is named by --config-name {file.stem}"
    if file.suffix in (".yaml", ".yml") and file.is_file():
        return f"a file is named by --config-dir {_shell(str(file.parent))} --config-name {_shell(file.stem)}"
    if word in COMMANDS:
        return f"this is a command of its own: unrolled {word}"
    if word in ("help", "version"):
        return "type --help"
    for group, names in choices().items():
        if word in names:
            return f"a setting is KEY=VALUE: type {group}={word}"
    near = meant(word)
    return f"a setting is KEY=VALUE: type {_all(near, '')}" if near else "a setting is KEY=VALUE; see --help"


def _all(near: Sequence[str], value: str) -> str:
    return " or ".join(_shell(f"{key}={value or _example(key)}") for key in near)


def _example(key: str) -> str:
    """Returns a value of a key to show how it is given: its default."""
    if key in choices():
        return choices()[key][0]
    value: Any = OmegaConf.select(OmegaConf.create(defaults(Config)), key)
    return str(not value).lower() if isinstance(value, bool) else "..." if value in (None, "", "???") else str(value)


def _shell(word: str) -> str:
    """Returns a word as it is typed in a shell."""
    if shlex.quote(word) == word or re.fullmatch(r"[\w.+/@=,:%^~-]+", word):
        return word
    return shlex.quote(word) if re.search(r'[$`"\\!]', word) else f'"{word}"'


def not_a_choice(group: str, value: str, allowed: Sequence[str]) -> str:
    """Returns the message for a choice that a group does not have, with the one that was meant."""
    message = f"{group}={value}: no such choice"
    near = closest(value, allowed)
    elsewhere = next((other for other, names in choices().items() if value in names), None)
    if value.lower() in GATED:
        message += f": type cell={value.lower()}"
    elif near:
        message += f" (did you mean {near}?)"
    elif value.removesuffix(".yaml") in sweep_files():
        message += f"; a sweep's file is named by --config-name {value.removesuffix('.yaml')}"
    elif elsewhere is not None:
        message += f" (did you mean {elsewhere}={value}?)"
    more = "; docs/contributors.md shows how to add one" if group == "activation" else ""
    return f"{message}; allowed: {', '.join(allowed)}{more}"
