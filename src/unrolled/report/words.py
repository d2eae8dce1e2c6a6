"""Nearest neighbours in the embedding, before and after training."""

import csv
from typing import Any

from unrolled.digits import counted
from unrolled.record.results import Swept
from unrolled.record.tables import WORDS

from .averages import mean
from .configurations import groups


def words(swept: Swept) -> list[dict[str, Any]]:
    """Returns a row per configuration and pair of words: mean cosines over seeds, the first seed's nearest words."""
    rows = []
    for each in groups(swept):
        tables = [_read(run.folder / WORDS) for run in each.runs if (run.folder / WORDS).is_file()]
        for pairs in zip(*tables, strict=True):
            first = pairs[0]
            rows.append(
                {
                    "configuration": each.name,
                    "pair": f"{first['word']} / {first['other']}",
                    "before": f"{mean([float(pair['cosine_start']) for pair in pairs]):+z.2f}",
                    "after": f"{mean([float(pair['cosine']) for pair in pairs]):+z.2f}",
                    "runs": len(pairs),
                    "nearest_before": first["nearest_start"],
                    "nearest_after": first["nearest"],
                }
            )
    return rows


def _read(path) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def lines(swept: Swept) -> list[str]:
    """Returns a sentence for each pair of words: whether training has brought their vectors closer."""
    found: dict[str, list[tuple[float, float]]] = {}
    for run in swept.runs:
        for row in _read(run.folder / WORDS) if (run.folder / WORDS).is_file() else []:
            pair = f"{row['word']} and {row['other']}"
            found.setdefault(pair, []).append((float(row["cosine_start"]), float(row["cosine"])))
    return [_line(pair, each) for pair, each in found.items()]


def _line(pair: str, cosines: list[tuple[float, float]]) -> str:
    first, last = (mean(values) for values in zip(*cosines, strict=True))
    closer = sum(after > before for before, after in cosines)
    tables = len({before for before, _ in cosines})
    return (
        f"{pair}: training brings them closer in {closer} of {counted(len(cosines), 'runs')}; the mean cosine is "
        f"{first:+z.2f} before and {last:+z.2f} after (the runs start from {counted(tables, 'different tables')})."
    )
