"""Validates a configuration: each error names the key, its value and what is allowed."""

from collections.abc import Iterable
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import Any

from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from pydantic import TypeAdapter, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from unrolled.errors import UserError

from .aliases import with_todays_keys
from .files import names, options
from .keys import closest, meant
from .meaning import allowed_range, allowed_words, kind, kinds
from .schema import MOST, Config
from .yaml_file import load_record

# Groups whose `name` must be that of one of their files.
NAMED = ("task", "activation", "cell", "embedding", "init", "loss", "optimizer")
REFUSED_BY_WANDB = "/\\#?%:"  # characters, in the name of a project
LONGEST_PROJECT = 128  # letters, by W&B
OPTIONAL = ("task", "cell", "embedding", "loss")  # a choice has only the keys that its file names


def values_of(config: DictConfig) -> dict[str, Any]:
    """Returns a composed configuration as plain values. Raises UserError for a mandatory value that is missing."""
    if missing := sorted(OmegaConf.missing_keys(config)):
        raise UserError(f"{missing[0]} has no value: give one as {missing[0]}=...", missing[0])
    values: Any = OmegaConf.to_container(config, resolve=True)
    return with_todays_keys(values)


def typed(values: dict[str, Any]) -> Config:
    """Returns the typed configuration. Raises UserError for an unknown key, or a value of a wrong type or range."""
    try:
        return TypeAdapter(Config).validate_python(values)
    except ValidationError as error:
        found = error.errors(include_url=False)
        unknown = [each for each in found if each["type"] == "unexpected_keyword_argument"]
        raise _wrong((unknown or found)[0]) from None


def from_record(values: dict[str, Any]) -> Config:
    """Returns the typed configuration of an earlier run. Keys that its version did not have get their defaults.

    values: as `plain` returns them.
    Raises UserError for an unknown key, or a value of a wrong type or range.
    """
    filled = with_todays_keys(values)
    for group in OPTIONAL:
        if isinstance(node := values.get(group), dict):
            has = _options(group, node.get("name", ""))
            filled[group] = node | {key: value for key, value in has.items() if node.get(key) is None}
    return typed(filled)


def read_config(file: Path) -> Config:
    """Returns the typed configuration in the YAML file of an earlier run. Raises UserError as `from_record` does."""
    try:
        values: Any = OmegaConf.to_container(load_record(file), resolve=True)
        return from_record(values)
    except OmegaConfBaseException as error:
        raise UserError(f"{file}: {error.full_key}: {str(error.msg or error).splitlines()[0]}") from None
    except UserError as error:
        raise error if str(file) in str(error) else UserError(f"{file}: {error}") from None


def defaults(schema: Any, group: str = "", name: str = "") -> dict[str, Any]:
    """Returns the default of each key that has one, as plain values: the choice's, else the schema's.

    schema: dataclass of a group, or `Config`.
    group, name: the group and its choice; "": the schema's defaults alone.
    """
    found: dict[str, Any] = {}
    for key, field in schema.__pydantic_fields__.items():
        if not field.is_required():
            value: Any = field.get_default(call_default_factory=True, validated_data={})
            found[key] = asdict(value) if is_dataclass(field.annotation) else value
    return found | _options(group, name)


def _options(group: str, name: str) -> dict[str, Any]:
    return options(group, name) if group in OPTIONAL and name in names(group) else {}


def _wrong(error: ErrorDetails) -> UserError:
    """Returns a one-line UserError for an error of pydantic; allowed types, ranges and words come from the schema."""
    *above, last = loc = [part for part in error["loc"] if isinstance(part, str)]
    key, value = ".".join(loc), error["input"]
    schema: Any = Config
    for part in above:
        schema = schema.__pydantic_fields__[part].annotation
    known: dict[str, FieldInfo] = schema.__pydantic_fields__
    if error["type"] == "unexpected_keyword_argument":
        return UserError(unknown_key(key, known), key)
    if error["type"] == "missing":
        return UserError(f"{key} has no value: give one as {key}=...", key)
    return UserError(_in_words(key, value, known[last], error["type"]), key)


def _in_words(key: str, value: Any, field: FieldInfo, error: str) -> str:
    plain: dict[Any, str] = {None: "null", True: "true", False: "false"}
    shown = f"{key}={plain[value] if isinstance(value, bool | None) else value}"
    if is_dataclass(field.annotation):
        return f"{shown}: this is a group: set its values, such as {key}.{fields(field.annotation)[0].name}"
    if value is None:
        return f"{shown}: this key needs a value"
    if value == "" and str not in kinds(field) and not allowed_words(field):
        usual = None if field.is_required() else field.default
        example = f", such as {key}={str(usual).lower()}" if usual is not None else ""
        return f"{shown} is empty: it must be {kind(field)}{example}"
    if error == "string_pattern_mismatch":
        return f"{key} is empty: give {field.description}"
    finite = "finite" if error == "finite_number" else ""
    finite = f"at most {MOST:,}" if error in ("too_many", "int_parsing_size") else finite
    if finite or error in ("greater_than", "greater_than_equal", "less_than_equal"):
        return f"{shown} is out of range: must be {' and '.join(filter(None, [finite, allowed_range(field)]))}"
    words = allowed_words(field)
    return f"{shown}: allowed: {', '.join(words)}" if words else f"{shown}: must be {kind(field)}"


def unknown_key(key: str, known: Iterable[str]) -> str:
    """Returns the message for an unknown key, with the closest known one.

    key: with its group (`model.hiden`).
    known: the allowed keys, without their group.
    """
    known = list(known)
    near = hint(key.rpartition(".")[2], known) or (
        f" (did you mean {' or '.join(found)}?)" if (found := meant(key)) else ""
    )
    return f"unknown key {key}{near}; allowed here: {', '.join(known)}"


def hint(word: str, known: Iterable[str]) -> str:
    """Returns " (did you mean ...?)" with the closest known word; "" if none is close."""
    near = closest(word, known)
    return f" (did you mean {near}?)" if near else ""


def check_options(config: Config) -> None:
    """Raises UserError for a `name` that no file of its group has, or a key that the named choice does not have."""
    for group in NAMED:
        name, allowed = getattr(config, group).name, names(group)
        if name not in allowed:
            raise UserError(f"{group}.name={name}: allowed: {', '.join(allowed)}", f"{group}.name")
    for group in OPTIONAL:
        _check_group(group, getattr(config, group))
    _check_project(config.tracker.project)


def _check_project(name: str) -> None:
    """Raises UserError for a name that W&B refuses for a project, which it would do once data and model are loaded."""
    if wrong := sorted(set(REFUSED_BY_WANDB) & set(name)):
        raise UserError(
            f"tracker.project={name}: W&B refuses {' '.join(wrong)} in a project's name; give one without any of "
            f"{' '.join(REFUSED_BY_WANDB)}",
            "tracker.project",
        )
    if len(name) > LONGEST_PROJECT:
        raise UserError(
            f"tracker.project={name}: {len(name)} letters; W&B takes at most {LONGEST_PROJECT}", "tracker.project"
        )


def _check_group(group: str, node: Any) -> None:
    """Raises UserError for a key that the choice's file does not name and that is not null, or one that it needs."""
    has, choice = options(group, node.name), f"{group}={node.name}"
    for name, value in asdict(node).items():
        key = f"{group}.{name}"
        if value not in (None, {}) and name not in has:
            allowed = ", ".join(each for each in has if each != "name") or "none"
            raise UserError(f"{key}={value}: {choice} has no such value; it has: {allowed}", key)
        if value is None and has.get(name) is not None:
            raise UserError(f"{key} has no value: {choice} needs one", key)
