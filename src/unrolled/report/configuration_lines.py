"""A line for each configuration of a sweep: its score beside the baseline, when it was solved, its initial slope."""

from unrolled.record.results import Swept

from .averages import count, mean
from .configurations import Group, groups


def lines(swept: Swept) -> list[str]:
    """Returns a line for each configuration."""
    return [_line(each) for each in groups(swept)]


def _line(each: Group) -> str:
    parts = [f"{each.name}: {_score(each)}"]
    if each.baseline is not None:
        parts.append(f"{each.baseline_name}: {each.baseline:.4g}")
    if scores := each.train_scores:
        parts.append(f"on training examples {mean(scores):.4g}{_count_if_fewer(each, len(scores))}")
    if each.solved_at:
        parts.append(_updates_to_solve(each))
    if (pooled := each.pooled).initial_slopes:
        n = count(len(pooled.initial_slopes), pooled.initialisations, "initialisations")
        parts.append(f"slope at initialisation {pooled.initial_mean:+z.3f} nats per lag ({n})")
    return "; ".join(parts) + "."


def _score(each: Group) -> str:
    scores, name = each.scores, each.score
    if not scores:
        return f"{name} not finite: it diverged"
    if len(each.runs) == 1:
        return f"{name} {scores[0]:.4g}"
    n = count(len(scores), len(each.runs), "runs")
    return f"{name} {mean(scores):.3g} (from {min(scores):.3g} to {max(scores):.3g} over {n})"


def _count_if_fewer(each: Group, n: int) -> str:
    """Returns the count behind a mean, in brackets; empty if the mean is over all runs."""
    return "" if n == len(each.runs) else f" ({count(n, len(each.runs), 'runs')})"


def _updates_to_solve(each: Group) -> str:
    at = [updates for updates in each.solved_at if updates is not None]
    n = len(each.solved_at)
    if not at:
        return f"solved by 0 of {n}, censored at {each.updates} updates"
    after = f"after {min(at)} to {max(at)} updates" if len(at) > 1 else f"after {at[0]} updates"
    return f"solved by {len(at)} of {n} {after}"
