"""Generates docs/reference.md from the schema and conf/: `python -m unrolled.config.reference > docs/reference.md`."""

import inspect
from collections.abc import Iterator
from dataclasses import is_dataclass
from typing import Any, Literal, get_args, get_origin

from omegaconf import OmegaConf
from pydantic.fields import FieldInfo

from unrolled.rnn import ACTIVATIONS

from .files import CONF, choices, options
from .meaning import allowed_range, allowed_words, kinds
from .schema import Config
from .validate import OPTIONAL, defaults

OPENING = """\
# Reference

Every config group, its choices, and every value. Made by `make docs` from the schema (`src/unrolled/config/schema.py`)
and `conf/`: change it there, not here. `group=choice` chooses, `group.key=value` sets, and with `--multirun` commas
make a sweep: `model.hidden=8,64`. What is not allowed is reported in one line before anything runs.

"Sets": the values that a choice has otherwise than its group's default choice; of tasks and experiments, all that they
change. An option that a choice does not have (`task.delay` of `task=sentiment`) is refused.
"""
MISSING = object()
PACKAGE = "@package _global_"  # marks a file that sets keys outside its own group
KINDS = {int: "whole number", float: "number", bool: "true, false", list[str]: "list of texts"}
KINDS[dict[str, Any]] = "names with values"
FIELDS: dict[str, FieldInfo] = Config.__pydantic_fields__  # type: ignore[attr-defined]


def reference() -> str:
    """Returns the text of docs/reference.md."""
    chosen = _default_choices()
    sections = [_section(group, names, chosen[group]) for group, names in choices().items()]
    return "\n".join([OPENING, _top(), *sections])


def _default_choices() -> dict[str, str]:
    """Returns the default choice of each group, from conf/train.yaml."""
    lines: list[Any] = OmegaConf.to_container(OmegaConf.load(CONF / "train.yaml").defaults)  # type: ignore[assignment]
    return {key: value for line in lines if isinstance(line, dict) for key, value in line.items()}


def _top() -> str:
    """Returns the section of the keys outside all groups."""
    known = {key: field for key, field in FIELDS.items() if not is_dataclass(field.annotation) and key != "experiment"}
    rows = (_value_row(key, field, field.default) for key, field in known.items())
    return "\n".join(["## At the top", "", *_table("value", "type", "allowed", "default", "what"), *rows, ""])


def _section(group: str, names: list[str], default: str) -> str:
    lines = [f"## `{group}`", ""]
    schema = FIELDS[group].annotation
    if is_dataclass(schema) and (text := inspect.getdoc(schema)):
        lines += [text, ""]
    lines += [*_table("choice", "what", "sets"), *(_choice_row(group, name, default) for name in names), ""]
    if is_dataclass(schema) and (values := _value_rows(group, schema, _usual(group, default))):
        lines += [*_table("value", "type", "allowed", f"default (`{default}`)", "what"), *values, ""]
    return "\n".join(lines)


def _usual(group: str, choice: str) -> dict[str, Any]:
    """Returns the default values of a choice of a group."""
    return (defaults(FIELDS[group].annotation) if group not in OPTIONAL else {}) | options(group, choice)


def _table(*heads: str) -> list[str]:
    return [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]


def _choice_row(group: str, name: str, default: str) -> str:
    sets = ", ".join(f"`{each}`" for each in _sets(group, name, default))
    mark = " (default)" if name == default else ""
    return f"| `{name}`{mark} | {_what(group, name)} | {sets} |"


def _what(group: str, name: str) -> str:
    """Returns the description of a choice: the comment of its file; for an activation the bound of its derivative."""
    if group == "activation":
        f = ACTIVATIONS[name]
        return f"sup abs f' = {f.gamma:.4g}{', bounded' if f.bounded else ''}"
    lines = _text(group, name).splitlines()
    return " ".join(line[1:].strip() for line in lines if line.startswith("#") and PACKAGE not in line)


def _text(group: str, name: str) -> str:
    return (CONF / group / f"{name}.yaml").read_text(encoding="utf-8")


def _sets(group: str, name: str, default: str) -> Iterator[str]:
    """Yields what a choice sets, as overrides: `model=medium`, `trainer.max_epochs=40`; an axis with all its values."""
    text = _text(group, name)
    values: dict[str, Any] = OmegaConf.to_container(OmegaConf.create(text))  # type: ignore[assignment]
    swept = values.pop("hydra", {}).get("sweeper", {}).get("params", {})
    for line in values.pop("defaults", []):
        yield from (f"{key.removeprefix('override /')}={choice}" for key, choice in line.items())
    usual = {} if PACKAGE in text else {f"{group}.{key}": v for key, v in _usual(group, default).items()}
    for key, value in _flat(values if PACKAGE in text else {group: values}):
        if key not in (f"{group}.name", "sweep.question", "sweep.answer") and value != usual.get(key, MISSING):
            yield f"{key}={_shown(value)}"
    yield from (f"{key}={axis}" for key, axis in swept.items())


def _flat(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _value_rows(group: str, schema: Any, usual: dict[str, Any]) -> list[str]:
    known: dict[str, FieldInfo] = schema.__pydantic_fields__
    return [
        _value_row(f"{group}.{key}", field, usual.get(key, MISSING))
        for key, field in known.items()
        if key != "name"  # a choice sets it, no user
    ]


def _value_row(key: str, field: FieldInfo, default: Any) -> str:
    shown = "" if default is MISSING else f"`{_shown(default)}`"
    allowed = ", ".join(allowed_words(field)) or allowed_range(field)
    return f"| `{key}` | {_kind(field)} | {allowed} | {shown} | {field.description or ''} |"


def _kind(field: FieldInfo) -> str:
    kinds_ = [type(get_args(kind)[0]) if get_origin(kind) is Literal else kind for kind in kinds(field)]
    words = {type(None): "null", str: "word" if allowed_words(field) else "text"}
    return " or ".join(words.get(kind) or KINDS[kind] for kind in kinds_)


def _shown(value: Any) -> str:
    """Returns the spelling of a value on the command line."""
    plain = {None: "null", True: "true", False: "false", "": '""'}
    return plain[value] if isinstance(value, bool | str | None) and value in plain else str(value)


if __name__ == "__main__":
    print(reference(), end="")
