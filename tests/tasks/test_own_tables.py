"""Tasks from a user's own table: parts that leak nothing, windows, scales, seasons, and mistakes in one line."""

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import own_data
from unrolled.errors import UserError
from unrolled.run.preflight import compose
from unrolled.tasks import load
from unrolled.tasks.data import Data, Split
from unrolled.tasks.tables.missing import filled
from unrolled.tasks.tables.season import season
from unrolled.tasks.tables.windows import cut, windows
from unrolled.tasks.units import Units


def data_of(*overrides: str) -> Data:
    config = compose(["tracker=none", *overrides])
    return load(config.task, config.seed)


def in_memory(data: Data) -> Split:
    assert isinstance(data.train, Split)
    return data.train


@settings(max_examples=60)
@given(
    st.lists(st.booleans(), min_size=1, max_size=30), st.integers(1, 6), st.integers(1, 4), st.integers(0, 2**32 - 1)
)
def test_windows_are_those_of_a_loop(readable: list[bool], window: int, horizon: int, seed: int) -> None:
    wanted = np.random.default_rng(seed).random(len(readable)) < 0.5
    expected = [
        i
        for i in range(len(readable) - window + 1 - horizon)
        if all(readable[i : i + window]) and wanted[i + window - 1 + horizon]
    ]
    found = windows(np.array(readable), wanted, window=window, horizon=horizon)
    assert found.tolist() == expected


@pytest.mark.parametrize("first", [[0, 1, 2], [3], [0, 2, 5], []])
def test_a_cut_window_has_the_rows_from_its_first_on(first: list[int]) -> None:
    values = torch.arange(16.0).reshape(8, 2)
    found = cut(values, np.array(first, dtype=np.int64), 3)
    assert found.shape == (len(first), 3, 2)
    for each, i in zip(found, first, strict=True):
        assert torch.equal(each, values[i : i + 3])


@pytest.mark.parametrize("period", [5, 11, 24])
def test_the_season_of_a_wave_is_its_period(period: int) -> None:
    noise = np.random.default_rng(0)
    t = np.arange(20 * period)
    wave = np.sin(2 * np.pi * t / period) + 0.3 * noise.normal(size=len(t)) + 0.01 * t
    assert season([wave]) == period


def test_noise_a_constant_and_a_trend_have_no_season() -> None:
    draws = np.random.default_rng(1)
    assert [season([draws.normal(size=300)]) for _ in range(20)].count(None) >= 19
    assert season([np.full(100, 3.0)]) is None
    assert season([np.arange(100.0)]) is None
    assert season([]) is None


def test_gaps_are_filled_as_asked() -> None:
    nan = np.nan
    values = np.array([[nan], [1.0], [nan], [nan], [4.0], [nan]])
    assert filled(values, "interpolate")[:, 0].tolist() == [1, 1, 2, 3, 4, 4]
    last = filled(values, "last")[:, 0]
    assert np.isnan(last[0]) and last[1:].tolist() == [1, 1, 1, 4, 4]
    assert np.array_equal(filled(values, "drop"), values, equal_nan=True)


@pytest.mark.parametrize("mean", [0.1, 123456789.123])
def test_units_are_those_of_float64(mean: float) -> None:
    values = mean + np.random.default_rng(0).normal(size=(50, 2))
    units = Units.of(values, ["a", "b"])
    own = (values - values.mean(0)) / values.std(0)
    found = units.standardised(torch.from_numpy(values))
    np.testing.assert_allclose(found.numpy(), own, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(units.original(found).numpy(), values, rtol=1e-14)


def numbered(tmp_path: Path, n: int = 100, groups: int = 1) -> Path:
    """Row i of the file has the value i: a window says which rows it has."""
    rows: list[list[object]] = [[i, f"g{i % groups}", i // groups] for i in range(n)]
    return own_data.write(tmp_path / "numbers.csv", ["value", "name", "day"], rows)


def rows_of(split: Split) -> tuple[set[int], set[int]]:
    """The rows that are read, and those that are forecast."""
    return set(split.x.flatten().int().tolist()), set(split.y.flatten().int().tolist())


@pytest.mark.parametrize("horizon", [1, 3])
@pytest.mark.parametrize("groups", [1, 2])
def test_no_training_window_reads_or_forecasts_a_validation_row(tmp_path: Path, horizon: int, groups: int) -> None:
    file = numbered(tmp_path, groups=groups)
    more = ["task.group=name", "task.time=day"] if groups > 1 else []
    words = ["task=series", f"task.file={file}", "task.target=value", "task.window=5", "task.scale=none"]
    data = data_of(*words, f"task.horizon={horizon}", *more)
    train, val = in_memory(data), data.val
    read, forecast = rows_of(train)
    _, held_out = rows_of(val)
    assert held_out == set(range(80, 100))
    assert not (read | forecast) & held_out
    step = groups  # rows of one series are this far apart
    for split in (train, val):
        x = split.x[..., 0].int()
        assert (x.diff(dim=1) == step).all(), "a window has rows of two series"
        assert (split.y[:, 0].int() == x[:, -1] + horizon * step).all()


def test_scale_and_season_come_from_the_training_part_alone(tmp_path: Path) -> None:
    """Validation rows of another scale change neither."""
    found = []
    for factor in (1, 1000):
        rows: list[list[object]] = [[np.sin(t / 3) * (factor if t >= 160 else 1)] for t in range(200)]
        file = own_data.write(tmp_path / f"{factor}.csv", ["value"], rows)
        data = data_of("task=series", f"task.file={file}", "task.window=10")
        found.append((in_memory(data).x.clone(), data.units, [need.lag for need in data.needs]))
    assert torch.equal(found[0][0], found[1][0])
    assert found[0][1:] == found[1][1:]


def test_filling_gaps_of_the_training_part_reads_no_validation_row(tmp_path: Path) -> None:
    found = []
    for later in (5.0, 500.0):
        values = [float(t % 7) if t < 158 else "" if t < 160 else later for t in range(200)]
        file = own_data.write(tmp_path / f"{later}.csv", ["value"], [[each] for each in values])
        words = ["task=series", f"task.file={file}", "task.window=10", "task.scale=none"]
        found.append(in_memory(data_of(*words, "task.missing=interpolate")).x.clone())
    assert torch.equal(*found)


def test_the_vocabulary_is_that_of_the_training_part(tmp_path: Path) -> None:
    places = [("common words here", "train")] * 40 + [("unseen", "val")] * 10
    rows: list[list[object]] = [[text, "ab"[i % 2], part] for i, (text, part) in enumerate(places)]
    file = own_data.write(tmp_path / "texts.csv", ["text", "label", "split"], rows)
    data = data_of("task=texts", f"task.file={file}")
    assert isinstance(data.reads, list) and "unseen" not in data.reads
    assert (len(data.train), len(data.val)) == (40, 10)


def test_groups_stay_whole(tmp_path: Path) -> None:
    rows: list[list[object]] = [[f"word{i % 5} text", "ab"[i % 2], f"author{i % 8}"] for i in range(80)]
    file = own_data.write(tmp_path / "texts.csv", ["text", "label", "author"], rows)
    words = ["task=texts", f"task.file={file}", "task.split_by=author"]
    data = data_of(*words)
    assert len(data.val) == 20  # two authors of eight
    assert len(data.train) == 60


def test_balanced_weights_give_each_class_an_equal_part_of_the_loss(tmp_path: Path) -> None:
    rows: list[list[object]] = [[f"word{i % 4}", "rare" if i % 10 == 0 else "often"] for i in range(100)]
    file = own_data.write(tmp_path / "texts.csv", ["text", "label"], rows)
    data = data_of("task=texts", f"task.file={file}", "task.weights=balanced")
    y = in_memory(data).y
    weights = torch.tensor(data.weights)[y]
    assert weights[y == 0].sum().item() == pytest.approx(weights[y == 1].sum().item())
    assert weights.mean().item() == pytest.approx(1)


def test_padded_and_joined_archives_are_alike(tmp_path: Path) -> None:
    own_data.sequences(tmp_path / "joined.npz")
    with np.load(tmp_path / "joined.npz") as joined:
        lengths, x = joined["lengths"], joined["x"]
        padded = np.full((len(lengths), lengths.max(), 2), 99.0, dtype=np.float32)
        padded[np.arange(lengths.max()) < lengths[:, None]] = x
        np.savez(tmp_path / "padded.npz", x=padded, lengths=lengths, y=joined["y"])
    one, other = (data_of("task=sequences", f"task.file={tmp_path / name}.npz") for name in ("joined", "padded"))
    for a, b in ((in_memory(one), in_memory(other)), (one.val, other.val)):
        assert torch.equal(a.x, b.x) and torch.equal(a.y, b.y)
        assert a.mask is not None and b.mask is not None and torch.equal(a.mask, b.mask)
        assert a.mask[:, -1].all(), "padding is on the left"


def test_a_delayed_answer_is_that_of_the_step_before(tmp_path: Path) -> None:
    lengths = np.full(50, 12)
    x = np.random.default_rng(0).normal(size=(600, 1))
    np.savez(tmp_path / "delay.npz", x=x, lengths=lengths, y=x)
    words = ["task=sequences", f"task.file={tmp_path / 'delay.npz'}", "task.scale=none"]
    for length, first in (([], 0), (["task.length=12"], 12 - 1 - 7)):
        data = data_of(*words, "task.delay=7", *length)
        assert torch.equal(data.val.y[:, 0], data.val.x[:, first, 0])
        assert data.val.x.shape[1] == first + 8 and data.dependency == 7


WRONG_TABLES = [
    ("series", "value\n1\n2\n\n", "has 2 rows; allowed: 10 or more"),
    ("series", "", "is empty"),
    ("series", "value\n", "has a head and no rows"),
    ("series", "value\n" + "1\n" * 20 + "x\n", "task.target has no value"),
    ("texts", "text,label\n" + "a,b\n" * 30, "label is 'b' for all examples; allowed: 2 classes or more"),
    ("texts", "words,label\n" + "a,b\n" * 30, "task.text=text: table.csv has no such column"),
    ("texts", "text,label\n" + "a,b\na,c\n" * 9 + ",c\n",
     "1 of 19 rows lack a text or its answer (first: text in row 20)"),
]  # fmt: skip


@pytest.mark.parametrize(("task", "content", "message"), WRONG_TABLES)
def test_a_wrong_table_is_one_line(tmp_path: Path, task: str, content: str, message: str) -> None:
    (tmp_path / "table.csv").write_text(content)
    with pytest.raises(UserError) as error:
        data_of(f"task={task}", f"task.file={tmp_path / 'table.csv'}")
    assert message in str(error.value) and "\n" not in str(error.value)


WRONG_SERIES = [
    (["task.target=Close"], "task.target=Close: prices.csv has no such column (did you mean close?); columns: day"),
    (["task.target=close", "task.window=400"], "task.window=400: the training part has 160 rows"),
    (["task.target=odd"], "prices.csv: odd is no number in row 18 ('1,204.5'); task.thousands=\",\""),
    (["task.target=gap"], "prices.csv: 2 of 200 values of gap are missing (first in row 7); task.missing="),
    (["task.target=close", "task.split=1.5"], "task.split=1.5: allowed: a share between 0 and 1"),
    (["task.target=close", "task.split=when"], "task.split=when: prices.csv has no such column"),
    (["task.target=close", "task.time=day"], "day is 2020-01-01 in rows 2 and 3; allowed: each time once"),
    (["task.target=close", "task.group=nobody"], "task.group=nobody: prices.csv has no such column"),
]


@pytest.mark.parametrize(("words", "message"), WRONG_SERIES)
def test_a_mistake_with_a_series_is_one_line_and_leaves_no_folder(
    tmp_path: Path, words: list[str], message: str
) -> None:
    file = tmp_path / "prices.csv"
    with file.open("w", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(["day", "close", "odd", "gap"])
        for i in range(200):
            day = f"2020-01-{1 + max(0, i - 1) // 10:02d}"
            writer.writerow([day, i * 0.5, "1,204.5" if i == 16 else i, "" if i in (5, 9) else i])
    with pytest.raises(UserError) as error:
        data_of("task=series", f"task.file={file}", f"hydra.run.dir={tmp_path / 'run'}", *words)
    assert message in str(error.value) and "\n" not in str(error.value)
    assert not (tmp_path / "run").exists()


def test_shuffled_steps_keep_their_answers(tmp_path: Path) -> None:
    x = np.random.default_rng(0).normal(size=(300, 1))
    np.savez(tmp_path / "steps.npz", x=x, lengths=np.full(50, 6), y=x)
    data = data_of(
        "task=sequences", f"task.file={tmp_path / 'steps.npz'}", "task.scale=none", "task.shuffle_steps=true"
    )
    train, mask = data.train, data.val.mask
    assert isinstance(train, Split) and mask is not None
    assert torch.equal(train.x[..., 0], train.y[..., 0])
    assert not torch.equal(train.x[..., 0].flatten(), torch.from_numpy(x[:, 0]).float()[: train.x.numel()])


def test_large_whole_numbers_are_different_classes(tmp_path: Path) -> None:
    rows = "".join(f"a b,{1234567 + i % 2}\n" for i in range(40)) + "c d,\n"
    (tmp_path / "ids.csv").write_text("text,label\n" + rows)
    data = data_of("task=texts", f"task.file={tmp_path / 'ids.csv'}", "task.missing=drop", "task.answers=classes")
    assert data.answers == ["1234567", "1234568"]


def test_of_a_large_split_evenly_spaced_examples_are_perturbed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unrolled.tasks.variants.MOST", 5)
    monkeypatch.setattr("unrolled.tasks._LAST", [])
    data = data_of("task=sequences", *own_data.overrides("sequences"))
    assert len(data.val) == 20
    for variant in data.variants.values():
        assert torch.equal(variant.y, data.val.y[[0, 5, 10, 14, 19]])
