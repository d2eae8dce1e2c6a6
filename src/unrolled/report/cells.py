"""Every cell as the page's table and grids need it: all values, a shown line, and the command that makes it again."""

import shlex
from pathlib import Path
from typing import Any

from omegaconf import OmegaConf

from unrolled.paths import SWEEP_RECORD
from unrolled.sweeps.results import Cell, Swept, columns, row

from .table import header, rows

QUANTITIES = {
    "slope at birth, nats per lag": "births_slope_mean",
    "slope at step 0, nats per lag": "slope_start",
    "slope now, nats per lag": "slope",
    "horizon now, lags": "horizon",
}


def cells_data(swept: Swept) -> dict[str, Any]:
    """What page.js draws table and grids from; everything in it is plain text and numbers."""
    keys = columns(swept)
    scores = dict.fromkeys(cell.status["score"] for cell in swept.cells if "score" in cell.status)
    quantities = QUANTITIES | {f"score: {name}": name for name in scores}
    return {
        "sweep": swept.name,
        "axes": swept.axes,
        "header": header(swept),
        "columns": keys,
        "quantities": {
            label: key
            for label, key in quantities.items()
            if any(row(cell).get(key) is not None for cell in swept.cells)
        },
        "cells": [_one(swept, cell, shown, keys) for cell, shown in zip(swept.cells, rows(swept), strict=True)],
    }


def _one(swept: Swept, cell: Cell, shown: list[str], keys: list[str]) -> dict[str, Any]:
    values = row(cell)
    return {
        "number": int(cell.folder.name),
        "shown": shown,
        "values": [values.get(key) for key in keys],
        "command": command(swept, cell),
        "folder": str(cell.folder),
        "about": [text for text in (cell.status.get("error"), cell.status.get("explanation")) if text],
    }


def command(swept: Swept, cell: Cell) -> str:
    """The command line of one run with this cell's configuration."""
    record = cell.folder / ".hydra" / "overrides.yaml"
    words = list(OmegaConf.load(record)) if record.is_file() else [f"{k}={v}" for k, v in cell.axes.items()]
    file = [*_config_file(swept.folder / SWEEP_RECORD), "hydra.mode=RUN"]
    return shlex.join(["python", "src/train.py", *file, *map(str, words)])


def sweep_command(swept: Swept) -> str:
    """The command line that ran the sweep; its folder is named anew."""
    record: Any = OmegaConf.load(swept.folder / SWEEP_RECORD)
    overrides = OmegaConf.select(record, "hydra.overrides.task") or []
    return shlex.join(["python", "src/train.py", *_config_file(swept.folder / SWEEP_RECORD), *map(str, overrides)])


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
