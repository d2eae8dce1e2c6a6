"""Splits of large data: what they keep, and that a batch of them is a batch of the whole in memory."""

from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from unrolled.config.schema import TaskConfig
from unrolled.run.preflight import compose
from unrolled.tasks import load
from unrolled.tasks.compact import Compact
from unrolled.tasks.data import Data, Split
from unrolled.tasks.gathered import Gathered
from unrolled.tasks.sequences_file import Scale, split_of
from unrolled.tasks.series_file import windows_of
from unrolled.tasks.tables.archive import Sequences
from unrolled.tasks.text import UNKNOWN_TOKEN, build_vocabulary, encode
from unrolled.tasks.trained_on import trained_on
from unrolled.tasks.variants import hidden, shuffled, without

SIZES = ("unrolled.tasks.data.PIECE", "unrolled.tasks.gathered.PIECE", "unrolled.tasks.variants.PIECE")


@pytest.fixture
def tiny_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in SIZES:
        monkeypatch.setattr(name, 7)


def are_equal(found: Split, plain: Split, rows: Tensor) -> bool:
    """Whether a split gives the same batches, pieces and whole as one in memory."""
    pairs = [*zip(found[rows], plain[rows], strict=True), *zip(found.whole(), plain.whole(), strict=True)]
    pairs += [(torch.cat([piece.x for piece in found.pieces()]), plain.x), (found.only(rows).x, plain.x[rows])]
    same = all(torch.equal(a, b) if a is not None and b is not None else a is b for a, b in pairs)
    return same and found.shape == plain.x.shape and len(found) == len(plain)


@settings(max_examples=40)
@given(st.integers(1, 12), st.data())
def test_windows_are_those_of_a_loop(n: int, drawn: st.DataObject) -> None:
    window = drawn.draw(st.integers(1, n))
    first = np.array(drawn.draw(st.lists(st.integers(0, n - window), min_size=1, max_size=9)))
    values = torch.arange(2.0 * n).reshape(n, 2)
    y = torch.arange(float(len(first)))[:, None]
    plain = Split(torch.stack([values[i : i + window] for i in first]), torch.ones(len(first), window).bool(), y)
    rows = torch.tensor(drawn.draw(st.lists(st.integers(0, len(first) - 1), min_size=1)))
    made = windows_of(values, first, window, y)
    assert are_equal(made, plain, rows)
    assert are_equal(Gathered(made.inputs, made.mask, y), plain, rows)


@settings(max_examples=40)
@given(st.lists(st.integers(1, 5), min_size=1, max_size=8), st.integers(1, 6), st.data())
def test_sequences_are_scaled_and_padded_as_in_a_loop(lengths: list[int], T: int, drawn: st.DataObject) -> None:
    steps = np.random.default_rng(0).normal(size=(sum(lengths), 2)).astype(np.float32)
    mean, sd = np.array([0.5, -1.0]), np.array([2.0, 0.0])
    ends, x = np.cumsum(lengths), np.zeros((len(lengths), T, 2), dtype=np.float32)
    for i, (end, length) in enumerate(zip(ends, lengths, strict=True)):
        kept = min(length, T)
        x[i, T - kept :] = (steps[end - kept : end].astype(np.float64) - mean) / [2.0, 1.0]
    y = torch.arange(len(lengths))
    mask = torch.arange(T - 1, -1, -1) < torch.tensor(lengths)[:, None]
    found = Sequences("a", steps, np.array(lengths), y.numpy(), False, {}, y.numpy())
    made = split_of(found, Scale(mean, sd), y, y.numpy(), T)
    rows = torch.tensor(drawn.draw(st.lists(st.integers(0, len(lengths) - 1), min_size=1)))
    assert are_equal(Gathered(made.inputs, made.mask, y), Split(torch.from_numpy(x), mask, y), rows)


@pytest.mark.usefixtures("tiny_pieces")
@pytest.mark.parametrize("lengths", [[5, 1, 3, 4, 5, 2], [5] * 9, [1]])
def test_what_is_perturbed_for_each_batch_is_what_is_perturbed_at_once(lengths: list[int]) -> None:
    T = max(lengths)
    mask = torch.arange(T - 1, -1, -1) < torch.tensor(lengths)[:, None]
    split = Split(torch.rand(len(lengths), T, 3), mask, torch.arange(len(lengths)))
    drawn = torch.rand(len(lengths), T, generator=torch.Generator().manual_seed(3)).masked_fill(~mask, -1.0)
    in_order = torch.stack([x[order] for x, order in zip(split.x, drawn.argsort(1), strict=True)])
    first = torch.stack([split.x[i].clone() for i in range(len(lengths))])
    last = first.clone()
    for i, length in enumerate(lengths):
        n = max(1, round(0.4 * length))
        first[i, T - length : T - length + n] = -1
        last[i, T - min(2, length) :] = -1
    made = {
        "shuffled": (shuffled(split, torch.Generator().manual_seed(3)), in_order),
        "first": (hidden(split, 0.4, -1, first=True), first),
        "last": (without(split, 2, -1, first=False), last),
    }
    rows = torch.tensor([len(lengths) - 1, 0])
    for name, (variant, x) in made.items():
        assert isinstance(variant, Gathered) == (x.numel() > 7), name
        assert are_equal(variant, Split(x, mask, split.y), rows), name


@given(st.lists(st.lists(st.sampled_from("abcd"), max_size=5), min_size=1, max_size=8), st.integers(1, 6))
def test_texts_keep_their_words(texts: list[list[str]], length: int) -> None:
    kept = Compact.of(texts)
    assert list(kept) == texts
    rows = list(range(0, len(texts), 2))
    assert list(kept.only(rows)) == texts[::2]
    vocabulary = build_vocabulary(texts[::2], 2)
    assert vocabulary == build_vocabulary(kept.only(rows), 2)
    found = encode(kept, [0] * len(texts), vocabulary, length)
    for text, row in zip(texts, found.x.tolist(), strict=True):
        tokens = [vocabulary.index(word) if word in vocabulary else UNKNOWN_TOKEN for word in text[-length:]]
        assert row == [0] * (length - len(tokens)) + tokens


def large(tmp_path: Path, kind: str) -> tuple[Data, int]:
    """Returns data of a file of some 100 KB, and its bytes."""
    generator = np.random.default_rng(0)
    if kind == "series":
        file = tmp_path / "large.csv"
        rows = "\n".join(",".join(f"{each:.4f}" for each in row) for row in generator.normal(size=(5000, 3)))
        file.write_text(f"a,b,c\n{rows}\n")
        options = ["task.window=60", "task.target=a", "task.inputs=all"]
    elif kind == "texts":
        file = tmp_path / "large.csv"
        words = generator.integers(0, 50, (1000, 30))
        rows = "\n".join(f"{' '.join(f'w{word}' for word in row)},{row[0] % 2}" for row in words)
        file.write_text(f"text,label\n{rows}\n")
        options = []
    else:
        file = tmp_path / "large.npz"
        np.savez(file, x=generator.normal(size=(400, 50, 3)).astype(np.float32), y=np.arange(400) % 2)
        options = []
    config = compose([f"task={kind}", f"task.file={file}", "tracker=none", *options])
    return load(config.task, 0), file.stat().st_size


def kept_bytes(data: Data) -> int:
    """Returns the bytes of all arrays and tensors that the splits of a task hold, each storage once."""
    found: dict[int, int] = {}

    def visit(value: object) -> None:
        if isinstance(value, Tensor):
            storage = value.untyped_storage()
            found[storage.data_ptr()] = storage.nbytes()
        elif isinstance(value, np.ndarray):
            while isinstance(value.base, np.ndarray):
                value = value.base
            found[value.__array_interface__["data"][0]] = value.nbytes
        elif isinstance(value, Split):
            for part in vars(value).values():
                visit(part)
        elif isinstance(value, Sequences):
            visit(value.steps)
        elif callable(value):
            for cell in getattr(value, "__closure__", None) or ():
                visit(cell.cell_contents)

    for split in (data.train, data.val, *data.variants.values()):
        visit(split)
    return sum(found.values())


@pytest.mark.parametrize("kind", ["series", "texts", "sequences"])
def test_what_is_kept_of_large_data_is_at_most_three_times_the_file(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in SIZES:
        monkeypatch.setattr(name, 1000)
    data, size = large(tmp_path, kind)
    assert isinstance(data.train, Gathered)
    kept = kept_bytes(data)
    whole = sum(split.x.nbytes for split in (data.train, data.val, *data.variants.values()) if isinstance(split, Split))
    assert 0.2 * size < kept < 3 * size
    assert kept < whole


@pytest.mark.parametrize("kind", ["series", "texts", "sequences"])
def test_large_data_have_the_fingerprint_of_small_ones(
    kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, _ = large(tmp_path, kind)
    plain = trained_on(TaskConfig("adding"), data)
    monkeypatch.setattr("unrolled.tasks._LAST", [])
    for name in SIZES:
        monkeypatch.setattr(name, 1000)
    gathered, _ = large(tmp_path, kind)
    assert isinstance(gathered.val, Gathered)
    found = trained_on(TaskConfig("adding"), gathered)
    for part in ("train", "val"):
        for name, sums in plain[part].items():
            assert found[part][name].pop("shape") == sums.pop("shape")
            assert found[part][name] == pytest.approx(sums, rel=1e-12)
