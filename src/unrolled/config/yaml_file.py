"""Reads YAML files as nodes, which know their places: each error names file, line and column."""

from pathlib import Path

import yaml
from omegaconf import DictConfig, OmegaConf
from omegaconf.errors import OmegaConfBaseException
from yaml import MappingNode, Node, SequenceNode

from unrolled.errors import UserError


def parsed(file: Path) -> Node | None:
    """Returns the nodes of a YAML file; None: it is empty. Raises UserError, with line and column, if it is broken."""
    try:
        content = file.read_bytes()
    except OSError as error:
        raise UserError(f"{shown(file)} cannot be read: {error.strerror}") from None
    if content.startswith((b"\xff\xfe", b"\xfe\xff")):
        raise UserError(f"{shown(file)}: its text is UTF-16: write it as UTF-8")
    try:
        return yaml.compose(content.decode("utf-8-sig"), Loader=yaml.SafeLoader)
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        column = error.start - content.rfind(b"\n", 0, error.start)
        wrong = f"byte 0x{content[error.start]:02x} is not UTF-8: write the file as UTF-8"
        raise UserError(f"{shown(file)}, line {line}, column {column}: {wrong}") from None
    except yaml.YAMLError as error:
        raise UserError(in_words(error, file)) from None


def load_record(file: Path) -> DictConfig:
    """Returns the content of a YAML file that a run or a sweep has left. Raises UserError if it is none."""
    root = parsed(file)
    if not isinstance(root, MappingNode):
        raise UserError(f"{shown(file)} is no record of Hydra: {'it is empty' if root is None else kind_of(root)}")
    try:
        found = OmegaConf.load(file)
    except (yaml.YAMLError, OmegaConfBaseException, ValueError) as error:
        raise UserError(f"{shown(file)} is no record of Hydra: {' '.join(str(error).split())}") from None
    assert isinstance(found, DictConfig)
    return found


def in_words(error: yaml.YAMLError, file: Path | None = None) -> str:
    """Returns an error of the YAML parser in one line: file, line, column and what is wrong.

    file: None: the error knows.
    """
    if isinstance(error, yaml.reader.ReaderError):
        place, _, _ = str(error).partition("\n")
        return f"{shown(file or Path(str(error.name)))}: {place}"
    if not isinstance(error, yaml.MarkedYAMLError):
        return " ".join(str(error).split())
    mark = error.problem_mark or error.context_mark
    begun = error.context_mark
    words = [(error.problem or "cannot be read").removeprefix("but ")]
    if "'\\t'" in words[0]:
        words = ["a tab, where YAML takes spaces only"]
    elif error.context and begun is not None:
        words.append(f"{error.context} that begins in line {begun.line + 1}, column {begun.column + 1}")
    if mark is None:
        return ", ".join(words)
    name = shown(file or Path(mark.name))
    return f"{name}, line {mark.line + 1}, column {mark.column + 1}: {', '.join(words)}"


def shown(file: Path) -> str:
    """Returns the path as a user reads it: relative if it is below the current folder."""
    return str(file.relative_to(Path.cwd())) if file.is_relative_to(Path.cwd()) else str(file)


def at(file: Path, node: Node, words: str) -> UserError:
    """Returns the error for a node, with file, line and column."""
    mark = node.start_mark
    return UserError(f"{shown(file)}, line {mark.line + 1}, column {mark.column + 1}: {words}")


def kind_of(node: Node) -> str:
    """Returns what a node is, in words."""
    return {MappingNode: "a mapping", SequenceNode: "a list"}.get(type(node), "a text")
