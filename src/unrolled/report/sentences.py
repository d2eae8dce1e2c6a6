"""What the page says in words: a regime is named only where at least 90 % of the births agree."""

from unrolled.record.results import Swept

from .averages import count
from .gather import Pool, combinations, pool, varied

AGREE = 0.9
VERBS = {
    "vanishing": "vanishes",
    "exploding": "explodes",
    "stable": "is stable",
    "transient": "grows and then decays, or the reverse,",
    "chaotic": "is chaotic",
    "saturated": "is saturated",
    "dead": "is dead",
    "diverged": "overflows in the forward pass",
    "mixed": "differs between samples",
    "cut": "is cut at a step",
    "undecided": "is undecided",
}


def verb(regime: str) -> str:
    """What the gradient does; a regime of another version is named as it is."""
    return VERBS.get(regime, f"is {regime}")


def sentences(swept: Swept) -> list[str]:
    """One for each combination of the first two axes, over all seeds and other axes."""
    pools = [pool(swept.cells, axes) for axes in combinations(swept, varied(swept)[:2])]
    return [sentence(each) for each in pools if each.births]


def agreed(each: Pool) -> str | None:
    """The regime that at least 90 % of the births have; None where there is none."""
    regime, _ = max(each.birth_regimes.items(), key=lambda item: item[1])
    return regime if each.share(regime) >= AGREE else None


def sentence(each: Pool) -> str:
    slope = birth_slope(each)
    regime = agreed(each)
    if regime is not None:
        n = each.birth_regimes[regime]
        return f"{each.name} {verb(regime)} at birth: {n} of {each.births} births{slope}."
    counts = ", ".join(f"{k} {name}" for name, k in sorted(each.birth_regimes.items(), key=lambda i: -i[1]))
    return f"{each.name}: the births do not agree ({counts} of {each.births}){slope}."


def birth_slope(each: Pool) -> str:
    """A clause: mean, sd, and how many networks they stand on; nothing where no network has a slope."""
    if not each.birth_slopes:
        return ""
    n = len(each.birth_slopes)
    spread = f"sd {each.birth_sd:z.4f}, " if n > 1 else ""
    lost = f"; {each.no_gradient} have no gradient left" if each.no_gradient else ""
    return f"; slope at birth {each.birth_mean:+z.4f} nats per lag ({spread}{count(n, each.births, 'births')}{lost})"
