"""Whether `diagnose` is right: two confusion tables, of networks built to a regime and of networks drawn at random."""

from collections import Counter
from collections.abc import Iterable

import torch
from rich.table import Table

from unrolled.gradients import REGIMES, diagnose

from .networks import Case, constructed
from .populations import drawn, judged

COUNT, SEED = 240, 2026


def tables(quick: bool) -> list[Table]:
    torch.set_num_threads(1)
    labelled = constructed()
    return [suite(labelled[::10] if quick else labelled), population(24 if quick else COUNT)]


def suite(cases: Iterable[Case]) -> Table:
    """Rows: the truth by construction. Columns: what `diagnose` says."""
    pairs = Counter((case.truth, diagnose(case.rnn, case.x, case.h0).regime) for case in cases)
    right = sum(n for (truth, label), n in pairs.items() if truth == label)
    made = _confusion(
        pairs, f"Networks of a known regime: {right} of {pairs.total()} right ({right / pairs.total():.1%})"
    )
    made.add_column("right", justify="right")
    for truth in [name for name in REGIMES if any(name == t for t, _ in pairs)]:
        n = sum(pairs[truth, label] for label in REGIMES)
        made.add_row(truth, *_counts(pairs, truth), f"{pairs[truth, truth] / n:.0%}")
    return made


def population(count: int) -> Table:
    """Rows: what the exponent over 3,000 steps says. Columns: what `diagnose` says."""
    found = [judged(each) for each in drawn(count, SEED)]
    pairs = Counter((said, label) for said, label, _ in found)
    wrong, open_ = sum(ok is False for *_, ok in found), sum(ok is None for *_, ok in found)
    made = _confusion(
        pairs,
        f"Random networks against an exponent over 3,000 steps: {count - wrong - open_} right, {open_} undecided, "
        f"{wrong} wrong ({1 - wrong / count:.1%} right or undecided)",
    )
    for said in ("shrinks", "neither", "grows", "overflows"):
        made.add_row(said, *_counts(pairs, said))
    return made


def _confusion(pairs: Counter[tuple[str, str]], title: str) -> Table:
    made = Table(title=title)
    made.add_column("truth \\ found")
    for label in REGIMES:
        made.add_column(label, justify="right")
    return made


def _counts(pairs: Counter[tuple[str, str]], row: str) -> list[str]:
    return [str(pairs[row, label] or "") for label in REGIMES]
