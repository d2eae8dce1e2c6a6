"""Whether the score goes with the slope at step 0: Spearman's rank correlation over the configurations."""

import math
from statistics import NormalDist

from scipy.stats import spearmanr

from unrolled.config.identity import SEED
from unrolled.record.results import Swept, SweptRun
from unrolled.record.values import key_of

from ..averages import mean
from ..intervals import CONFIDENCE
from ..solving import FEWEST
from .comparison import Measured
from .statement import Sentence, whole

FIELLER = 1.06  # variance of Fisher's z of a rank correlation is FIELLER / (n - 3) (Fieller et al. 1957)


def points(swept: Swept, measured: Measured) -> list[tuple[float, float, SweptRun]]:
    """Returns (slope at step 0, number, run) of each run that has both."""
    found = ((run.record.start.slope, measured.of(run), run) for run in swept.runs if run.record.has_result)
    return [(slope, value, run) for slope, value, run in found if slope is not None and value is not None]


def with_slope(swept: Swept, measured: Measured) -> list[Sentence]:
    """Returns the rank correlation of a number with |slope at step 0|, the distance from a gradient that is kept."""
    known = points(swept, measured)
    units = _units(swept, known)
    if len(units) < FEWEST:
        return []
    sizes, values = zip(*units, strict=True)
    if len(set(sizes)) == 1 or len(set(values)) == 1:
        return []
    rho = float(spearmanr(sizes, values)[0])  # type: ignore[arg-type]
    low, high = interval(rho, len(units))
    of = f" of {len(units)} configurations" if len(units) < len(known) else ""
    numbers = f"rank correlation {rho:+z.2f} (95 % interval {low:+z.2f} to {high:+z.2f}, {len(known)} runs{of})"
    if low > 0 or high < 0:
        word = "higher" if rho > 0 else "lower"
        words = f"{measured.unit} is {word} in runs whose gradient changes more per lag at step 0: {numbers}"
    else:
        of = f"{measured.unit} and how much the gradient changes per lag at step 0"
        words = f"No relation between {of} is certain: {numbers}"
    return [whole(words, [run for *_, run in known])]


def _units(swept: Swept, known: list[tuple[float, float, SweptRun]]) -> list[tuple[float, float]]:
    """Returns (|slope|, number) of each configuration, means over its seeds; without other axes, of each run.

    Runs of one configuration have nearly equal slopes: counted as independent they would make the interval too narrow.
    """
    keys = [key for key in swept.axes if key != SEED]
    members: dict[tuple[str, ...], list[tuple[float, float]]] = {}
    for slope, value, run in known:
        members.setdefault(key_of(run.axes, keys), []).append((abs(slope), value))
    if len(members) == 1:
        return next(iter(members.values()))
    columns = [tuple(zip(*each, strict=True)) for each in members.values()]
    return [(mean(sizes), mean(values)) for sizes, values in columns]


def interval(rho: float, n: int) -> tuple[float, float]:
    """Returns the 95 % interval of a rank correlation over n > 3 runs, on Fisher's scale."""
    if abs(rho) >= 1:
        return rho, rho
    half = NormalDist().inv_cdf((1 + CONFIDENCE) / 2) * math.sqrt(FIELLER / (n - 3))
    return math.tanh(math.atanh(rho) - half), math.tanh(math.atanh(rho) + half)
