"""Nearest neighbours in the embedding, before and after training."""

import csv
from typing import Any

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
