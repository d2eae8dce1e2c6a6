"""What a sweep answers, in words: scores beside the trivial baseline, what was solved, and what each axis does."""

from collections.abc import Sequence

from unrolled.sweeps.results import Swept

from .gather import Group, groups, mean, only
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
    status = each.first
    parts = [f"{each.name}: {_score(each)}"]
    baseline = status["baseline"].get(status["score"])
    if baseline is not None:
        parts.append(f"{status['baseline_name']}: {baseline:.4g}")
    if each.train_scores:
        parts.append(f"on training examples {mean(each.train_scores):.4g}")
    if each.solved_at:
        parts.append(_how_solved(each))
    if each.birth_slopes:
        parts.append(f"slope at birth {mean(each.birth_slopes):+z.3f} nats per lag")
    return "; ".join(parts) + "."


def _score(each: Group) -> str:
    scores, name = each.scores, each.first["score"]
    if not scores:
        return f"{name} not finite: it diverged"
    spread = f" ({min(scores):.4g} to {max(scores):.4g} over {len(scores)} runs)" if len(scores) > 1 else ""
    return f"{name} {mean(scores):.4g}{spread}"


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
    end = dict.fromkeys(regime for cell in each.cells if (regime := cell.status.get("regime")))
    if not each.birth_regimes or not end:
        return each.name
    return f"{each.name} ({_most(each.birth_regimes)} at birth, {' or '.join(end)} at the end)"


def _most(regimes: dict[str, int]) -> str:
    return max(regimes, key=lambda name: regimes[name])


def _by_regime(tried: Sequence[Group]) -> list[str]:
    """How many runs solved the task, by the regime that most births of their configuration have."""
    counts: dict[str, list[int | None]] = {}
    for each in tried:
        regimes = each.birth_regimes
        if regimes:
            counts.setdefault(_most(regimes), []).extend(each.solved_at)
    if not counts:
        return []
    told = [f"{name} {sum(at is not None for at in runs)} of {len(runs)}" for name, runs in counts.items()]
    return [f"Runs that solved it, by what their births do most: {', '.join(told)}."]


def _goal(each: Group) -> str:
    solved = each.first["solved"]
    return f"{solved['score']} of {solved['value']:g}"


def _slopes(chosen: Sequence[Group]) -> str:
    slopes = [mean(each.birth_slopes) for each in chosen if each.birth_slopes]
    if not slopes:
        return ""
    return f"; slopes at birth {min(slopes):+z.3f} to {max(slopes):+z.3f} nats per lag"


def _cost(swept: Swept, told: Sequence[Group]) -> list[str]:
    """What training took for each length of the sequences, where that alone was swept."""
    if not only(swept, "task.length"):
        return []
    seconds = ", ".join(f"T = {each.axes['task.length']}: {each.seconds:.2g} s" for each in told)
    first = told[0].first["references"].items()
    others = "".join(f"; {name}: {scores['seconds']:.2g} s" for name, scores in first if "seconds" in scores)
    return [f"Time of all updates together: {seconds}{others}."]


def _best(told: Sequence[Group]) -> list[str]:
    """Best and worst where all are scored alike; else how many beat their own baseline."""
    scored = [each for each in told if each.scores]
    names = {(each.first["score"], each.first["baseline_name"]) for each in scored}
    if len(names) > 1:
        better = [each.name for each in scored if _beats(each)]
        return [f"Better than its trivial baseline: {len(better)} of {len(told)} configurations ({'; '.join(better)})."]
    if len(scored) < 2:
        return []
    ranked = sorted(scored, key=lambda each: mean(each.scores), reverse=scored[0].first["larger_is_better"])
    best, worst = ranked[0], ranked[-1]
    baseline = best.first["baseline"].get(best.first["score"])
    beside = "" if baseline is None else f"; {best.first['baseline_name']}: {baseline:.4g}"
    return [f"Best: {best.name}, {_score(best)}. Worst: {worst.name}, {_score(worst)}{beside}."]


def _beats(each: Group) -> bool:
    baseline = each.first["baseline"].get(each.first["score"])
    if baseline is None:
        return True
    value = mean(each.scores)
    return value > baseline if each.first["larger_is_better"] else value < baseline


def _axes(swept: Swept, told: Sequence[Group]) -> list[str]:
    """What each axis does, the others averaged, where all runs are scored alike."""
    scored = [each for each in told if each.scores]
    if len({each.first["score"] for each in scored}) != 1:
        return []
    found = []
    for key in scored[0].axes:
        values = [value for value in swept.axes[key] if any(each.axes[key] == value for each in scored)]
        if len(values) < 2:
            continue
        means = [mean([mean(each.scores) for each in scored if each.axes[key] == value]) for value in values]
        trend = ", ".join(f"{value}: {score:.4g}" for value, score in zip(values, means, strict=True))
        found.append(f"Mean {scored[0].first['score']} by {key}: {trend}.")
    return found
