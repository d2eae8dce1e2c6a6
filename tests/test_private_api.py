"""Private API of Hydra and of W&B: in one file each, whose names are all there in the installed versions."""

import ast
import importlib
import inspect
import warnings
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

import pytest
from hydra.core.utils import JobReturn

import unrolled.wandb_runs.library  # noqa: F401 - its import silences the warnings of W&B's own
from test_layers import SRC

HYDRA = SRC / "unrolled" / "config" / "hydra_private.py"
WANDB = SRC / "unrolled" / "wandb_runs" / "wandb_private.py"
PACKAGES = {"hydra": "hydra-core", "omegaconf": "omegaconf", "wandb": "wandb", "wandb_workspaces": "wandb-workspaces"}
UNDOCUMENTED = ("wandb.sdk", "wandb.proto", "wandb.apis", "wandb.util", "wandb_workspaces.workspaces.internal")
NOT_THEIRS = {"_exit", "_replace", "_catalog"}  # of os, of named tuples, of gettext
FILES = [file for file in sorted(SRC.rglob("*.py")) if file not in (HYDRA, WANDB)]


def _private(module: str) -> bool:
    parts = module.split(".")
    hidden = any(part.startswith("_") for part in parts) or any(f"{module}.".startswith(f"{u}.") for u in UNDOCUMENTED)
    return parts[0] in PACKAGES and hidden


def _imported(tree: ast.AST) -> Iterator[tuple[int, str, str | None, str]]:
    """Yields (line, module, name in it or None, name here) of each absolute import."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, each.name, None, each.asname or each.name) for each in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield from ((node.lineno, node.module, each.name, each.asname or each.name) for each in node.names)


def uses(file: Path) -> list[str]:
    """Returns a line for each import of a private module or name, and each private attribute of another object."""
    tree = ast.parse(file.read_text(encoding="utf-8"))
    found = [
        f"{file.name}:{line} imports {module}{f'.{name}' if name else ''}"
        for line, module, name, _ in _imported(tree)
        if _private(module) or _private(f"{module}.{name}")
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and node.attr.startswith("_") and not node.attr.startswith("__"):
            owner = ast.unparse(node.value)
            if owner not in ("self", "cls", "super()") and node.attr not in NOT_THEIRS:
                found.append(f"{file.name}:{node.lineno} touches {owner}.{node.attr}")
    return found


def missing(file: Path) -> list[str]:
    """Returns a line for each name that a file takes from a library, and each attribute of it, that is not there.

    An attribute is looked up where its object is an imported name, or an argument annotated with one.
    """
    tree = ast.parse(file.read_text(encoding="utf-8"))
    names: dict[str, Any] = {}
    found = []
    for _, module, name, here in _imported(tree):
        if (package := module.partition(".")[0]) not in PACKAGES:
            continue
        installed = f"{PACKAGES[package]} {version(PACKAGES[package])} has no {module}"
        try:
            names[here] = _module(module) if name is None else getattr(_module(module), name)
        except ImportError:
            found.append(installed)
        except AttributeError:
            found.append(f"{installed}.{name}")
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            arguments = {each.arg: each.annotation for each in node.args.args}
            known = names | {key: names[said] for key, of in arguments.items() if (said := _name(of)) in names}
            found += [line for each in ast.walk(node) if (line := _lacks(each, known)) is not None]
    return found


def _module(name: str) -> Any:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # raised by W&B's use of pydantic
        return importlib.import_module(name)


def _name(annotation: ast.expr | None) -> str:
    return ast.unparse(annotation).strip("'") if annotation is not None else ""


def _lacks(node: ast.AST, known: dict[str, Any]) -> str | None:
    if not isinstance(node, ast.Attribute):
        return None
    owner = known.get(ast.unparse(node.value))
    if owner is None or inspect.ismodule(owner) or hasattr(owner, node.attr):
        return None
    if any(node.attr in vars(each).get("__annotations__", {}) for each in owner.__mro__):
        return None
    package = PACKAGES[owner.__module__.partition(".")[0]]
    return f"{package} {version(package)} has no {owner.__module__}.{owner.__name__}.{node.attr}"


def test_no_other_file_uses_private_api() -> None:
    assert [line for file in FILES for line in uses(file)] == []


@pytest.mark.parametrize("file", [HYDRA, WANDB], ids=lambda file: file.stem)
def test_every_private_name_is_there(file: Path) -> None:
    assert uses(file)
    assert missing(file) == []


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("from hydra._internal.hydra import Hydra", "imports hydra._internal.hydra.Hydra"),
        ("from hydra import _internal", "imports hydra._internal"),
        ("def f():\n    import wandb.sdk.lib", "imports wandb.sdk.lib"),
        ("from wandb import sdk", "imports wandb.sdk"),
        ("sweeper._parse_config()", "touches sweeper._parse_config"),
        ("f(x).run._settings = 1", "touches f(x).run._settings"),
        ("import hydra\nfrom hydra.core.utils import JobReturn\nself._x = wandb.Settings()", None),
    ],
)
def test_a_use_elsewhere_is_named(text: str, found: str | None, tmp_path: Path) -> None:
    file = tmp_path / "here.py"
    file.write_text(text)
    assert [line.partition(" ")[2] for line in uses(file)] == ([found] if found else [])


@pytest.mark.parametrize(
    ("file", "name"),
    [
        (HYDRA, "hydra._internal.utils.get_args_parser"),
        (HYDRA, "hydra._internal.hydra.Hydra.create_main_hydra2"),
        (HYDRA, "hydra.core.utils.JobReturn._return_value"),
        (WANDB, "wandb.sdk.lib.runid.generate_id"),
        (WANDB, "wandb_workspaces.workspaces.internal.get_view_dict"),
        (WANDB, "wandb_workspaces.workspaces.interface.Workspace._to_model"),
    ],
)
def test_a_name_that_is_gone_is_named_with_its_library(file: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(name)
    if name.endswith("_return_value"):
        monkeypatch.delitem(JobReturn.__annotations__, "_return_value")
    package = PACKAGES[name.partition(".")[0]]
    assert missing(file) == [f"{package} {version(package)} has no {name}"]
