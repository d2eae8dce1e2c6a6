"""No number is printed as "-0.000": which sign a rounded 0 has depends on the processor, and tells nothing."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from conftest import ROOT
from unrolled.record.words import number

NOTEBOOK = ROOT / "docs" / "lecture.ipynb"
FIXED = re.compile(r"[<>^]?[+-]?(z?)\d*,?\.\d+f")  # a fixed number of decimals; "z" makes -0 a 0 after rounding
SOURCES = [*sorted((ROOT / "src").rglob("*.py")), NOTEBOOK]


def code_of(file: Path) -> str:
    if file.suffix == ".py":
        return file.read_text(encoding="utf-8")
    cells = json.loads(file.read_text(encoding="utf-8"))["cells"]
    return "\n".join("".join(cell["source"]) for cell in cells if cell["cell_type"] == "code")


def formats(code: str) -> Iterator[str]:
    """Those in f-strings, and those that are passed on."""
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and FIXED.fullmatch(node.value):
            yield node.value


def test_every_format_with_decimals_has_no_negative_zero() -> None:
    wrong = {}
    for file in SOURCES:
        code = code_of(file)
        wrong[str(file)] = [form for form in formats(code) if "z" not in form]
        wrong[str(file)] += re.findall(r"""%[+]?\d*\.\df["' ]|\{\d*:[^}]*\.\df\}["'][.]format""", code)
    assert {name: forms for name, forms in wrong.items() if forms} == {}


@pytest.mark.parametrize("value", [-0.0, -1e-9, -0.0004])
def test_a_number_that_rounds_to_zero_has_no_minus(value: float) -> None:
    assert number(value, "+z.3f") == "+0.000"
    assert number(value, "z.3f") == "0.000"


def test_other_numbers_keep_their_sign() -> None:
    assert [number(value, "+z.3f") for value in (-0.0006, 0.0006, -2e6, None)] == ["-0.001", "+0.001", "-2.00e+06", "-"]
