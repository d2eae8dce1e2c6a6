"""Leaks from the validation part into the training: a detector, the tasks as they are, and leaks that it must find.

The detector knows nothing of how a task is made. It changes the file where rows validate, and nothing else, and looks
whether anything of the training changes; and it looks for rows, or groups, that both parts hold.
"""

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import torch

from unrolled import tasks
from unrolled.run.preflight import compose
from unrolled.tasks import answers, load, sequences, series, text
from unrolled.tasks.data import Data, Guess, Later, Split
from unrolled.tasks.tables import parts, series_table, windows

N, CUT = 200, 160  # rows, and the first that validates


def loaded(*words: str) -> Data:
    tasks._LAST.clear()
    return load(compose([*words, "tracker=none"]).task, 0)


def trained_by(data: Data) -> dict[str, Any]:
    """All that a training takes from the data, and what the baselines answer."""
    assert isinstance(data.train, Split)
    kept: dict[str, Any] = {
        "x": data.train.x, "y": data.train.y, "mask": data.train.mask, "reads": data.reads, "answers": data.answers,
        "weights": list(data.weights), "needs": list(data.needs),
    }  # fmt: skip
    if data.units is not None:
        kept["units"] = (data.units.means, data.units.sds)
    return kept


def differences(first: Data, second: Data) -> list[str]:
    """The names of what differs, bit by bit."""
    one, other = trained_by(first), trained_by(second)
    return [name for name in one if not _equal(one[name], other[name])]


def _equal(one: Any, other: Any) -> bool:
    return torch.equal(one, other) if isinstance(one, torch.Tensor) else one == other


def fitted(data: Data) -> dict[str, torch.Tensor]:
    """What each baseline answers."""
    guesses: dict[str, Guess | Later] = {data.baseline_name: data.baseline, **data.references}
    return {name: each.answer for name, each in guesses.items() if each.answer is not None}


def gap(values: np.ndarray) -> list[str]:
    """A column whose last training row is missing."""
    found = [f"{value:.6f}" for value in values]
    found[CUT - 1] = ""
    return found


def write_series(file: Path, late: float) -> list[str]:
    """A wave, whose validation part is another one by `late`."""
    t = np.arange(N)
    values = np.sin(2 * np.pi * t / 8) + 0.1 * np.random.default_rng(0).normal(size=N)
    values[CUT:] = values[CUT:] * (1 - late) + late * (3 * np.sin(2 * np.pi * t[CUT:] / 5) + 1)
    pd.DataFrame({"close": gap(values)}).to_csv(file, index=False)
    return ["task=series", f"task.file={file}", "task.window=10", "task.missing=interpolate"]


def write_texts(file: Path, late: float) -> list[str]:
    """Texts whose validation rows have other words and other labels if `late` is not 0."""
    draws = np.random.default_rng(0)
    words = [" ".join(draws.choice(list("abcdef"), size=4)) for _ in range(N)]
    labels = [["no", "yes"][" a" in f" {each}"] for each in words]
    if late:
        words[CUT:] = [each.upper() for each in words[CUT:]]
        labels[CUT:] = ["yes", *["no"] * (N - CUT - 1)]
    split = ["train"] * CUT + ["val"] * (N - CUT)
    pd.DataFrame({"text": words, "label": labels, "split": split}).to_csv(file, index=False)
    return ["task=texts", f"task.file={file}", "task.split=split", "task.weights=balanced"]


def write_sequences(file: Path, late: float) -> list[str]:
    draws = np.random.default_rng(0)
    x = draws.normal(size=(N, 6, 2))
    y = x[:, 0, :1] * 3 + 1
    x[CUT:] = x[CUT:] * (1 + late) + 5 * late
    y[CUT:] = y[CUT:] * (1 + late)
    np.savez(file, x=x, y=y, split=np.array(["train"] * CUT + ["val"] * (N - CUT)))
    return ["task=sequences", f"task.file={file}", "task.split=split"]


WRITERS: dict[str, Callable[[Path, float], list[str]]] = {
    "series.csv": write_series, "texts.csv": write_texts, "sequences.npz": write_sequences,
}  # fmt: skip


def found_in(folder: Path, name: str) -> list[str]:
    """What of the training changes with the validation rows."""
    (folder / "a").mkdir()
    (folder / "b").mkdir()
    return differences(*(loaded(*WRITERS[name](folder / at / name, late)) for at, late in (("a", 0.0), ("b", 1.0))))


@pytest.mark.parametrize("name", WRITERS)
def test_nothing_of_the_training_changes_with_the_validation_rows(name: str, tmp_path: Path) -> None:
    assert found_in(tmp_path, name) == []


def everything(found: parts.Parts) -> parts.Parts:
    """Parts whose training part is the whole file."""
    return found._replace(train=np.arange(N))


def leak_of_the_scale(patch: pytest.MonkeyPatch) -> None:
    own = sequences._scale
    patch.setattr(sequences, "_scale", lambda found, chosen, config: own(found, everything(chosen), config))


def leak_of_the_answers_scale(patch: pytest.MonkeyPatch) -> None:
    own = sequences._answers
    patch.setattr(
        sequences, "_answers", lambda found, names, chosen, config: own(found, names, everything(chosen), config)
    )


def leak_of_the_inputs_scale(patch: pytest.MonkeyPatch) -> None:
    own = series.input_units
    patch.setattr(series, "input_units", lambda table, config: own(replace(table, part=table.part * 0), config))


def leak_of_the_season(patch: pytest.MonkeyPatch) -> None:
    own, kept = series_table.season, {}

    def numbers(*words: Any) -> np.ndarray:
        kept["all"] = own_numbers(*words)
        return kept["all"]

    own_numbers = series_table.numbers
    patch.setattr(series_table, "numbers", numbers)
    patch.setattr(series_table, "season", lambda _: own([np.nan_to_num(kept["all"][CUT:])]))


def leak_of_the_filling(patch: pytest.MonkeyPatch) -> None:
    own = series_table._fill
    patch.setattr(series_table, "_fill", lambda values, part, rows, way: own(values, part * 0, rows, way))


def leak_of_the_vocabulary(patch: pytest.MonkeyPatch) -> None:
    own = text.build_vocabulary
    patch.setattr(text, "build_vocabulary", lambda sentences, least: own([*sentences, ["A"] * 9, ["B"] * 9], least))


def leak_of_the_weights(patch: pytest.MonkeyPatch) -> None:
    own = answers.weighted

    def with_all(data: Data, config: Any) -> Data:
        assert isinstance(data.train, Split)
        both = replace(data.train, y=torch.cat([data.train.y, data.val.y]))
        return replace(own(data, config), weights=own(replace(data, train=both), config).weights)

    patch.setattr("unrolled.tasks.texts.weighted", with_all)


PLANTED = {
    "scale": (leak_of_the_scale, "sequences.npz", "x"),
    "scale of the answers": (leak_of_the_answers_scale, "sequences.npz", "y"),
    "scale of a series": (leak_of_the_inputs_scale, "series.csv", "x"),
    "season": (leak_of_the_season, "series.csv", "needs"),
    "filling": (leak_of_the_filling, "series.csv", "x"),
    "weights": (leak_of_the_weights, "texts.csv", "weights"),
}


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_leak_is_found(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    plant, file, leaks = PLANTED[name]
    plant(monkeypatch)
    assert leaks in found_in(tmp_path, file)


def test_a_vocabulary_of_all_texts_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Words that only validation texts have stand in it."""
    words = write_texts(tmp_path / "texts.csv", 1.0)
    assert not {"A", "B"} & set(_names(loaded(*words)))
    leak_of_the_vocabulary(monkeypatch)
    assert {"A", "B"} <= set(_names(loaded(*words)))


def _names(data: Data) -> list[str]:
    assert isinstance(data.reads, list)
    return data.reads


def shared_rows(data: Data) -> set[float]:
    """The rows that validation forecasts and that training reads or forecasts, of a series whose values are unique."""
    assert isinstance(data.train, Split)
    return set(data.val.y.flatten().tolist()) & {*data.train.x.flatten().tolist(), *data.train.y.flatten().tolist()}


def test_windows_that_cross_the_border_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pd.DataFrame({"close": np.arange(N)}).to_csv(tmp_path / "count.csv", index=False)
    words = ["task=series", f"task.file={tmp_path / 'count.csv'}", "task.window=10", "task.scale=none"]
    assert shared_rows(loaded(*words)) == set()
    own = windows.windows
    monkeypatch.setattr(
        series, "windows", lambda readable, wanted, **sizes: own(readable | True, wanted | True, **sizes)
    )
    assert shared_rows(loaded(*words))


def shared_authors(data: Data) -> set[int]:
    """The authors, each a word, that both parts hold."""
    assert isinstance(data.train, Split) and isinstance(data.reads, list)
    first, second = ({data.reads[i] for i in part.x[:, -1].tolist()} for part in (data.train, data.val))
    return first & second


def test_groups_that_are_cut_are_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An author of whom training has no text is unknown to the vocabulary."""
    draws = np.random.default_rng(0)
    authors = [f"author{i % 10}" for i in range(N)]
    rows = {"text": [f"by {each}" for each in authors], "author": authors, "label": draws.integers(0, 2, N)}
    pd.DataFrame(rows).to_csv(tmp_path / "texts.csv", index=False)
    words = ["task=texts", f"task.file={tmp_path / 'texts.csv'}", "task.split_by=author", "task.answers=classes"]
    assert shared_authors(loaded(*words)) <= {"<unk>"}
    monkeypatch.setattr(parts, "by_groups", lambda groups, share, *_: parts.at_random(len(groups), share, None))
    monkeypatch.setattr(parts, "check_whole", lambda *_: None)
    assert shared_authors(loaded(*words)) - {"<unk>"}


def with_other_targets(name: str, folder: Path) -> Iterator[Data]:
    """The data, and those whose validation answers alone are others."""
    for at in ("a", "b"):
        (folder / at).mkdir()
        file = folder / at / name
        words = WRITERS[name](file, 0.0)
        if at == "b" and name == "texts.csv":
            table = pd.read_csv(file)
            table.loc[CUT:, "label"] = table.loc[CUT:, "label"].to_numpy()[::-1]
            table.to_csv(file, index=False)
        elif at == "b":
            with np.load(file) as kept:
                arrays = {key: kept[key] for key in kept.files}
            arrays["y"][CUT:] *= -2
            np.savez(file, **arrays)
        yield loaded(*words)


def changed_baselines(first: Data, second: Data) -> list[str]:
    one, other = fitted(first), fitted(second)
    return [name for name in one if not torch.equal(one[name], other[name])]


FITTED = ["texts.csv", "sequences.npz"]


@pytest.mark.parametrize("name", FITTED)
def test_no_baseline_knows_an_answer_of_the_validation(name: str, tmp_path: Path) -> None:
    assert changed_baselines(*with_other_targets(name, tmp_path)) == []


@pytest.mark.parametrize("name", FITTED)
def test_a_baseline_that_was_fitted_on_the_validation_is_found(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own_bag, own_numbers = text.bag_of_words, sequences._of_numbers
    monkeypatch.setattr(text, "bag_of_words", lambda _, val, *sizes: own_bag(val, val, *sizes))
    monkeypatch.setattr(sequences, "_of_numbers", lambda found, _, val, units: own_numbers(found, val, val, units))
    assert changed_baselines(*with_other_targets(name, tmp_path))
