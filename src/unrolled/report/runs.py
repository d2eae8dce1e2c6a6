"""The runs of a sweep as the page's table and grids read them: all values, the shown line, and the command to rerun."""

import re
import shlex
from pathlib import Path
from typing import Any

from hydra.core.override_parser.overrides_parser import OverridesParser
from hydra.core.override_parser.types import Quote, QuotedString

from unrolled.config.axes import constants_of
from unrolled.config.environment import public_words
from unrolled.config.files import SWEEP_RECORD, TRAIN
from unrolled.record.plan import RESUME
from unrolled.record.results import Swept, SweptRun, columns, row
from unrolled.record.saved import saved
from unrolled.record.tables import cell as as_written

from .figures import DIVERGING
from .table import NUMBERS, TableCell, header, rows

WORD = re.compile(r"[A-Za-z_][\w./-]*", re.ASCII)
NO_WORDS = ("null", "true", "false", "nan", "inf")
HORIZON, LONGEST = "horizon", "longest_lag"  # a run without a horizon is censored at its longest lag
SHOWN = {"slope at initialisation, nats per lag": "births_slope_mean"}  # in the page's grids, by label
for _each in NUMBERS:
    SHOWN |= {f"{_each.label} at step 0, {_each.unit}": f"{_each.key}_start"} if _each.start else {}
    SHOWN |= {f"{_each.label} now, {_each.unit}": _each.key}


def runs_data(swept: Swept) -> dict[str, Any]:
    """Returns the data from which cells.js draws table and grids. Values are texts, exactly as in results.csv."""
    keys = columns(swept)
    scores = dict.fromkeys(score for run in swept.runs if (score := run.record.score) is not None)
    quantities = SHOWN | {f"score: {name}": name for name in scores}
    return {
        "sweep": swept.name,
        "axes": {key: list(dict.fromkeys(map(_text, values))) for key, values in swept.axes.items()},
        "header": header(swept),
        "columns": keys,
        "quantities": {
            label: key for label, key in quantities.items() if any(row(run).get(key) is not None for run in swept.runs)
        },
        "censored": {HORIZON: LONGEST},
        "diverging": DIVERGING,
        "cells": [_record(swept, run, shown, keys) for run, shown in zip(swept.runs, rows(swept), strict=True)],
    }


def _record(swept: Swept, run: SweptRun, shown: list[TableCell], keys: list[str]) -> dict[str, Any]:
    values = row(run)
    return {
        "number": int(run.folder.name),
        "shown": [entry.text for entry in shown],
        "order": [entry.order for entry in shown],
        "values": [_text(values.get(key)) for key in keys],
        "commands": [command(swept, run), shlex.join(["unrolled", "report", str(run.folder)])],
        "about": [text for text in (run.record.error, run.record.end.explanation) if text],
    }


def _text(value: Any) -> str:
    return str(as_written(value))


def command(swept: Swept, run: SweptRun) -> str:
    """Returns the command line that runs this run's configuration alone."""
    file = [*_config_file(swept.folder / SWEEP_RECORD), "hydra.mode=RUN"]
    return shlex.join([*TRAIN, *file, *_overrides(swept, run)])


def run_command(folder: Path) -> str:
    """Returns the command line that makes the run in `folder` again, in a folder of its own."""
    mode = ["hydra.mode=RUN"] if (folder.parent / SWEEP_RECORD).is_file() else []
    recorded = map(str, saved(folder / ".hydra" / "overrides.yaml", "", []))
    words = public_words(word for word in recorded if word != RESUME)
    return shlex.join([*TRAIN, *_config_file(folder / ".hydra" / "hydra.yaml"), *mode, *words])


def _overrides(swept: Swept, run: SweptRun) -> list[str]:
    """Returns the overrides that Hydra recorded; for a run that did not start, those that it would have had."""
    record = run.folder / ".hydra" / "overrides.yaml"
    if words := saved(record, ""):
        return public_words(word for word in map(str, words) if word != RESUME)
    typed = saved(swept.folder / SWEEP_RECORD, "hydra.overrides.task", [])
    constants = constants_of(OverridesParser.create().parse_overrides(list(map(str, typed))))
    kept = [word for word in constants if word.partition("=")[0] not in run.axes]
    return [*public_words(kept), *(f"{key}={_typed(value)}" for key, value in run.axes.items())]


def _typed(value: Any) -> str:
    """Returns the value as it is typed on a command line that Hydra parses."""
    if value is None:
        return "null"
    if not isinstance(value, str) or (WORD.fullmatch(value) and value.lower() not in NO_WORDS):
        return str(value)
    return QuotedString(value, Quote.single).with_quotes()


def sweep_command(swept: Swept) -> str:
    """Returns the command line that ran the sweep, without its folder: a rerun gets a folder of its own."""
    record = swept.folder / SWEEP_RECORD
    overrides = saved(record, "hydra.overrides.task", [])
    asked = "hydra.mode=MULTIRUN" in saved(record, "hydra.overrides.hydra", [])
    file = [*_config_file(record), *(["--multirun"] if asked else [])]
    return shlex.join([*TRAIN, *file, *public_words(map(str, overrides))])


def _config_file(record: Path) -> list[str]:
    """Returns --config-dir and --config-name as they were given; empty for the default configuration."""
    sources = saved(record, "hydra.runtime.config_sources", [])
    given, known = (
        next((source["path"] for source in sources if source["provider"] == provider), None)
        for provider in ("command-line", "unrolled-sweeps")
    )
    name = saved(record, "hydra.job.config_name", "train")
    folder = ["--config-dir", given] if given and given != known else []
    return [*folder, *(["--config-name", name] if name != "train" else [])]
