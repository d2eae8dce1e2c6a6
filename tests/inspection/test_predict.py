"""Predictions of a trained network, word by word."""

from pathlib import Path

import pytest
import torch

from conftest import QUICK, train
from unrolled.config.validate import read_config
from unrolled.errors import UserError
from unrolled.inspection.predict import Prediction, predict, show
from unrolled.rnn import Embedding, SequenceToVector
from unrolled.tasks import load
from unrolled.training.module import RecurrentModule


@pytest.fixture(scope="module")
def sentiment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return trained(tmp_path_factory.mktemp("sentiment") / "run")


def trained(folder: Path, *overrides: str) -> Path:
    train(*QUICK, "tracker=none", f"hydra.run.dir={folder}", *overrides).check_returncode()
    return folder


def test_shares_and_gradients_are_those_of_a_loop_by_hand(sentiment: Path) -> None:
    prediction = predict(sentiment, "I do NOT like this movie!", label="negative")
    assert isinstance(prediction, Prediction)
    assert prediction.words == ["i", "do", "not", "like", "this", "movie"]
    assert prediction.classes == ["positive", "neutral", "negative"]
    assert prediction.shares.sum(1).tolist() == pytest.approx([1] * 6)
    network = RecurrentModule.load_from_checkpoint(
        sentiment / "checkpoints" / "best.ckpt", map_location="cpu", weights_only=True
    ).network.double()
    assert isinstance(network, SequenceToVector) and isinstance(network.embedding, Embedding)
    index = {word: i for i, word in enumerate(_vocabulary(sentiment))}
    inputs = [network.embedding.weight[index[word]].detach().requires_grad_() for word in prediction.words]
    h, shares = torch.zeros(8, dtype=torch.float64), torch.zeros(3)
    for t, x in enumerate(inputs):
        h = torch.tanh(network.rnn.W_x @ x + network.rnn.W_h @ h + network.rnn.b)
        shares = (network.W_o @ h + network.b_o).softmax(0)
        assert prediction.shares[t].tolist() == pytest.approx(shares.tolist(), rel=1e-4)
    (-shares[2].log()).backward()
    norms = [float(x.grad.norm()) for x in inputs if x.grad is not None]
    assert prediction.dx.tolist() == pytest.approx(norms, rel=1e-4)


def _vocabulary(folder: Path) -> list[str]:
    config = read_config(folder / ".hydra" / "config.yaml")
    names = load(config.task, config.seed).reads
    assert isinstance(names, list)
    return names


def test_it_is_shown_as_percentages(sentiment: Path, capsys: pytest.CaptureFixture[str]) -> None:
    show(predict(sentiment, "a qqqq film"))
    printed = capsys.readouterr().out
    assert [line.split()[0] for line in printed.splitlines()[1:4]] == ["a", "<unk>", "film"]
    assert printed.count("%") == 3 * 4


@pytest.mark.parametrize(
    ("text", "label", "message"),
    [("?!", None, "holds no word"), ("a film", "good", "--label good: allowed: positive, neutral, negative")],
)
def test_a_text_or_label_that_cannot_be_used_is_an_error(
    sentiment: Path, text: str, label: str | None, message: str
) -> None:
    with pytest.raises(UserError, match=message):
        predict(sentiment, text, label)


def test_a_folder_without_a_run_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="holds no finished run"):
        predict(tmp_path, "a film")


@pytest.mark.long
def test_an_encoder_decoder_writes(tmp_path: Path) -> None:
    folder = trained(tmp_path / "run", "task=numbers", "task.samples=200")
    prediction = predict(folder, "three hundred and two")
    assert isinstance(prediction, str)


def test_a_task_without_text_is_an_error(tmp_path: Path) -> None:
    folder = trained(tmp_path / "run", "task=latch")
    with pytest.raises(UserError, match="task=latch: predict needs a task that reads a text"):
        predict(folder, "a film")
