"""What a sweep answers, in words: scores beside the trivial baseline, what was solved, and what each axis does."""

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
    """The short answer first, then what each axis does to the score, then a line for each configuration."""
    told = groups(swept)
    if not told:
        return []
    return [
        *_solved(told),
        *extremes(swept),
        *ordered(swept),
        *diverged(swept),
        *_cost(swept, told),
        *_best(told),
        *_axes(swept, told),
    ]


def lines(swept: Swept) -> list[str]:
    """One for each configuration."""
    return [_line(each) for each in groups(swept)]


def _line(each: Group) -> str:
    parts = [f"{each.name}: {_score(each)}"]
    if each.baseline is not None:
        parts.append(f"{each.baseline_name}: {each.baseline:.4g}")
    if each.train_scores:
        parts.append(f"on training examples {mean(each.train_scores):.4g}{_short_of(each, len(each.train_scores))}")
    if each.solved_at:
        parts.append(_how_solved(each))
    if (born := each.born).birth_slopes:
        n = count(len(born.birth_slopes), born.births, "births")
        parts.append(f"slope at birth {born.birth_mean:+z.3f} nats per lag ({n})")
    return "; ".join(parts) + "."


def _score(each: Group) -> str:
    scores, name = each.scores, each.score
    if not scores:
        return f"{name} not finite: it diverged"
    if len(each.cells) == 1:
        return f"{name} {scores[0]:.4g}"
    n = count(len(scores), len(each.cells), "runs")
    return f"{name} {mean(scores):.4g} ({min(scores):.4g} to {max(scores):.4g} over {n})"


def _short_of(each: Group, n: int) -> str:
    """The count behind a mean, where it is not that of all runs."""
    return "" if n == len(each.cells) else f" ({count(n, len(each.cells), 'runs')})"


def _how_solved(each: Group) -> str:
    at = [updates for updates in each.solved_at if updates is not None]
    n = len(each.solved_at)
    if not at:
        return f"solved by 0 of {n}, censored at {each.updates} updates"
    after = f"after {min(at)} to {max(at)} updates" if len(at) > 1 else f"after {at[0]} updates"
    return f"solved by {len(at)} of {n} {after}"


def _solved(told: Sequence[Group]) -> list[str]:
    """Who solved the task, and the gradients at birth of those who did and did not."""
    tried = [each for each in told if each.solved_at]
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
    """The configuration, and what its gradients did at birth and at the end: the reason where it was not solved."""
    end = dict.fromkeys(regime for cell in each.cells if (regime := cell.record.end.regime))
    born = each.born.birth_regimes
    if not born or not end:
        return each.name
    return f"{each.name} ({_most(born)} at birth, {' or '.join(end)} at the end)"


def _most(regimes: dict[str, int]) -> str:
    return max(regimes, key=lambda name: regimes[name])


def _by_regime(tried: Sequence[Group]) -> list[str]:
    """How many runs solved the task, by the regime that most births of their configuration have."""
    counts: dict[str, list[int | None]] = {}
    for each in tried:
        regimes = each.born.birth_regimes
        if regimes:
            counts.setdefault(_most(regimes), []).extend(each.solved_at)
    if not counts:
        return []
    told = [f"{name} {sum(at is not None for at in runs)} of {len(runs)}" for name, runs in counts.items()]
    return [f"Runs that solved it, by what their births do most: {', '.join(told)}."]


def _goal(each: Group) -> str:
    solved = next(kept for cell in each.cells if (kept := cell.record.solved))
    return f"{solved.score} of {solved.value:g}"


def _slopes(chosen: Sequence[Group]) -> str:
    born = [each.born for each in chosen]
    slopes = [each.birth_mean for each in born if each.birth_slopes]
    if not slopes:
        return ""
    n = count(sum(len(each.birth_slopes) for each in born), sum(each.births for each in born), "births")
    return f"; slopes at birth {min(slopes):+z.3f} to {max(slopes):+z.3f} nats per lag (means over {n})"


def _cost(swept: Swept, told: Sequence[Group]) -> list[str]:
    """What training took for each length of the sequences, where that alone was swept."""
    if not only(swept, "task.length"):
        return []
    timed = [each for each in told if each.seconds]
    if not timed:
        return []
    seconds = ", ".join(
        f"T = {shown(each.axes['task.length'])}: {mean(each.seconds):.2g} s{_short_of(each, len(each.seconds))}"
        for each in timed
    )
    first = ((name, scores.get("seconds")) for name, scores in told[0].references.items())
    others = "".join(f"; {name}: {taken:.2g} s" for name, taken in first if taken is not None)
    return [f"Time of all updates together: {seconds}{others}."]


def _best(told: Sequence[Group]) -> list[str]:
    """Best and worst where all are scored alike; else how many beat their own baseline."""
    scored = [each for each in told if each.scores]
    names = {(each.score, each.baseline_name) for each in scored}
    if len(names) > 1:
        better = [each.name for each in scored if _beats(each)]
        return [f"Better than its trivial baseline: {len(better)} of {len(told)} configurations ({'; '.join(better)})."]
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


def _axes(swept: Swept, told: Sequence[Group]) -> list[str]:
    """What each axis does, the others averaged, where all runs are scored alike."""
    scored = [each for each in told if each.scores]
    if len({each.score for each in scored}) != 1:
        return []
    found = []
    for key in scored[0].axes:
        held = [(value, [each for each in told if holds(each.axes, {key: value})]) for value in swept.axes[key]]
        trends = [trend for value, chosen in held if (trend := _mean_of(value, chosen))]
        if len(trends) < 2:
            continue
        trend = ", ".join(trends)
        found.append(f"Mean {scored[0].score} by {key}: {trend}.")
    return found


def _mean_of(value: Any, chosen: Sequence[Group]) -> str:
    """The mean over configurations of the mean over their runs, and how many runs that is."""
    scored = [each for each in chosen if each.scores]
    if not scored:
        return ""
    n = count(sum(len(each.scores) for each in scored), sum(len(each.cells) for each in chosen), "runs")
    return f"{shown(value)}: {mean([mean(each.scores) for each in scored]):.4g} ({n})"
