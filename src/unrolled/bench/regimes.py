"""Accuracy of `diagnose` on networks of a known regime, on difficult kinds, and on random networks."""

from collections import Counter
from collections.abc import Iterable

import torch
from rich.table import Table

from unrolled.gradients import REGIMES, diagnose

from .gated_networks import gated
from .hard import Hard, hard
from .networks import Case, constructed
from .populations import judge, random_networks

COUNT, SEED = 240, 2026


def tables(quick: bool) -> list[Table]:
    """Makes the tables of the four suites. quick: a tenth to a quarter of the networks."""
    torch.set_num_threads(1)
    labelled = constructed()
    harder = hard()
    cells = gated()
    return [
        suite("Vanilla networks of a known regime", labelled[::10] if quick else labelled),
        suite("Gated and leaky networks of a known regime", cells[::5] if quick else cells),
        kinds(harder[::4] if quick else harder),
        population(24 if quick else COUNT),
    ]


def suite(title: str, cases: Iterable[Case]) -> Table:
    """Makes a table with a row for each true regime and a column for each label of `diagnose`."""
    pairs = Counter((case.truth, diagnose(case.rnn, case.x, case.h0).regime) for case in cases)
    right = sum(n for (truth, label), n in pairs.items() if truth == label)
    made = _confusion(f"{title}: {right} of {pairs.total()} right ({right / pairs.total():.1%})")
    made.add_column("right", justify="right")
    for truth in [name for name in REGIMES if any(name == t for t, _ in pairs)]:
        n = sum(pairs[truth, label] for label in REGIMES)
        made.add_row(truth, *_counts(pairs, truth), f"{pairs[truth, truth] / n:.0%}")
    return made


def kinds(cases: Iterable[Hard]) -> Table:
    """Makes a table with a row for each difficulty and columns for right, undecided and wrong labels."""
    counts: dict[str, Counter[str]] = {}
    for case in cases:
        label = diagnose(case.rnn, case.x, case.h0, dh_T=case.dh_T).regime
        found = "right" if label == case.truth else label if label == "undecided" else "wrong"
        counts.setdefault(case.kind, Counter())[found] += 1
    total = sum((each for each in counts.values()), Counter())
    made = Table(title=f"Networks on which simple rules fail: {total['right']} of {total.total()} right")
    made.add_column("kind")
    columns = ("right", "undecided", "wrong")
    for name in columns:
        made.add_column(name, justify="right")
    for kind, found in counts.items():
        made.add_row(kind, *(str(found[name] or "") for name in columns))
    return made


def population(count: int) -> Table:
    """Makes a table with a row for each verdict of an exponent over 3,000 steps, a column for each label."""
    found = [judge(each) for each in random_networks(count, SEED)]
    pairs = Counter((growth, label) for growth, label, _ in found)
    wrong, open_ = sum(ok is False for *_, ok in found), sum(ok is None for *_, ok in found)
    made = _confusion(
        f"Random networks against an exponent over 3,000 steps: {count - wrong - open_} right, {open_} undecided, "
        f"{wrong} wrong ({1 - wrong / count:.1%} right or undecided)",
    )
    for growth in ("shrinks", "neither", "grows", "overflows"):
        made.add_row(growth, *_counts(pairs, growth))
    return made


def _confusion(title: str) -> Table:
    made = Table(title=title)
    made.add_column("truth \\ found")
    for label in REGIMES:
        made.add_column(label, justify="right")
    return made


def _counts(pairs: Counter[tuple[str, str]], row: str) -> list[str]:
    return [str(pairs[row, label] or "") for label in REGIMES]
