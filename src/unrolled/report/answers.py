"""Results of a sweep in sentences: scores beside the trivial baseline, what was solved, the effect of each axis."""

from collections.abc import Sequence
from typing import Any

from unrolled.config.identity import shown
from unrolled.record.results import Swept
from unrolled.record.values import holds

from .averages import count, mean
from .configurations import Group, groups
from .gather import only
from .solving import diverged, extremes, ordered


def answers(swept: Swept) -> list[str]:
    """Returns the main result first, then the cost, the best and worst configuration, and the effect of each axis."""
    configurations = groups(swept)
    if not configurations:
        return []
    return [
        *_solved(configurations),
        *extremes(swept),
        *ordered(swept),
        *diverged(swept),
        *_cost(swept, configurations),
        *_best(configurations),
        *_axes(swept, configurations),
    ]


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
        n = count(len(pooled.initial_slopes), pooled.initialisations, "births")
        parts.append(f"slope at birth {pooled.initial_mean:+z.3f} nats per lag ({n})")
    return "; ".join(parts) + "."


def _score(each: Group) -> str:
    scores, name = each.scores, each.score
    if not scores:
        return f"{name} not finite: it diverged"
    if len(each.runs) == 1:
        return f"{name} {scores[0]:.4g}"
    n = count(len(scores), len(each.runs), "runs")
    return f"{name} {mean(scores):.4g} ({min(scores):.4g} to {max(scores):.4g} over {n})"


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


def _solved(configurations: Sequence[Group]) -> list[str]:
    """Returns which configurations solved the task, with their gradients at initialisation; empty for other tasks."""
    tried = [each for each in configurations if each.solved_at]
    if not tried:
        return []
    every = [each for each in tried if None not in each.solved_at]
    none = [each for each in tried if not any(each.solved_at)]
    some = [each for each in tried if each not in every and each not in none]
    found = []
    for words, chosen in (("By every run", every), ("By some runs", some), ("By no run within its updates", none)):
        if chosen:
            found.append(f"{words}: {'; '.join(map(_with_regimes, chosen))}{_slopes(chosen)}.")
    return [f"Solved ({_goal(tried[0])}): " + " ".join(found), *_by_regime(tried)]


def _with_regimes(each: Group) -> str:
    """Returns the configuration's name with its regimes at initialisation and at the end of training."""
    end = dict.fromkeys(regime for run in each.runs if (regime := run.record.end.regime))
    initial = each.pooled.initial_regimes
    if not initial or not end:
        return each.name
    return f"{each.name} ({_most(initial)} at birth, {' or '.join(end)} at the end)"


def _most(regimes: dict[str, int]) -> str:
    return max(regimes, key=lambda name: regimes[name])


def _by_regime(tried: Sequence[Group]) -> list[str]:
    """Returns how many runs solved the task, by the most frequent regime of their configuration at initialisation."""
    counts: dict[str, list[int | None]] = {}
    for each in tried:
        regimes = each.pooled.initial_regimes
        if regimes:
            counts.setdefault(_most(regimes), []).extend(each.solved_at)
    if not counts:
        return []
    shares = [f"{name} {sum(at is not None for at in runs)} of {len(runs)}" for name, runs in counts.items()]
    return [f"Runs that solved it, by what their births do most: {', '.join(shares)}."]


def _goal(each: Group) -> str:
    solved = next(kept for run in each.runs if (kept := run.record.solved))
    return f"{solved.score} of {solved.value:g}"


def _slopes(chosen: Sequence[Group]) -> str:
    pooled = [each.pooled for each in chosen]
    slopes = [each.initial_mean for each in pooled if each.initial_slopes]
    if not slopes:
        return ""
    n = count(sum(len(each.initial_slopes) for each in pooled), sum(each.initialisations for each in pooled), "births")
    return f"; slopes at birth {min(slopes):+z.3f} to {max(slopes):+z.3f} nats per lag (means over {n})"


def _cost(swept: Swept, configurations: Sequence[Group]) -> list[str]:
    """Returns the training time by sequence length; empty unless the length is the only swept axis."""
    if not only(swept, "task.length"):
        return []
    timed = [each for each in configurations if each.seconds]
    if not timed:
        return []
    seconds = ", ".join(
        f"T = {shown(each.axes['task.length'])}: {mean(each.seconds):.2g} s{_count_if_fewer(each, len(each.seconds))}"
        for each in timed
    )
    first = ((name, scores.get("seconds")) for name, scores in configurations[0].references.items())
    others = "".join(f"; {name}: {taken:.2g} s" for name, taken in first if taken is not None)
    return [f"Time of all updates together: {seconds}{others}."]


def _best(configurations: Sequence[Group]) -> list[str]:
    """Returns the best and the worst configuration; if their scores differ, how many beat their own baseline."""
    scored = [each for each in configurations if each.scores]
    names = {(each.score, each.baseline_name) for each in scored}
    if len(names) > 1:
        better = [each.name for each in scored if _beats(each)]
        share = f"{len(better)} of {len(configurations)}"
        return [f"Better than its trivial baseline: {share} configurations ({'; '.join(better)})."]
    larger = next((each.larger_is_better for each in scored if each.larger_is_better is not None), None)
    if len(scored) < 2 or larger is None:
        return []
    ranked = sorted(scored, key=lambda each: mean(each.scores), reverse=larger)
    best, worst = ranked[0], ranked[-1]
    beside = "" if best.baseline is None else f"; {best.baseline_name}: {best.baseline:.4g}"
    return [f"Best: {best.name}, {_score(best)}. Worst: {worst.name}, {_score(worst)}{beside}."]


def _beats(each: Group) -> bool:
    if each.baseline is None or each.larger_is_better is None:
        return False
    value = mean(each.scores)
    return value > each.baseline if each.larger_is_better else value < each.baseline


def _axes(swept: Swept, configurations: Sequence[Group]) -> list[str]:
    """Returns the mean score at each value of each axis, over the other axes; empty if runs have different scores."""
    scored = [each for each in configurations if each.scores]
    if len({each.score for each in scored}) != 1:
        return []
    found = []
    for key in scored[0].axes:
        by_value = [
            (value, [each for each in configurations if holds(each.axes, {key: value})]) for value in swept.axes[key]
        ]
        trends = [trend for value, chosen in by_value if (trend := _mean_of(value, chosen))]
        if len(trends) < 2:
            continue
        trend = ", ".join(trends)
        found.append(f"Mean {scored[0].score} by {key}: {trend}.")
    return found


def _mean_of(value: Any, chosen: Sequence[Group]) -> str:
    """Returns the mean over configurations of the mean over their runs, with the number of runs."""
    scored = [each for each in chosen if each.scores]
    if not scored:
        return ""
    n = count(sum(len(each.scores) for each in scored), sum(len(each.runs) for each in chosen), "runs")
    return f"{shown(value)}: {mean([mean(each.scores) for each in scored]):.4g} ({n})"
