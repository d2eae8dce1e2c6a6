"""The effect of "not" in "I do not like this movie": the default sentiment network, trained, and read word by word."""

import contextlib
import io
from pathlib import Path
from tempfile import TemporaryDirectory

import plotly.graph_objects as go
from omegaconf import OmegaConf
from plotly.subplots import make_subplots

from unrolled.config.identity import RunIdentity
from unrolled.config.schema import plain
from unrolled.inspection.predict import Prediction, predict
from unrolled.processes.logs import announce
from unrolled.record.run_record import RunRecord
from unrolled.report.figures import COLOURS, DASHES, layout, stroke, text
from unrolled.report.shell import Section
from unrolled.run.lifecycle import run
from unrolled.run.preflight import compose

from .demo import Demo
from .shuffling import Cost, cost

PLAIN, NEGATED, OTHER = "I like this movie", "I do not like this movie", "I do really like this movie"
AGAINST = "positive"
OVERRIDES = ("tracker=none", "trainer.progress=false", "probe=off")
SCORE = "val/accuracy"
NOTHING = 0.05  # a smaller change of a probability counts as none


def trained(folder: Path, *overrides: str) -> RunRecord:
    """Trains the default network in `folder`, without output, and returns its record.

    overrides: of the configuration, KEY=VALUE.
    """
    config = compose([*OVERRIDES, *overrides])
    saved = folder / ".hydra" / "config.yaml"
    saved.parent.mkdir(parents=True)
    with contextlib.redirect_stdout(io.StringIO()):
        run(config, RunIdentity(folder, "not", "not"))
    OmegaConf.save(OmegaConf.create(plain(config)), saved)
    return RunRecord.read(folder)


def read(folder: Path) -> dict[str, Prediction]:
    """Returns the predictions of the network in `folder` for the three sentences, the loss against "positive"."""
    found = {}
    for sentence in (PLAIN, NEGATED, OTHER):
        prediction = predict(folder, sentence, AGAINST)
        assert isinstance(prediction, Prediction)
        found[sentence] = prediction
    return found


def demo() -> Demo:
    with TemporaryDirectory() as folder:
        announce("training the default network")
        record = trained(Path(folder) / "run")
        announce("reading the sentences, and shuffling those that it was not trained on")
        predictions = read(Path(folder) / "run")
        shuffling = cost(Path(folder) / "run")
    sections = (
        Section(
            "Word by word",
            "The probabilities of the three classes if the sentence ended at this word. Read them from left to right, "
            "and watch what happens at the word not.",
            _probabilities(predictions),
            _answers(predictions),
            "unrolled train tracker=none hydra.run.dir=FOLDER && "
            f'unrolled predict FOLDER "{NEGATED}" --label {AGAINST}',
        ),
        Section(
            "Which words the loss listens to",
            "The gradient of the loss in each word's vector, as its share of all words'. A word whose share is small "
            "could be changed without the answer changing much.",
            _shares(predictions),
            tuple(_attribution(sentence, predictions[sentence]) for sentence in (PLAIN, NEGATED)),
        ),
        Section(
            "What this network is worth",
            "All of it is to be read with its score beside it. A bag of words counts words and knows no order; the "
            "bar of shuffled words is of one shuffle, the sentence below of many.",
            _scores(_compared(record)),
            _verdict(_compared(record), shuffling),
        ),
    )
    return Demo(
        'What does "not" do?',
        "The default network, 8 units trained for seconds on sentences about films, reads two sentences that mean "
        "the opposite of each other.",
        sections,
    )


def _positive(prediction: Prediction) -> float:
    return float(prediction.shares[-1, prediction.classes.index(AGAINST)])


def _answers(predictions: dict[str, Prediction]) -> tuple[str, ...]:
    ends = [f'"{sentence}": {_positive(each):.1%} {AGAINST} at the end.' for sentence, each in predictions.items()]
    return *ends, _effect(
        _positive(predictions[NEGATED]) - _positive(predictions[PLAIN]),
        _positive(predictions[NEGATED]) - _positive(predictions[OTHER]),
    )


def _effect(added: float, exchanged: float) -> str:
    """Describes how a negation changes the probability of positive.

    added: change if "do not" is added to the sentence.
    exchanged: change if "not" takes the place of "really".
    """
    if added > -NOTHING:
        verdict = "On these sentences the network does not show that it has learnt what not means"
    elif exchanged > -NOTHING:
        verdict = "The negation lowers it, but so does another word in its place"
    else:
        verdict = "On these sentences the network treats not as a negation"
    return (
        f'{verdict}: adding "do not" moves the probability of {AGAINST} by {100 * added:+z.1f} points, "not" in the '
        f'place of "really" by {100 * exchanged:+z.1f}.'
    )


def _attribution(sentence: str, prediction: Prediction) -> str:
    total = float(prediction.dx.sum())
    shares = ", ".join(
        f"{word} {float(dx) / total:.0%}" for word, dx in zip(prediction.words, prediction.dx, strict=True)
    )
    return f'"{sentence}": {shares}.'


def _compared(record: RunRecord) -> dict[str, float]:
    """Returns the accuracies of the network and its baselines, without those of hidden words."""
    others = {name: scores for name, scores in record.references.items() if "unknown" not in name}
    every = {"this network": record.metrics, record.baseline_name: record.baseline, **others}
    return {name: score for name, scores in every.items() if (score := scores.get(SCORE)) is not None}


def _verdict(scores: dict[str, float], shuffling: Cost) -> tuple[str, ...]:
    accuracies = ", ".join(f"{name} {score:z.3f}" for name, score in scores.items())
    own, bag = (scores[name] for name in ("this network", "bag of words"))
    place = "below" if own < bag else "above"
    return (
        f"Validation accuracy: {accuracies}.",
        f"It stays {place} a bag of words, by {100 * abs(own - bag):z.0f} points.",
        shuffling.in_words(),
    )


def _probabilities(predictions: dict[str, Prediction]) -> go.Figure:
    figure = make_subplots(1, 2, shared_yaxes=True, subplot_titles=[text(PLAIN), text(NEGATED)])
    for column, sentence in enumerate((PLAIN, NEGATED), start=1):
        each = predictions[sentence]
        for i, name in enumerate(each.classes):
            figure.add_scatter(
                x=_places(each), y=(100 * each.shares[:, i]).tolist(), name=name, legendgroup=name,
                showlegend=column == 1, mode="lines+markers", line=stroke(i), marker={"symbol": i, "size": 9},
                row=1, col=column,
            )  # fmt: skip
    figure.update_xaxes(title="read up to this word")
    figure.update_yaxes(title="probability, %", range=[0, 100], col=1)
    figure.update_layout(height=430, **layout())
    figure.update_layout(legend_y=1.12)
    return figure


def _places(prediction: Prediction) -> list[str]:
    """Returns the words, numbered because a word may occur twice."""
    return [f"{i} {text(word)}" for i, word in enumerate(prediction.words, start=1)]


def _shares(predictions: dict[str, Prediction]) -> go.Figure:
    figure = make_subplots(1, 2, shared_yaxes=True, subplot_titles=[text(PLAIN), text(NEGATED)])
    for column, sentence in enumerate((PLAIN, NEGATED), start=1):
        each = predictions[sentence]
        share = (100 * each.dx / each.dx.sum()).tolist()
        figure.add_bar(
            x=_places(each), y=share, marker={"color": COLOURS[column - 1]}, showlegend=False, row=1, col=column
        )
    figure.update_xaxes(title="word")
    figure.update_yaxes(title="share of the norms of dL/dx<sub>t</sub>, %", col=1)
    figure.update_layout(height=400, **layout())
    return figure


def _scores(scores: dict[str, float]) -> go.Figure:
    names = list(scores)[::-1]
    patterns = {"shape": [("", "/", ".", "x")[i % len(DASHES)] for i in range(len(names))][::-1]}
    figure = go.Figure(
        go.Bar(
            x=[100 * scores[name] for name in names], y=names, orientation="h",
            text=[f"{scores[name]:.1%}" for name in names], textposition="outside",
            marker={"color": COLOURS[5], "pattern": patterns},
        )
    )  # fmt: skip
    figure.update_xaxes(title="validation accuracy, %", range=[0, 100])
    figure.update_yaxes(title="", automargin=True)
    figure.update_layout(height=320, **layout())
    return figure
