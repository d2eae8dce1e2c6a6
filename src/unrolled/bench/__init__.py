"""`make bench`: costs, as ratios against a peer timed in turn, and how often labels and intervals are right."""

from rich.console import Console

from . import costs, coverage, launchers, pages, recurrence, regimes, training_step


def main(quick: bool = False) -> None:
    """Prints the tables. quick: few repetitions, for a test that all of it runs."""
    console = Console(width=120, highlight=False)
    console.print(recurrence.table(rounds=3 if quick else 25, quick=quick))
    console.print(training_step.table(rounds=3 if quick else 15))
    console.print(costs.table(rounds=2 if quick else 5, quick=quick))
    for table in regimes.tables(quick):
        console.print(table)
    console.print(coverage.table(quick))
    console.print(pages.table(quick))
    console.print(launchers.table(quick))
