"""`make bench`: what this computation costs, as ratios against a peer that runs in turn with it."""

from rich.console import Console

from . import launchers, recurrence, training_step


def main(quick: bool = False) -> None:
    """Prints the tables. quick: few repetitions, to see that it runs."""
    console = Console(width=120, highlight=False)
    console.print(recurrence.table(rounds=3 if quick else 25, quick=quick))
    console.print(training_step.table(rounds=3 if quick else 15))
    console.print(launchers.table(quick))
