"""docs/words.md defines what pages and terminal print."""

import re

from conftest import ROOT
from unrolled.gradients import REGIMES
from unrolled.record.quantities import PREDICTIONS, QUANTITIES

PAGE = (ROOT / "docs" / "words.md").read_text(encoding="utf-8")
ENTRIES = dict(re.findall(r"^### (.*)\n\n((?:[^#\n].*\n)+)", PAGE, flags=re.MULTILINE))


def test_every_regime_and_every_recorded_quantity_has_an_entry() -> None:
    labels = [each.label for each in (*QUANTITIES, *PREDICTIONS)]
    assert {*REGIMES, *labels} - {*ENTRIES} == set()


def test_an_entry_of_a_regime_says_that_it_is_one() -> None:
    for regime in REGIMES:
        assert ENTRIES[regime].startswith("A regime"), regime


def test_entries_are_short_and_in_the_order_of_the_alphabet() -> None:
    assert [*ENTRIES] == sorted(ENTRIES, key=str.lower) and len(ENTRIES) > 60
    assert len(ENTRIES) == PAGE.count("\n### ")
    for name, text in ENTRIES.items():
        assert len(text.splitlines()) <= 2, name
