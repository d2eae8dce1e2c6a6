"""The order of imports: a package imports only from those before it, also inside functions and for types alone."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import ROOT

SRC = ROOT / "src"
LAYERS = [
    "errors", "digits", "rnn", "gradients", "config", "record", "processes", "tasks", "training", "wandb_runs",
    "inspection", "report", "run", "sweeps", "lecture", "gallery", "bench", "cli",
]  # fmt: skip


def imported(file: Path) -> Iterator[tuple[int, str]]:
    """(line, full name) of each module, or name in a module, of ours that a file imports anywhere in it."""
    package = list(file.relative_to(SRC).parent.parts)
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, each.name) for each in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{base}.{each.name}") for each in node.names)


def wrong(file: Path) -> list[str]:
    """A line for each import from a later layer."""
    layer = file.relative_to(SRC / "unrolled").parts[0].removesuffix(".py")
    found = []
    for line, name in imported(file):
        top, _, rest = name.partition(".")
        other = rest.partition(".")[0]
        if top == "unrolled" and other and LAYERS.index(other) > LAYERS.index(layer):
            allowed = ", ".join(LAYERS[: LAYERS.index(layer) + 1])
            found.append(f"{file.relative_to(ROOT)}:{line} imports {name}; {layer} may import from: {allowed}")
    return found


FILES = sorted(file for file in (SRC / "unrolled").rglob("*.py") if file.parent != SRC / "unrolled")


def test_a_layer_imports_only_from_those_before_it() -> None:
    assert [line for file in FILES for line in wrong(file)] == []


def test_every_package_is_a_layer_and_nothing_else_lies_beside_them() -> None:
    there = {path.stem for path in (SRC / "unrolled").iterdir() if path.name not in ("__init__.py", "__pycache__")}
    assert there == set(LAYERS)


@pytest.mark.parametrize(
    "text",
    [
        "from unrolled.run import lifecycle",
        "import unrolled.run.lifecycle",
        "def f():\n    from unrolled.run.lifecycle import run",
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from ..run.lifecycle import run",
        "from .. import run",
    ],
)
def test_a_wrong_import_is_named(text: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "src" / "unrolled" / "rnn" / "cells.py"
    file.parent.mkdir(parents=True)
    file.write_text(text)
    monkeypatch.setattr("test_layers.ROOT", tmp_path)
    monkeypatch.setattr("test_layers.SRC", tmp_path / "src")
    (line,) = wrong(file)
    assert line.startswith(f"src/unrolled/rnn/cells.py:{text.count(chr(10)) + 1} imports unrolled.run")
    assert line.endswith("; rnn may import from: errors, digits, rnn")
