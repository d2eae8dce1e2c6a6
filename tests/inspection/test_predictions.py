"""`predictions.csv` of a run: each row is that of the file, and each answer is that of a loop over its checkpoint."""

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

import own_data
from conftest import QUICK, train

PLAIN = ["tracker=none", "probe=off", "model.hidden=8"]


def trained(folder: Path, *overrides: str) -> Path:
    train(*QUICK, *PLAIN, f"hydra.run.dir={folder}", *overrides).check_returncode()
    return folder


def table(file: Path, **options: Any) -> Any:
    """A frame, whose columns type checkers do not know."""
    return pd.read_csv(file, **options)


def weights_of(run: Path) -> dict[str, np.ndarray]:
    kept = torch.load(run / "checkpoints" / "last.ckpt", map_location="cpu", weights_only=True)["state_dict"]
    return {name.removeprefix("network."): value.double().numpy() for name, value in kept.items()}


def answered(weights: dict[str, np.ndarray], x: np.ndarray, rnn: str = "rnn") -> np.ndarray:
    """The states of one sequence x (T, E), (T, H)."""
    h, states = np.zeros(len(weights[f"{rnn}.W_h"])), []
    for each in x:
        h = np.tanh(weights[f"{rnn}.W_x"] @ each + weights[f"{rnn}.W_h"] @ h + weights[f"{rnn}.b"])
        states.append(h)
    return np.array(states)


def read_out(weights: dict[str, np.ndarray], h: np.ndarray) -> np.ndarray:
    return h @ weights["W_o"].T + weights["b_o"]


def softmax(values: np.ndarray) -> np.ndarray:
    powers = np.exp(values - values.max())
    return powers / powers.sum()


def metrics(run: Path) -> dict[str, Any]:
    return json.loads((run / "status.json").read_text(encoding="utf-8"))["metrics"]


def test_forecasts_are_those_of_a_loop_over_the_rows_of_the_file_in_order_of_time(tmp_path: Path) -> None:
    """Two series in mixed order, of which changes are forecast: everything is found again by row number alone."""
    draws = np.random.default_rng(1)
    rows = [[f"s{k}", t, f"{100 + 20 * k + 9 * np.sin(t / 2) + draws.normal():.3f}"] for t in range(60) for k in (0, 1)]
    rows = [rows[i] for i in draws.permutation(len(rows))]
    file = own_data.write(tmp_path / "prices.csv", ["ticker", "day", "close"], rows)
    options = ["task.target=close", "task.time=day", "task.group=ticker", "task.window=7", "task.horizon=2"]
    run = trained(tmp_path / "run", "task=series", f"task.file={file}", *options, "task.difference=true")

    found, frame = table(run / "predictions.csv"), table(file)
    weights, border = weights_of(run), sorted(frame.day.unique())[48]
    training, by_time = (
        frame[frame.day < border],
        {name: each.sort_values("day") for name, each in frame.groupby("ticker")},
    )
    changes = np.concatenate([each[each.day < border].close.diff(2).to_numpy()[8:] for each in by_time.values()])
    assert len(found) == (frame.day >= border).sum()
    for row in found.itertuples():
        there = frame.iloc[int(row.row) - 2]  # row 1 is the head
        assert (there.ticker, there.day, there.close) == (row.ticker, row.day, row.true)
        assert there.day >= border
        series = by_time[there.ticker]
        read = series[series.day <= there.day - 2].close.to_numpy()[-7:]
        x = (read - training.close.mean()) / training.close.std(ddof=0)
        change = read_out(weights, answered(weights, x[:, None])[-1]) * changes.std() + changes.mean()
        assert row.predicted == pytest.approx(read[-1] + change.item(), rel=1e-5)
    error = ((found.predicted - found.true) ** 2).mean() / changes.var()
    assert metrics(run)["val/loss"] == pytest.approx(error, rel=1e-4)


def test_classes_of_sequences_are_those_of_a_loop_although_some_sequences_are_dropped(tmp_path: Path) -> None:
    kept = dict(np.load(own_data.sequences(tmp_path / "whole.npz")))
    starts = np.cumsum(kept["lengths"]) - kept["lengths"]
    kept["x"][starts[[3, 40]]] = np.nan
    np.savez(tmp_path / "data.npz", **kept)
    run = trained(tmp_path / "run", "task=sequences", f"task.file={tmp_path / 'data.npz'}", "task.missing=drop")

    found, weights = table(run / "predictions.csv"), weights_of(run)
    owner = np.repeat(np.arange(len(starts)), kept["lengths"])
    assert not {3, 40} & set(found.sequence)
    training = ~np.isin(owner, [3, 40, *found.sequence])
    mean, sd = kept["x"][training].mean(0, dtype=np.float64), kept["x"][training].std(0, dtype=np.float64)
    for row in found.to_dict("records"):
        x = (kept["x"][owner == row["sequence"]] - mean) / sd
        shares = softmax(read_out(weights, answered(weights, x)[-1]))
        assert [row["probability of down"], row["probability of up"]] == pytest.approx(shares.tolist(), abs=2e-5)
        assert row["probability"] == pytest.approx(shares.max(), abs=2e-5)
        assert (row["true"], row["predicted"]) == (kept["y"][row["sequence"]], ["down", "up"][shares.argmax()])
    assert metrics(run)["val/accuracy"] == pytest.approx((found["true"] == found.predicted).mean())


def test_an_answer_a_step_has_its_step_in_the_file_although_only_the_last_steps_are_read(tmp_path: Path) -> None:
    draws = np.random.default_rng(0)
    lengths = draws.integers(4, 10, size=30)
    x = draws.normal(size=(lengths.sum(), 2)).astype(np.float32)
    np.savez(tmp_path / "data.npz", x=x, lengths=lengths, y=x[:, 0] + 5)
    run = trained(tmp_path / "run", "task=sequences", f"task.file={tmp_path / 'data.npz'}", "task.length=6")

    found, ends = table(run / "predictions.csv"), np.cumsum(lengths)
    for i, each in found.groupby("sequence"):
        assert each.step.tolist() == list(range(max(0, lengths[i] - 6), lengths[i]))
        assert each.true.tolist() == pytest.approx((x[ends[i] - len(each) : ends[i], 0] + 5).tolist())
    spread = found.groupby("sequence").predicted.nunique()
    assert (spread == found.groupby("sequence").size()).all()


def test_labels_of_texts_are_those_of_a_loop_and_have_their_rows(tmp_path: Path) -> None:
    file = own_data.texts(tmp_path / "texts.csv")
    lines = file.read_text(encoding="utf-8").splitlines()
    file.write_text("\n".join([*lines[:5], ",yes", *lines[5:]]), encoding="utf-8")  # a row without a text
    run = trained(tmp_path / "run", "task=texts", f"task.file={file}", "task.missing=drop", "embedding.dim=4")

    found, frame, weights = table(run / "predictions.csv"), table(file), weights_of(run)
    training = frame.drop(found.row - 2).text.dropna()
    counts = pd.Series(re.findall(r"\w+", " ".join(training))).value_counts()
    words = sorted(counts.index, key=lambda word: (-counts[word], word))
    for row in found.itertuples():
        there = frame.iloc[int(row.row) - 2]
        x = weights["embedding.weight"][[2 + words.index(word) for word in there.text.split()][-8:]]
        shares = softmax(read_out(weights, answered(weights, x)[-1]))
        assert row.probability == pytest.approx(shares.max(), abs=2e-5)
        assert (row.true, row.predicted) == (there.label, ["no", "yes"][shares.argmax()])


def test_texts_that_are_written_stand_beside_those_of_the_file(tmp_path: Path) -> None:
    words = sorted({"".join(np.random.default_rng(i).choice(list("abc"), size=4)) for i in range(60)})
    rows: list[list[object]] = [[word, " ".join(word.upper())] for word in words]
    file = own_data.write(tmp_path / "words.csv", ["word", "phones"], rows)
    options = ["task.text=word", "task.answer=phones", "task.unit=letter", "task.answer_unit=word"]
    run = trained(tmp_path / "run", "task=texts", f"task.file={file}", *options, "optimizer.lr=0.02")

    found, frame = table(run / "predictions.csv", keep_default_na=False), table(file)
    assert found.true.tolist() == frame.phones[found.row - 2].str.lower().tolist()
    assert set(" ".join(found.predicted).split()) <= {"a", "b", "c"}
    assert (found.true == found.predicted).mean() == pytest.approx(metrics(run)["val/exact_match"])


def test_a_task_without_a_file_has_no_such_table(tmp_path: Path) -> None:
    assert not (trained(tmp_path / "run", "task=latch") / "predictions.csv").exists()
