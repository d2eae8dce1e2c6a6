"""docs/reference.md, made from the schema and conf/: `python -m unrolled.config.reference > docs/reference.md`."""

import inspect
import re
import types
from collections.abc import Iterator
from dataclasses import MISSING, Field, fields, is_dataclass
from enum import EnumType
from typing import Any, get_args

from omegaconf import OmegaConf

from unrolled.rnn import ACTIVATIONS

from .files import CONF, choices, options
from .schema import Config
from .validate import in_words

OPENING = """\
# Reference

Every config group, its choices, and every value. Made by `make docs` from the schema (`src/unrolled/config/schema.py`)
and `conf/`: change it there, not here. `group=choice` chooses, `group.key=value` sets, and with `--multirun` commas
make a sweep: `model.hidden=8,64`. What is not allowed is reported in one line before anything runs.

"Sets": the values that a choice has otherwise than its group's default choice; of tasks and experiments, all that they
change. An option that a choice does not have (`task.delay` of `task=sentiment`) is refused.
"""
PACKAGE = "@package _global_"  # of a file that sets more than its own group
KINDS = {int: "whole number", float: "number", bool: "true, false", str: "text", list[str]: "list of texts"}


def reference() -> str:
    """The whole page."""
    chosen = _default_choices()
    sections = [_section(group, names, chosen[group]) for group, names in choices().items()]
    return "\n".join([OPENING, _top(), *sections])


def _default_choices() -> dict[str, str]:
    """The choice of each group where nobody chooses, as conf/train.yaml has it."""
    lines: list[Any] = OmegaConf.to_container(OmegaConf.load(CONF / "train.yaml").defaults)  # type: ignore[assignment]
    return {key: value for line in lines if isinstance(line, dict) for key, value in line.items()}


def _top() -> str:
    """The values that belong to no group."""
    root: dict[str, Any] = OmegaConf.to_container(OmegaConf.load(CONF / "train.yaml"), resolve=False)  # type: ignore[assignment]
    known = [f for f in fields(Config) if not is_dataclass(f.type) and f.name in root]
    rows = (_value_row("", f, root[f.name], _comments(Config)) for f in known)
    return "\n".join(["## At the top", "", *_table("value", "type", "allowed", "default", "what"), *rows, ""])


def _section(group: str, names: list[str], default: str) -> str:
    lines = [f"## `{group}`", ""]
    schema = {f.name: f.type for f in fields(Config)}[group]
    if is_dataclass(schema) and (said := _docstring(schema)):
        lines += [said, ""]
    lines += [*_table("choice", "what", "sets"), *(_choice_row(group, name, default) for name in names), ""]
    if is_dataclass(schema) and (values := _value_rows(group, schema, options(group, default))):
        lines += [*_table("value", "type", "allowed", f"default (`{default}`)", "what"), *values, ""]
    return "\n".join(lines)


def _table(*heads: str) -> list[str]:
    return [f"| {' | '.join(heads)} |", f"|{' --- |' * len(heads)}"]


def _choice_row(group: str, name: str, default: str) -> str:
    sets = ", ".join(f"`{each}`" for each in _sets(group, name, default))
    mark = " (default)" if name == default else ""
    return f"| `{name}`{mark} | {_what(group, name)} | {sets} |"


def _what(group: str, name: str) -> str:
    """The comment that opens the file; of an activation, what the table in rnn/ knows of it."""
    if group == "activation":
        f = ACTIVATIONS[name]
        return f"sup abs f' = {f.gamma:.4g}{', bounded' if f.bounded else ''}"
    lines = _text(group, name).splitlines()
    return " ".join(line[1:].strip() for line in lines if line.startswith("#") and PACKAGE not in line)


def _text(group: str, name: str) -> str:
    return (CONF / group / f"{name}.yaml").read_text(encoding="utf-8")


def _sets(group: str, name: str, default: str) -> Iterator[str]:
    """`model=medium`, `trainer.max_epochs=40`; of an axis all its values."""
    text = _text(group, name)
    values: dict[str, Any] = OmegaConf.to_container(OmegaConf.create(text))  # type: ignore[assignment]
    swept = values.pop("hydra", {}).get("sweeper", {}).get("params", {})
    for line in values.pop("defaults", []):
        yield from (f"{key.removeprefix('override /')}={choice}" for key, choice in line.items())
    usual = {} if PACKAGE in text else {f"{group}.{key}": value for key, value in options(group, default).items()}
    for key, value in _flat(values if PACKAGE in text else {group: values}):
        if key not in (f"{group}.name", "sweep.question") and value != usual.get(key, MISSING):
            yield f"{key}={_shown(value)}"
    yield from (f"{key}={axis}" for key, axis in swept.items())


def _flat(values: dict[str, Any], prefix: str = "") -> Iterator[tuple[str, Any]]:
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield prefix + key, value


def _value_rows(group: str, schema: Any, defaults: dict[str, Any]) -> list[str]:
    said = _comments(schema)
    return [
        _value_row(f"{group}.", f, defaults.get(f.name, MISSING), said)
        for f in fields(schema)
        if f.name != "name"  # that is the choice itself
    ]


def _value_row(prefix: str, f: Field[Any], default: Any, said: dict[str, str]) -> str:
    shown = "" if default is MISSING else f"`{_shown(default)}`"
    return f"| `{prefix}{f.name}` | {_kind(f)} | {_allowed(f)} | {shown} | {said.get(f.name, '')} |"


def _kind(f: Field[Any]) -> str:
    kinds = get_args(f.type) if isinstance(f.type, types.UnionType) else (f.type,)
    words = ["null" if kind is type(None) else "word" if _words(f, kind) else KINDS[kind] for kind in kinds]
    return " or ".join(words)


def _words(f: Field[Any], kind: Any) -> tuple[str, ...]:
    if isinstance(kind, EnumType):
        return tuple(kind.__members__)
    return f.metadata.get("words", ()) if kind is str else ()


def _allowed(f: Field[Any]) -> str:
    kind = get_args(f.type)[0] if isinstance(f.type, types.UnionType) else f.type
    if words := _words(f, kind):
        return ", ".join(words)
    return in_words(**f.metadata["range"]) if "range" in f.metadata else ""


def _shown(value: Any) -> str:
    """As one types it on the command line."""
    plain = {None: "null", True: "true", False: "false", "": '""'}
    return plain[value] if isinstance(value, bool | str | None) and value in plain else str(value)


def _docstring(schema: Any) -> str:
    """Of a dataclass; "" where it has only the signature that Python makes up."""
    return "" if schema.__doc__.startswith(f"{schema.__name__}(") else inspect.getdoc(schema) or ""


def _comments(schema: Any) -> dict[str, str]:
    """The comment at the end of each field's line."""
    return dict(re.findall(r"^    (\w+): [^#\n]*  # (.+)$", inspect.getsource(schema), flags=re.MULTILINE))


if __name__ == "__main__":
    print(reference(), end="")
