"""Figure of the reach: the horizon at step 0 against what the data need, a mark for each run, learnt or not."""

import plotly.graph_objects as go

from unrolled.record.results import Swept

from ..figures import COLOURS, layout, text
from .reach import Reached, found

HEIGHT = 420
BEYOND = 1.5  # times the longest lag: where a run is drawn whose horizon lies beyond it
LEARNT = {True: ("learnt", "circle", COLOURS[0]), False: ("not learnt", "x", COLOURS[1])}
TICKS = sorted(digit * 10**power for power in range(6) for digit in (1, 2, 5))


def reach_figure(swept: Swept) -> go.Figure | None:
    """Draws the horizon at step 0 of each run against the lag that its data need; None without a run."""
    known = found(swept)
    if not known:
        return None
    figure = go.Figure()
    for learnt, (name, symbol, colour) in LEARNT.items():
        chosen = [each for each in known if each.learnt is learnt]
        if chosen:
            figure.add_scatter(
                x=[each.need.lag for each in chosen], y=[_height(each) for each in chosen], mode="markers", name=name,
                marker={"symbol": ["triangle-up" if _beyond(each) else symbol for each in chosen], "color": colour,
                        "size": 10, "opacity": 0.75},
                text=[text(_words(each)) for each in chosen], hovertemplate="%{text}<extra></extra>",
            )  # fmt: skip
    ends = _limits(known)
    figure.add_scatter(
        x=list(ends), y=list(ends), mode="lines", line={"color": "#777", "dash": "dash"}, hoverinfo="skip",
        name="horizon = need",
    )  # fmt: skip
    name = known[0].need.name if len({each.need.name for each in known}) == 1 else "what the data need"
    figure.update_xaxes(title=f"{text(name)}, lags", type="log", tickvals=TICKS)
    figure.update_yaxes(title="horizon at step 0, lags", type="log", tickvals=TICKS)
    figure.update_layout(height=HEIGHT, **layout(beside=True))
    return figure


def _beyond(each: Reached) -> bool:
    """Whether the gradient at step 0 has not shrunk a hundredfold within the longest lag."""
    start = each.run.record.start
    return start.horizon is None or start.horizon_direction == "up"


def _height(each: Reached) -> float:
    start = each.run.record.start
    lag = (start.longest_lag or each.need.lag) * BEYOND if _beyond(each) else start.horizon
    return float(max(1, lag or 1))


def _words(each: Reached) -> str:
    start = each.run.record.start
    horizon = f"beyond lag {start.longest_lag}" if _beyond(each) else f"{start.horizon}"
    return f"{each.run.name}: horizon at step 0 {horizon}, {each.need.name} {each.need.lag:g}"


def _limits(known: list[Reached]) -> tuple[float, float]:
    values = [value for each in known for value in (max(1.0, each.need.lag), _height(each))]
    return min(values) / 1.3, max(values) * 1.3
