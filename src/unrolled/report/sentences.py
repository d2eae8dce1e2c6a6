"""Regimes at initialisation in sentences: a regime is named only if at least 90 % of the networks have it."""

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
    """Returns the verb for a regime; a regime that this version does not know keeps its name."""
    return VERBS.get(regime, f"is {regime}")


def sentences(swept: Swept) -> list[str]:
    """Returns a sentence for each combination of the first two axes, pooled over all others."""
    pools = [pool(swept.runs, axes) for axes in combinations(swept, varied(swept)[:2])]
    return [sentence(each) for each in pools if each.initialisations]


def agreed(each: Pool) -> str | None:
    """Returns the regime of at least 90 % of the networks at initialisation; None if there is none."""
    regime, _ = max(each.initial_regimes.items(), key=lambda item: item[1])
    return regime if each.share(regime) >= AGREE else None


def sentence(each: Pool) -> str:
    """Returns the regime or regimes of a pool at initialisation, with counts and mean slope."""
    slope = initial_slope(each)
    regime = agreed(each)
    if regime is not None:
        n = each.initial_regimes[regime]
        return f"{each.name} {verb(regime)} at initialisation: {n} of {each.initialisations} networks{slope}."
    counts = ", ".join(f"{k} {name}" for name, k in sorted(each.initial_regimes.items(), key=lambda i: -i[1]))
    return f"{each.name}: the initialisations do not agree ({counts} of {each.initialisations}){slope}."


def initial_slope(each: Pool) -> str:
    """Returns a clause with the mean slope, its sd and the number of networks; empty if no network has a slope."""
    if not each.initial_slopes:
        return ""
    n = len(each.initial_slopes)
    sd = f"sd {each.initial_sd:z.4f}, " if n > 1 else ""
    lost = f"; {each.no_gradient} have no gradient left" if each.no_gradient else ""
    networks = count(n, each.initialisations, "networks")
    return f"; slope at initialisation {each.initial_mean:+z.4f} nats per lag ({sd}{networks}{lost})"
