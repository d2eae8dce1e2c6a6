"""What the page says in words: a regime is named only where at least 90 % of the births agree."""

from unrolled.sweeps.results import Swept

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
    "undecided": "is undecided",
}


def sentences(swept: Swept) -> list[str]:
    """One for each combination of the first two axes, over all seeds and other axes."""
    pools = [pool(swept.cells, axes) for axes in combinations(swept, varied(swept)[:2])]
    return [sentence(each) for each in pools if each.births]


def agreed(each: Pool) -> str | None:
    """The regime that at least 90 % of the births have; None where there is none."""
    regime, _ = max(each.birth_regimes.items(), key=lambda item: item[1])
    return regime if each.share(regime) >= AGREE else None


def sentence(each: Pool) -> str:
    slope = (
        f"slope at birth {each.birth_mean:+z.4f} (sd {each.birth_sd:z.4f}) nats per lag" if each.birth_slopes else ""
    )
    regime = agreed(each)
    if regime is not None:
        n = each.birth_regimes[regime]
        return f"{each.name} {VERBS[regime]} at birth: {n} of {each.births} births; {slope}."
    counts = ", ".join(f"{k} {name}" for name, k in sorted(each.birth_regimes.items(), key=lambda i: -i[1]))
    return f"{each.name}: the births do not agree ({counts} of {each.births}); {slope}."
