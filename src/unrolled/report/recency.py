"""Do networks whose gradient vanishes more rely more on the last words? The cost of hidden words against the slope."""

import math
from dataclasses import dataclass

import plotly.graph_objects as go
from scipy.stats import norm, spearmanr

from unrolled.digits import counted
from unrolled.record.results import Swept
from unrolled.record.run_record import RunRecord

from .figures import COLOURS, layout, text
from .intervals import CONFIDENCE

LEAST = 10  # runs, for a rank correlation


@dataclass(frozen=True)
class Rank:
    """Spearman's rank correlation of n pairs with its 95 % interval (Fisher's z; Bonett & Wright 2000)."""

    value: float
    low: float
    high: float
    n: int


def rank(x: list[float], y: list[float]) -> Rank | None:
    """Computes the rank correlation; None for fewer than LEAST pairs, or if all values of x or of y are equal."""
    if len(x) < LEAST or len(set(x)) == 1 or len(set(y)) == 1:
        return None
    value = float(spearmanr(x, y)[0])  # type: ignore[arg-type]
    wide = norm.ppf((1 + CONFIDENCE) / 2) * math.sqrt((1 + value**2 / 2) / (len(x) - 3))
    z = math.atanh(max(-1 + 1e-9, min(1 - 1e-9, value)))
    return Rank(value, math.tanh(z - wide), math.tanh(z + wide), len(x))


def preference(record: RunRecord) -> float | None:
    """Returns how much more it costs to hide the last words than the first, in units of the score; None: unknown."""
    if record.score is None:
        return None
    hidden = []
    for place in ("first", "last"):
        found = [
            scores.get(record.score)
            for name, scores in record.references.items()
            if f"the {place} " in name and name.endswith("words unknown")
        ]
        hidden.append(found[0] if len(found) == 1 else None)
    first, last = hidden
    if first is None or last is None:
        return None
    return first - last if record.larger_is_better else last - first


def _pairs(swept: Swept) -> list[tuple[str, str, float, float]]:
    """Returns (run, score, slope after training, preference) of each run that has all of them."""
    found = []
    for run in swept.runs:
        record = run.record
        preferred, slope = preference(record), record.end.slope
        if run.state == "completed" and record.score and preferred is not None and slope is not None:
            found.append((run.name, record.score, slope, preferred))
    return found


def against_slope(swept: Swept) -> go.Figure | None:
    """Draws the preference for the last words of each run against its slope; None for fewer than LEAST runs."""
    pairs = _pairs(swept)
    if len(pairs) < LEAST or len({score for _, score, *_ in pairs}) != 1:
        return None
    names, scores, slopes, preferred = zip(*pairs, strict=True)
    figure = go.Figure()
    figure.add_scatter(
        x=slopes, y=preferred, mode="markers", customdata=[text(name) for name in names],
        hovertemplate="%{customdata}: slope %{x:+.3f}, cost %{y:+.3f}<extra></extra>",
        marker={"color": COLOURS[0], "size": 9},
    )  # fmt: skip
    for draw in (figure.add_hline, figure.add_vline):
        draw(0, line={"width": 1, "dash": "dot", "color": "black"})
    figure.update_xaxes(title="slope after training, nats per lag")
    figure.update_yaxes(title=f"hiding the last words costs more by ({text(scores[0])})")
    figure.update_layout(height=420, **layout())
    return figure


def verdict(swept: Swept) -> list[str]:
    """Returns what the runs say about it, in a sentence; [] without a rank correlation."""
    pairs = _pairs(swept)
    found = rank([slope for *_, slope, _ in pairs], [preferred for *_, preferred in pairs])
    if found is None:
        return []
    if found.high < 0:
        meaning = "a gradient that vanishes more goes with more weight on the last words"
    elif found.low > 0:
        meaning = "a gradient that vanishes more goes with less weight on the last words"
    else:
        meaning = "that a vanishing gradient makes the last words count more is not shown here"
    return [
        f"Spearman's rank correlation of the two is {found.value:+z.2f} (95 % interval {found.low:+z.2f} to "
        f"{found.high:+z.2f}, {counted(found.n, 'runs')}): {meaning}. Runs of one sweep share seeds and data, and the "
        "sentences themselves may carry more at one end: this is an association, not a cause."
    ]
