"""How far may "not" be from the end? Networks that learn what it means, with more and more words after it."""

from dataclasses import dataclass

import numpy as np
import plotly.graph_objects as go
import torch
from plotly.subplots import make_subplots
from torch.nn.functional import cross_entropy

from unrolled.digits import counted, factor
from unrolled.processes.logs import announce
from unrolled.record.quantities import LN_10
from unrolled.report.figures import DECADES, layout, stroke, text
from unrolled.report.shell import Section
from unrolled.rnn import SequenceToVector
from unrolled.rnn.init import stream
from unrolled.training.samples import norms_of_samples

from . import made_sentences as made
from . import reviews
from .demo import Demo
from .made_sentences import AFTER_NOT, KINDS, Kind

FILLERS, SEEDS = (0, 4, 8, 16), 3
NEAR, FAR = 0, 16  # fillers of the networks that are read word by word
KNOWS = 0.99  # accuracy


@dataclass(frozen=True)
class Tried:
    """Networks of a kind.

    networks: by number of fillers, one for each seed.
    """

    kind: Kind
    networks: dict[int, list[SequenceToVector]]

    def accuracies(self) -> dict[int, list[float]]:
        """Computes the accuracy of each network, by number of fillers."""
        return {fillers: [made.accuracy(each, fillers) for each in found] for fillers, found in self.networks.items()}


def tried(kind: Kind) -> Tried:
    """Trains networks of a kind at each distance."""
    networks = {}
    for fillers in FILLERS:
        announce(f'training {SEEDS} networks, {kind.name}, with {fillers + AFTER_NOT} words after "not"')
        networks[fillers] = [made.trained(kind, fillers, seed) for seed in range(SEEDS)]
    return Tried(kind, networks)


def profile(kind: Kind) -> list[float]:
    """Computes log10 of the norm of dL/dh_t relative to the last time step before training, by lag.

    It is the median over the longest sentences and the seeds: a sentence whose ReLU units are off has a gradient of 0.
    """
    found = []
    for seed in range(SEEDS):
        batch = made.sentences(made.BATCH, FAR, stream(seed, "lecture/not"))
        ln = norms_of_samples(made.untrained(kind, seed), cross_entropy, batch)
        found.append((ln - ln[:, -1:]).numpy() / LN_10)
    return np.median(np.concatenate(found), axis=0)[::-1].tolist()


def demo() -> Demo:
    torch.set_num_threads(1)  # two threads on matrices this small are slower than one
    found = [tried(kind) for kind in KINDS]
    accuracies = {each.kind.name: each.accuracies() for each in found}
    profiles = {kind.name: profile(kind) for kind in KINDS}
    sections = (
        Section(
            "Near the read-out, and far from it",
            f"Two sentences that differ in one word, read by a network that was trained with {AFTER_NOT + NEAR} words "
            f"after “not” (left) and by one that was trained with {AFTER_NOT + FAR} (right): the probability of "
            "positive if the sentence ended at this word; what was trained is the answer at the last word. The "
            f"networks: {KINDS[0].name}, 8 units.",
            _read(found[0]),
            tuple(_ends(found[0].networks[fillers][0], fillers) for fillers in (NEAR, FAR)),
        ),
        Section(
            "How far “not” may be from the end",
            f"Right answers on sentences that were not trained on, against the number of words after “not”. A line is "
            f"a seed; each of its points is a network of 8 units after {made.UPDATES} updates on fresh sentences. "
            "Guessing gives 50 %.",
            _distances(accuracies),
            tuple(distances_in_words(name, each) for name, each in accuracies.items()),
        ),
        Section(
            "The gradient that should teach it",
            "What is left of the gradient of the loss at each word before training, in the longest sentences: median "
            f"over {SEEDS} networks and {made.BATCH} sentences each. The dotted line is the word “not”.",
            _profiles(profiles),
            tuple(
                f"{name}: at “not” the gradient is {factor(each[AFTER_NOT + FAR] * LN_10)} of what it is at "
                "the last word."
                for name, each in profiles.items()
            ),
        ),
        reviews.section(),
    )
    return Demo(
        "How far may “not” be from the end?",
        "“I do not like this movie” and “I do really like this movie” mean the opposite. The sentences are made: with "
        "“hate” in the place of “like” the answer turns round, so that no single word tells it, and words without a "
        "meaning follow. Can a network of 8 units learn what “not” means? Near the read-out it can. The more words "
        "follow, the less of the gradient comes back to “not”.",
        sections,
    )


def distances_in_words(name: str, accuracies: dict[int, list[float]]) -> str:
    """Returns how many networks know "not" at each distance."""
    n = ", ".join(str(fillers + AFTER_NOT) for fillers in accuracies)
    known = ", ".join(str(sum(each >= KNOWS for each in found)) for found in accuracies.values())
    networks = counted(len(next(iter(accuracies.values()))), "networks")
    return f"{name}: with {n} words after “not”, {known} of {networks} give at least {KNOWS:.0%} right answers."


def _ends(network: SequenceToVector, fillers: int) -> str:
    really, negated = made.by_word(network, made.pair(fillers))[-1].tolist()
    return f"With {fillers + AFTER_NOT} words after it: {really:.1%} positive with “really”, {negated:.1%} with “not”."


def _read(found: Tried) -> go.Figure:
    titles = [f"{fillers + AFTER_NOT} words after “not”" for fillers in (NEAR, FAR)]
    figure = make_subplots(1, 2, shared_yaxes=True, subplot_titles=titles, column_widths=[0.35, 0.65])
    for column, fillers in enumerate((NEAR, FAR), start=1):
        batch = made.pair(fillers)
        positive = 100 * made.by_word(found.networks[fillers][0], batch)
        words = [made.WORDS[i] for i in batch.x[:, 0].tolist()]
        words[2] = "really / not"
        for i, name in enumerate(("with “really”", "with “not”")):
            figure.add_scatter(
                x=reviews.numbered(words), y=positive[:, i].tolist(), name=name, legendgroup=name,
                showlegend=column == 1, mode="lines+markers", line=stroke(i), marker={"symbol": i, "size": 9},
                row=1, col=column,
            )  # fmt: skip
    figure.update_xaxes(title="read up to this word", tickangle=60)
    figure.update_yaxes(title="probability of positive, %", range=[-3, 103], col=1)
    figure.update_layout(height=480, **layout())
    figure.update_layout(legend_y=1.12)
    return figure


def _distances(accuracies: dict[str, dict[int, list[float]]]) -> go.Figure:
    figure = go.Figure()
    for i, (name, each) in enumerate(accuracies.items()):
        for seed in range(SEEDS):
            figure.add_scatter(
                x=[fillers + AFTER_NOT for fillers in each], y=[100 * found[seed] for found in each.values()],
                name=text(name), legendgroup=name, showlegend=seed == 0, mode="lines+markers", line=stroke(i),
                marker={"symbol": i, "size": 9},
            )  # fmt: skip
    figure.add_hline(y=50, line={"width": 1, "dash": "dot", "color": "black"})
    figure.update_xaxes(title="words after “not”")
    figure.update_yaxes(title="right answers, %", range=[40, 102])
    figure.update_layout(height=430, **layout())
    return figure


def _profiles(profiles: dict[str, list[float]]) -> go.Figure:
    figure = go.Figure()
    for i, (name, each) in enumerate(profiles.items()):
        figure.add_scatter(y=each, name=text(name), mode="lines+markers", line=stroke(i), marker={"symbol": i})
    figure.add_vline(x=AFTER_NOT + FAR, line={"width": 1, "dash": "dot", "color": "black"})
    figure.update_xaxes(title="lag: words back from the last")
    figure.update_yaxes({"title": "gradient relative to lag 0", **DECADES})
    figure.update_layout(height=400, **layout())
    return figure
