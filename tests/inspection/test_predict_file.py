"""`unrolled predict RUN FILE`: the training's scale and vocabulary, forecasts beyond the end, mistakes in a line."""

import csv
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import own_data
from conftest import QUICK, train
from unrolled.errors import UserError
from unrolled.inspection.predict import Answer, Prediction, predict
from unrolled.inspection.predict_file import names_a_file, predict_file
from unrolled.tasks.places import ENDINGS
from unrolled.tasks.tables.reading import PARQUET, SEPARATORS

PLAIN = ["tracker=none", "probe=off", "model.hidden=8"]


def trained(folder: Path, *overrides: str) -> Path:
    train(*QUICK, *PLAIN, f"hydra.run.dir={folder}", *overrides).check_returncode()
    return folder


@pytest.fixture(scope="module")
def runs(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A run of each task, the series' three rows ahead, and runs from texts to other texts and to numbers."""
    folder = tmp_path_factory.mktemp("predicted")
    words: list[list[object]] = [
        ["".join(word), " ".join(word)] for word in np.random.default_rng(0).choice(list("abcd"), size=(60, 4))
    ]
    own_data.write(folder / "words.csv", ["word", "answer"], words)
    own_data.write(
        folder / "marks.csv", ["text", "mark"], [[f"{'good ' * (i % 5)}film", i % 5 + 0.5] for i in range(60)]
    )
    options = {
        "series": [f"task.file={own_data.series(folder / 'wave.csv')}", "task.window=9", "task.horizon=3"],
        "texts": [f"task.file={own_data.texts(folder / 'texts.csv')}", "task.unit=letter"],
        "sequences": [f"task.file={own_data.sequences(folder / 'data.npz')}"],
        "written": [f"task.file={folder / 'words.csv'}", "task.text=word", "task.answer=answer", "task.unit=letter"],
        "marks": [f"task.file={folder / 'marks.csv'}", "task.label=mark"],
    }
    return {
        name: trained(folder / name, f"task={name if name in own_data.MAKERS else 'texts'}", *each)
        for name, each in options.items()
    }


def table(file: Path) -> Any:
    return pd.read_csv(file, dtype={"row": "Int64"})


def rows_of(file: Path) -> list[list[object]]:
    with file.open(encoding="utf-8") as opened:
        return list(csv.reader(opened))  # type: ignore[arg-type]


@pytest.mark.parametrize("name", ["series", "texts", "sequences", "written"])
def test_the_file_of_the_training_gets_the_answers_that_the_run_has_written(
    runs: dict[str, Path], tmp_path: Path, name: str
) -> None:
    files = {"series": "wave.csv", "texts": "texts.csv", "sequences": "data.npz", "written": "words.csv"}
    file = runs[name].parent / files[name]
    lines = predict_file(runs[name], file, tmp_path, "last")
    every, before = table(tmp_path / f"{file.stem}_predicted.csv"), table(runs[name] / "predictions.csv")
    key = before.columns[0]
    again = every[every[key].isin(before[key])].reset_index(drop=True)
    assert len(again) == len(before) < len(every)
    for column in before:
        if before[column].dtype == np.float64:
            assert again[column].tolist() == pytest.approx(before[column].tolist(), abs=2e-6)
        else:
            assert again[column].tolist() == before[column].tolist()
    assert any("the run was trained on most rows" in line for line in lines)


def test_forecasts_go_on_beyond_the_end_in_the_scale_of_the_training(runs: dict[str, Path], tmp_path: Path) -> None:
    """A file of the last rows alone, without more: each forecast is that for the whole file."""
    whole = runs["series"].parent / "wave.csv"
    head, *rows = rows_of(whole)
    part = own_data.write(tmp_path / "end.csv", [str(each) for each in head], rows[-15:])
    predict_file(runs["series"], whole, tmp_path)
    lines = predict_file(runs["series"], part, tmp_path)
    found, expected = table(tmp_path / "end_predicted.csv"), table(tmp_path / "wave_predicted.csv")
    assert found.row.tolist() == list(range(13, 20))  # 15 rows and the head, and three beyond
    assert found.true.isna().tolist() == [False] * 4 + [True] * 3
    assert found.predicted.tolist() == pytest.approx(expected.predicted[-7:].tolist(), rel=1e-5)
    assert found.true[:4].tolist() == [float(str(row[0])) for row in rows[-4:]]
    for ending in (".png", ".svg"):
        assert (tmp_path / f"end_predicted{ending}").stat().st_size > 1000
    assert [line.split(":")[0] for line in lines if line.startswith("forecast")] == [
        f"forecast  row {row}" for row in (17, 18, 19)
    ]


def test_texts_without_labels_have_predictions_and_no_score(runs: dict[str, Path], tmp_path: Path) -> None:
    file = own_data.write(tmp_path / "new.csv", ["text"], [["good film"], [""], ["dull qz"]])
    lines = predict_file(runs["texts"], file, tmp_path / "out")
    found = table(tmp_path / "out" / "new_predicted.csv")
    assert (found.row.tolist(), found.true.isna().all()) == ([2, 4], True)
    assert found["probability of no"].tolist() == pytest.approx((1 - found["probability of yes"]).tolist(), abs=2e-6)
    assert [line.partition("  ")[0] for line in lines] == ["table", "note", "note", "note"]
    assert "not in the vocabulary: q, z" in lines[-1]


def test_letters_are_read_as_letters_and_unknown_ones_are_named(runs: dict[str, Path]) -> None:
    labelled, written = predict(runs["texts"], "good q"), predict(runs["written"], "abzcq")
    assert isinstance(labelled, Prediction) and isinstance(written, Answer)
    assert (labelled.words, labelled.unit) == ([*"good ", "<unk>"], "letter")
    assert (labelled.note, written.note) == ("not in the vocabulary: q", "not in the vocabulary: z, q")


def test_a_number_is_printed_in_the_units_of_the_data(runs: dict[str, Path], tmp_path: Path) -> None:
    found = predict(runs["marks"], "good good film")
    file = own_data.write(tmp_path / "one.csv", ["text", "mark"], [["good good film", 2.5]])
    predict_file(runs["marks"], file, tmp_path)
    number = table(tmp_path / "one_predicted.csv").predicted[0]
    assert isinstance(found, str) and found.split()[0] == "mark"
    assert float(found.split()[1]) == pytest.approx(number, rel=1e-5)
    with pytest.raises(UserError, match="--label good: task=texts of this run has no classes"):
        predict(runs["marks"], "a film", "good")


def test_a_file_that_is_not_ours_is_not_written_over(runs: dict[str, Path], tmp_path: Path) -> None:
    file = own_data.write(tmp_path / "new.csv", ["text"], [["good film"]])
    predict_file(runs["texts"], file, tmp_path)
    predict_file(runs["texts"], file, tmp_path)  # its own it may
    mine = tmp_path / "mine" / "new_predicted.csv"
    mine.parent.mkdir()
    mine.write_text("mine", encoding="utf-8")
    with pytest.raises(UserError, match=r"holds new_predicted\.csv, which would be written over"):
        predict_file(runs["texts"], file, mine.parent)
    with pytest.raises(UserError, match="it is a file; allowed: a folder"):
        predict_file(runs["texts"], file, mine)
    assert mine.read_text(encoding="utf-8") == "mine"


def changed(runs: dict[str, Path], file: Path, **arrays: Any) -> Path:
    """The archive of the training with other arrays; None leaves one out."""
    kept = {**np.load(runs["sequences"].parent / "data.npz"), **arrays}
    np.savez(file, **{key: values for key, values in kept.items() if values is not None})
    return file


@pytest.mark.parametrize(
    ("name", "head", "rows", "message"),
    [
        ("series", ["close"], 11 * [["1"]], None),
        ("series", ["close"], 8 * [["1"]], "too short for a forecast: it has 8 rows; the run reads 9 rows in a row"),
        ("series", ["Close"], 20 * [["1"]], r"task.inputs=close: .* no such column \(did you mean Close\?\)"),
        ("series", ["close"], [*(12 * [["1"]]), [""], ["2"]], r"1 of 14 values of close is missing \(first in row 14"),
        ("series", ["close"], [*(12 * [["1"]]), ["x"]], r"close is no number in row 14 \('x'\)"),
        ("texts", ["review"], [["a film"]], "task.text=text: new.csv has no such column; columns: review"),
        ("texts", ["text", "label"], [["a", "yes"], ["b", "so"]], "label in row 3 is 'so', which is no class"),
        ("texts", ["text", "label"], [["", "yes"]], "text is empty in all rows"),
        ("sequences", ["close"], [["1"]], "its name must end in .npz"),
    ],
)  # fmt: skip
def test_a_table_that_does_not_fit_is_one_line(  # noqa: PLR0917
    runs: dict[str, Path], tmp_path: Path, name: str, head: list[str], rows: list[list[object]], message: str | None
) -> None:
    file = own_data.write(tmp_path / "new.csv", head, rows)
    if message is None:
        predict_file(runs[name], file, tmp_path / "out")
        return
    with pytest.raises(UserError, match=message) as caught:
        predict_file(runs[name], file, tmp_path / "out")
    assert "\n" not in str(caught.value) and not (tmp_path / "out").exists()


def test_an_archive_that_does_not_fit_is_one_line(runs: dict[str, Path], tmp_path: Path) -> None:
    whole = np.load(runs["sequences"].parent / "data.npz")
    n, steps = len(whole["lengths"]), len(whole["x"])
    wrong: list[tuple[dict[str, Any], str]] = [
        ({"x": np.zeros((steps, 3))}, "x has 3 numbers a step; the run reads 2"),
        ({"x": None}, "has no array x"),
        ({"y": np.array(["up"] * (n - 1) + ["left"])}, rf"y\[{n - 1}\] is 'left', which is no class of the run"),
        ({"y": np.array(["up"] * steps)}, "y has an answer a step; the run answers once a sequence"),
    ]
    for arrays, message in wrong:
        with pytest.raises(UserError, match=message):
            predict_file(runs["sequences"], changed(runs, tmp_path / "new.npz", **arrays), tmp_path / "out")
        assert not (tmp_path / "out").exists()
    lines = predict_file(runs["sequences"], changed(runs, tmp_path / "new.npz", y=None), tmp_path / "out")
    assert [line.partition("  ")[0] for line in lines] == ["table", "note"]


def test_inputs_of_the_wrong_kind_name_the_right_one(runs: dict[str, Path], tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"task=series, which reads a table: unrolled predict .* FILE"):
        predict(runs["series"], "some text")
    with pytest.raises(UserError, match=r"nothing\.csv: no such file"):
        predict_file(runs["series"], tmp_path / "nothing.csv")


def test_what_names_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "my reviews.CSV").write_text("text\n", encoding="utf-8")
    assert {*SEPARATORS, *PARQUET, ".npz"} == {*ENDINGS}
    typed = ("nothing.csv", "my reviews.CSV", "I read reviews.csv", "a film", "a.b")
    assert [names_a_file(each) for each in typed] == [True, True, False, False, False]
