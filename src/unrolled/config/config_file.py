"""Validates the text of a user's configuration file before Hydra reads it: each error names file, line and column.

Hydra's own messages do not say where, and YAML 1.1 reads some words and numbers as something else than is written.
"""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import yaml
from yaml import MappingNode, Node, ScalarNode, SequenceNode

from unrolled.errors import UserError

from .files import CONF, choices
from .yaml_file import at, kind_of, parsed, shown

_TAG = "tag:yaml.org,2002:"
_PLAIN = {
    f"{_TAG}{name}" for name in ("str", "int", "float", "bool", "null", "map", "seq", "timestamp", "merge", "value")
}
_SURPRISING = re.compile(r"[+-]?(0[0-9_]+|[0-9][0-9_]*(:[0-9_.]+)+)")  # octal; base 60
_EXPONENT = re.compile(r"[+-]?[0-9][0-9_]*[eE][+-]?[0-9]+")  # a number for OmegaConf, a text for YAML 1.1
_PACKAGE = re.compile(r"#\s*@package\s+(\S+)")
_WORDS = {"bool": "true or false", "null": "null", "int": "a number", "float": "a number"}
HEAD = "begin it with 'defaults: [train, _self_]'"


def check_config_file(file: Path, *, whole: bool) -> None:
    """Raises UserError for a file that is no configuration.

    whole: whether it is the file of --config-name, which needs a `defaults` list; the file of a choice does not.
    """
    root = parsed(file)
    if root is None and not whole:
        return
    if root is None:
        raise UserError(f"{shown(file)} is empty: {HEAD}")
    if not isinstance(root, MappingNode):
        raise at(file, root, f"{kind_of(root)} stands at the top: keys with values are wanted")
    for node in _nodes(root):
        _check_node(file, node)
    top = {key.value: value for key, value in root.value}
    if "defaults" in top:
        _check_defaults(file, top["defaults"])
    elif whole:
        raise UserError(f"{shown(file)} has no defaults list, so that nothing has a value: {HEAD}")
    for name, value in top.items():
        if (name == "hydra" and not isinstance(value, MappingNode)) or (name in choices() and _is_list(value)):
            raise at(file, value, f"{name} is a group: set its values, one a line below it")
    _check_package(file, whole)
    _check_axes(file, top.get("hydra"))


def _check_package(file: Path, whole: bool) -> None:
    """Raises UserError for a file whose values Hydra would place below another key than the file names."""
    found = _PACKAGE.match(file.read_text(encoding="utf-8-sig"))
    package = found.group(1) if found else None
    if whole and package not in (None, "_global_"):
        raise UserError(f"{shown(file)}, line 1: its values would go below {package}: write # @package _global_")
    if not whole and package is None and file.parent.name == "experiment":
        raise UserError(f"{shown(file)} needs the first line # @package _global_: its values would go below experiment")


def _is_list(node: Node) -> bool:
    return isinstance(node, SequenceNode)


def _nodes(root: Node) -> Iterator[Node]:
    """Yields each node below a node, and itself; raises nothing for one that stands in several places."""
    todo, met = [root], set()
    while todo:
        node = todo.pop()
        if id(node) in met:
            continue
        met.add(id(node))
        yield node
        if isinstance(node, MappingNode):
            todo += [each for pair in reversed(node.value) for each in reversed(pair)]
        elif isinstance(node, SequenceNode):
            todo += reversed(node.value)


def _check_node(file: Path, node: Node) -> None:
    """Raises UserError for a tag that makes objects, a repeated key or one that is no text, and a surprising number."""
    if node.tag not in _PLAIN:
        raise at(file, node, f"{node.tag.replace(_TAG, '!!')}: tags are not allowed; write the value itself")
    if isinstance(node, MappingNode):
        before: dict[str, Node] = {}
        for key, _ in node.value:
            if not isinstance(key, ScalarNode) or key.tag not in (f"{_TAG}str", f"{_TAG}merge"):
                raise at(file, key, f"the key {_read_as(key)}: write it in quotes, or another")
            if key.value in before and key.tag != f"{_TAG}merge":
                first = before[key.value].start_mark.line + 1
                raise at(file, key, f"the key {key.value} stands here again, after line {first}")
            before[key.value] = key
    elif isinstance(node, ScalarNode) and node.tag in (f"{_TAG}int", f"{_TAG}float") and node.style is None:
        if _SURPRISING.fullmatch(node.value):
            raise at(file, node, f"YAML reads {node.value} as {_number(file, node)}: write that, or put it in quotes")
        _number(file, node)


def _number(file: Path, node: ScalarNode) -> object:
    try:
        return yaml.SafeLoader("").construct_object(node)
    except ValueError:
        raise at(file, node, f"{node.value} is no number") from None


def _read_as(node: Node) -> str:
    """Returns a value with what YAML takes it for."""
    words = _WORDS.get(node.tag.removeprefix(_TAG))
    if node.tag == f"{_TAG}str" and isinstance(node, ScalarNode) and _EXPONENT.fullmatch(node.value):
        words = "a number"
    text = node.value if isinstance(node, ScalarNode) else kind_of(node)
    return f"{text} is read as {words}" if words and text not in ("", "null", "true", "false") else text or "null"


def _check_defaults(file: Path, defaults: Node) -> None:
    """Raises UserError for a defaults list that is none, and for a choice that YAML does not read as a name."""
    if not isinstance(defaults, SequenceNode):
        raise at(file, defaults, f"defaults is {kind_of(defaults)}; a list is wanted, such as [train, _self_]")
    before: dict[str, int] = {}
    for entry in defaults.value:
        name = _entry_name(entry)
        if name in before:
            raise at(file, entry, f"{name} stands here again, after line {before[name]}")
        before[name] = entry.start_mark.line + 1
        if isinstance(entry, ScalarNode):
            _check_name(file, entry, entry)
        elif isinstance(entry, MappingNode):
            if len(entry.value) != 1:
                raise at(file, entry, f"{len(entry.value)} keys in one entry of defaults: give each its own line and -")
            ((key, choice),) = entry.value
            named = choice.value if isinstance(choice, SequenceNode) else [choice]
            for each in named:
                _check_name(file, each, key)
        else:
            raise at(file, entry, f"{kind_of(entry)} in defaults: an entry is a name, or group: name")


def _entry_name(entry: Node) -> str:
    """Returns what an entry of a defaults list sets: its group, or the name of a file."""
    key = entry.value[0][0] if isinstance(entry, MappingNode) and entry.value else entry
    return re.sub(r"^((override|optional) )*/?", "", str(key.value))


def place_in_defaults(file: Path, message: str) -> str:
    """Returns where a file's defaults list has what a message of Hydra's is about, for the end of that message."""
    root = parsed(file)
    defaults = _below(root, "defaults")
    for entry in reversed(defaults.value if isinstance(defaults, SequenceNode) else []):
        name = _entry_name(entry)
        if name != "_self_" and re.search(rf"(?<![\w/]){re.escape(name)}(?!\w)", message):
            mark = entry.start_mark
            return f" (in {shown(file)}, line {mark.line + 1}, column {mark.column + 1})"
    return f" (in {shown(file)})"


def _check_name(file: Path, node: Node, key: Node) -> None:
    """Raises UserError unless a node is a name. key: of its group, or the node itself."""
    if not isinstance(node, ScalarNode):
        raise at(file, node, f"{kind_of(node)}: an entry of defaults is a name, or group: name")
    group = re.sub(r"^(override |optional )*/?", "", key.value).partition("@")[0]
    folders = (CONF, file.parent, file.parent.parent)
    known = group in choices() or group.startswith("hydra/") or any((folder / group).is_dir() for folder in folders)
    if node is not key and not known:
        raise at(file, key, f"{group}: no such group; allowed: {', '.join(choices())}")
    number = node.style is None and _EXPONENT.fullmatch(node.value)
    left_out = node.tag == f"{_TAG}null" and group not in choices() and node is not key
    if left_out or (node.tag == f"{_TAG}str" and not number):
        return
    allowed = f"; allowed: {', '.join(choices()[group])}" if group in choices() else ""
    quoted = f": write '{node.value}' in quotes" if node.value not in ("", "~", "null") else ""
    before = f"{key.value}: " if node is not key else ""
    raise at(file, node, f"{before}{_read_as(node)}, which is no name{quoted}{allowed}")


def _check_axes(file: Path, hydra: Node | None) -> None:
    """Raises UserError for an axis of a sweep's file whose values are not written as on a command line."""
    params = _below(_below(hydra, "sweeper"), "params")
    if params is None or (isinstance(params, ScalarNode) and not params.value):
        return
    if not isinstance(params, MappingNode):
        raise at(file, params, f"params is {kind_of(params)}: it needs a line for each axis, such as init.gain: 1,2")
    for key, value in params.value:
        if isinstance(value, MappingNode):
            inner = f"{key.value}.{value.value[0][0].value}" if value.value else f"{key.value}.KEY"
            raise at(file, value, f"an axis has its whole key in one line, such as {inner}: 1,2")
        if isinstance(value, SequenceNode) and key.value not in choices():  # `refuse_lists` names a list for a group
            values = ",".join(str(each.value) for each in value.value)
            raise at(file, value, f"the values of an axis are a text: write {key.value}: {values}")
        if isinstance(value, ScalarNode) and (not value.value.strip() or value.tag == f"{_TAG}null"):
            raise at(file, value, f"the axis {key.value} has no values: write {key.value}: 1,2")
        if value.tag == f"{_TAG}bool" and key.value in choices():
            _check_name(file, value, key)


def _below(node: Node | None, name: str) -> Node | None:
    pairs: Sequence[tuple[Node, Node]] = node.value if isinstance(node, MappingNode) else []
    return next((value for key, value in pairs if key.value == name), None)
