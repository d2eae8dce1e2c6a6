"""Whether the score goes with the slope at step 0: Spearman's rank correlation over the runs."""

import math
from statistics import NormalDist

from scipy.stats import spearmanr

from unrolled.record.results import Swept, SweptRun

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
    if len(known) < FEWEST:
        return []
    sizes, values = [abs(slope) for slope, *_ in known], [value for _, value, _ in known]
    if len(set(sizes)) == 1 or len(set(values)) == 1:
        return []
    rho = float(spearmanr(sizes, values)[0])  # type: ignore[arg-type]
    low, high = interval(rho, len(known))
    numbers = f"rank correlation {rho:+z.2f} (95 % interval {low:+z.2f} to {high:+z.2f}, {len(known)} runs)"
    if low > 0 or high < 0:
        word = "higher" if rho > 0 else "lower"
        words = f"{measured.unit} is {word} in runs whose gradient changes more per lag at step 0: {numbers}"
    else:
        words = f"{measured.unit} does not certainly go with how much the gradient changes per lag at step 0: {numbers}"
    return [whole(words, [run for *_, run in known])]


def interval(rho: float, n: int) -> tuple[float, float]:
    """Returns the 95 % interval of a rank correlation over n > 3 runs, on Fisher's scale."""
    if abs(rho) >= 1:
        return rho, rho
    half = NormalDist().inv_cdf((1 + CONFIDENCE) / 2) * math.sqrt(FIELLER / (n - 3))
    return math.tanh(math.atanh(rho) - half), math.tanh(math.atanh(rho) + half)
