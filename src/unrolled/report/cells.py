"""Every cell as the page's table and grids need it: all values, a shown line, and the command that makes it again."""

import re
import shlex
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Quote, QuotedString
from omegaconf import OmegaConf

from unrolled.config.axes import read_axes
from unrolled.config.files import SWEEP_RECORD
from unrolled.record.plan import RESUME
from unrolled.record.results import Cell, Swept, columns, row
from unrolled.record.tables import cell as as_written

from .figures import DIVERGING
from .table import NUMBERS, Entry, header, rows

WORD = re.compile(r"[A-Za-z_][\w./-]*", re.ASCII)
NO_WORDS = ("null", "true", "false", "nan", "inf")
HORIZON, LONGEST = "horizon", "longest_lag"  # a run without a horizon is censored at its longest lag
SHOWN = {"slope at birth, nats per lag": "births_slope_mean"}  # in the page's grids, by label
for _each in NUMBERS:
    SHOWN |= {f"{_each.label} at step 0, {_each.unit}": f"{_each.key}_start"} if _each.start else {}
    SHOWN |= {f"{_each.label} now, {_each.unit}": _each.key}


def cells_data(swept: Swept) -> dict[str, Any]:
    """What cells.js draws table and grids from. Values are texts, to the letter as results.csv has them."""
    keys = columns(swept)
    scores = dict.fromkeys(score for cell in swept.cells if (score := cell.record.score) is not None)
    quantities = SHOWN | {f"score: {name}": name for name in scores}
    return {
        "sweep": swept.name,
        "axes": {key: list(dict.fromkeys(map(_text, values))) for key, values in swept.axes.items()},
        "header": header(swept),
        "columns": keys,
        "quantities": {
            label: key
            for label, key in quantities.items()
            if any(row(cell).get(key) is not None for cell in swept.cells)
        },
        "censored": {HORIZON: LONGEST},
        "diverging": DIVERGING,
        "cells": [_one(swept, cell, shown, keys) for cell, shown in zip(swept.cells, rows(swept), strict=True)],
    }


def _one(swept: Swept, cell: Cell, shown: list[Entry], keys: list[str]) -> dict[str, Any]:
    values = row(cell)
    return {
        "number": int(cell.folder.name),
        "shown": [entry.text for entry in shown],
        "order": [entry.order for entry in shown],
        "values": [_text(values.get(key)) for key in keys],
        "commands": [command(swept, cell), shlex.join(["unrolled", "report", str(cell.folder)])],
        "about": [text for text in (cell.record.error, cell.record.end.explanation) if text],
    }


def _text(value: Any) -> str:
    return str(as_written(value))


def command(swept: Swept, cell: Cell) -> str:
    """The command line of one run with this cell's configuration."""
    file = [*_config_file(swept.folder / SWEEP_RECORD), "hydra.mode=RUN"]
    return shlex.join(["python", "src/train.py", *file, *_overrides(swept, cell)])


def _overrides(swept: Swept, cell: Cell) -> list[str]:
    """As Hydra has recorded them; of a cell that never began, those it would have had."""
    record = cell.folder / ".hydra" / "overrides.yaml"
    if record.is_file():
        return [word for word in map(str, OmegaConf.load(record)) if word != RESUME]
    typed = OmegaConf.select(OmegaConf.load(swept.folder / SWEEP_RECORD), "hydra.overrides.task") or []
    _, constants = read_axes(OverridesParser.create().parse_overrides(list(map(str, typed))))
    kept = [word for word in constants if word.partition("=")[0] not in cell.axes]
    return [*kept, *(f"{key}={_typed(value)}" for key, value in cell.axes.items())]


def _typed(value: Any) -> str:
    """As Hydra reads it from a command line."""
    if value is None:
        return "null"
    if not isinstance(value, str) or (WORD.fullmatch(value) and value.lower() not in NO_WORDS):
        return str(value)
    return QuotedString(value, Quote.single).with_quotes()


def sweep_command(swept: Swept) -> str:
    """The command line that ran the sweep; its folder is named anew."""
    record: Any = OmegaConf.load(swept.folder / SWEEP_RECORD)
    overrides = OmegaConf.select(record, "hydra.overrides.task") or []
    asked = "hydra.mode=MULTIRUN" in (OmegaConf.select(record, "hydra.overrides.hydra") or [])
    file = [*_config_file(swept.folder / SWEEP_RECORD), *(["--multirun"] if asked else [])]
    return shlex.join(["python", "src/train.py", *file, *map(str, overrides)])


def _config_file(record: Path) -> list[str]:
    """--config-dir and --config-name as they were given; nothing for the default configuration."""
    hydra: Any = OmegaConf.load(record).hydra
    sources = OmegaConf.select(hydra, "runtime.config_sources") or []
    given, known = (
        next((source.path for source in sources if source.provider == provider), None)
        for provider in ("command-line", "unrolled-sweeps")
    )
    name = hydra.job.config_name
    folder = ["--config-dir", given] if given and given != known else []
    return [*folder, *(["--config-name", name] if name != "train" else [])]
