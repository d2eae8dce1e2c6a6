"""The default network, trained on real sentences about films, and what "not" does to its answer."""

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
from unrolled.report.figures import layout, stroke, text
from unrolled.report.shell import Section
from unrolled.run.lifecycle import run
from unrolled.run.preflight import compose

from .shuffling import Cost, cost

PLAIN, NEGATED, OTHER = "I like this movie", "I do not like this movie", "I do really like this movie"
AGAINST = "positive"
OVERRIDES = ("tracker=none", "trainer.progress=false", "probe=off")
SCORE = "val/accuracy"
NOTHING = 0.05  # a smaller change of a probability counts as none


def section() -> Section:
    """Computes the part of the page about real sentences."""
    with TemporaryDirectory() as folder:
        announce("training the default network on real sentences")
        record = trained(Path(folder) / "run")
        announce("reading the sentences, and shuffling those that it was not trained on")
        predictions = read(Path(folder) / "run")
        shuffling = cost(Path(folder) / "run")
    return Section(
        "A network trained on real sentences",
        "The default network, 8 units trained for seconds on sentences about films: the probabilities of the three "
        "classes if the sentence ended at this word. Few of these sentences turn on one word.",
        _probabilities(predictions),
        (*_answers(predictions), *_verdict(_compared(record), shuffling)),
        f'unrolled train tracker=none hydra.run.dir=FOLDER && unrolled predict FOLDER "{NEGATED}" --label {AGAINST}',
    )


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


def _positive(prediction: Prediction) -> float:
    return float(prediction.shares[-1, prediction.classes.index(AGAINST)])


def _answers(predictions: dict[str, Prediction]) -> tuple[str, ...]:
    ends = [f'"{sentence}": {_positive(each):.1%} {AGAINST}' for sentence, each in predictions.items()]
    return "; ".join(ends) + ".", _effect(
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
        f"It stays {place} a bag of words, which knows no order, by {100 * abs(own - bag):z.0f} points.",
        shuffling.in_words(),
    )


def _probabilities(predictions: dict[str, Prediction]) -> go.Figure:
    figure = make_subplots(1, 2, shared_yaxes=True, subplot_titles=[text(PLAIN), text(NEGATED)])
    for column, sentence in enumerate((PLAIN, NEGATED), start=1):
        each = predictions[sentence]
        for i, name in enumerate(each.classes):
            figure.add_scatter(
                x=numbered(each.words), y=(100 * each.shares[:, i]).tolist(), name=name, legendgroup=name,
                showlegend=column == 1, mode="lines+markers", line=stroke(i), marker={"symbol": i, "size": 9},
                row=1, col=column,
            )  # fmt: skip
    figure.update_xaxes(title="read up to this word")
    figure.update_yaxes(title="probability, %", range=[0, 100], col=1)
    figure.update_layout(height=430, **layout())
    figure.update_layout(legend_y=1.12)
    return figure


def numbered(words: list[str]) -> list[str]:
    """Returns the words with their places, because a word may occur twice."""
    return [f"{i} {text(word)}" for i, word in enumerate(words, start=1)]
