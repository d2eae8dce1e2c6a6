"""Forecasts of four stocks, sequence to sequence: from technical indicators up to day t to a quantity of day t + 1.

Source: daily prices and volumes of AAPL, MSFT, IBM (from 2000) and GOOG (from 2004) to 2013 in the package
bokeh_sampledata (public domain). Prices are adjusted for splits and dividends, volumes for splits. The last fifth
of the days validates; every scale comes from the days before.
"""

import gzip
import io
import math
from typing import Any

import numpy as np
import pandas as pd
import torch

from unrolled.config.schema import TaskConfig

from .averages import Skill
from .data import Data, Guess, Later, Split
from .files import package_file
from .scores import regression

Frame = Any  # a frame or series of pandas, whose type stubs do not cover their arithmetic

FILE = "_data/stocks.csv.gz"
SHA256 = "5abadf99b2d394f920120a27de6f0df129859d71d4cfb0bf661bcc99446ab1fd"
TICKERS = ("AAPL", "MSFT", "IBM", "GOOG")
SPLIT = 1.5  # times: more than any dividend of these stocks
WARM_UP = 35  # days until the slowest indicator has settled
REMARK = {
    "return": "daily returns are close to unpredictable: a skill near 0, or below, is what to expect",
    "price": "a price is nearly where it was the day before, and these years reach prices that training never saw",
}


def load(config: TaskConfig, seed: int) -> Data:
    """Returns the task of predicting tomorrow's `task.target`: price, return, volatility or volume.

    Targets are standardised by the training period. Raises UserError if the data file is another.
    """
    T, target = config.length, config.target
    assert T is not None and isinstance(target, str)
    days = _days()
    dates = sorted(days["Date"].unique())
    border = dates[len(dates) * 4 // 5]
    parts = [_windows(days[days["Ticker"] == ticker], target, border, T) for ticker in TICKERS]
    train, val, trivial, today = (_joined([part[i] for part in parts]) for i in range(4))
    reference = float((trivial.y.double() - val.y.double()).square().mean())
    names = {"return": "zero return", "price": "as today", "volatility": "as today", "volume": "as today"}
    others: dict[str, Guess | Later] = {"return as today": _as_guess(today)} if target == "return" else {}
    return Data(
        "sequence_to_sequence",
        train,
        val,
        len(INDICATORS),
        1,
        lambda: regression(skill=Skill(reference)),
        _as_guess(trivial),
        names[target],
        references=others,
        exact={"skill": 0.0},
        remark=REMARK.get(target),
        times=[f"day {t + 1}" for t in range(T)],
    )


def _days() -> Frame:
    packed = package_file("bokeh_sampledata", FILE, SHA256, "bokeh_sampledata 2026.1")
    days = pd.read_csv(io.BytesIO(gzip.decompress(packed)))
    return days[days["Ticker"].isin(TICKERS)]


INDICATORS = (
    "return",
    "log price",
    "log volume",
    "volume change",
    "volume to its average",
    "range",
    "price to average of 5",
    "price to average of 20",
    "rsi",
    "macd",
    "macd to signal",
    "volatility of 20",
)


def indicators(days: Frame) -> Frame:
    """Returns the technical indicators of one stock, a row a day, from that day and earlier ones only.

    RSI over 14 days and with Wilder's smoothing (Wilder 1978); MACD of 12 and 26 days, signal 9 (Appel 1979).
    """
    close = days["Adj Close"]
    log, volume = np.log(close), np.log(_volume(days))
    change, returns = close.diff(), log.diff()
    up, down = (side.clip(lower=0).ewm(alpha=1 / 14, adjust=False).mean() for side in (change, -change))
    fast, slow = (close.ewm(span=span, adjust=False).mean() for span in (12, 26))
    macd = (fast - slow) / close
    columns = [
        returns,
        log,
        volume,
        volume.diff(),
        volume - volume.rolling(20).mean(),
        _volatility(days),
        close / close.rolling(5).mean() - 1,
        close / close.rolling(20).mean() - 1,
        up / (up + down),
        macd,
        macd - macd.ewm(span=9, adjust=False).mean(),
        returns.rolling(20).std(),
    ]
    return pd.DataFrame(dict(zip(INDICATORS, columns, strict=True)))


def _volume(days: Frame) -> Frame:
    """Returns the traded volume in shares of the first day, adjusted for splits.

    A split is a day on which the ratio of price to adjusted price falls by more than SPLIT; dividends change it less.
    """
    adjustment = days["Close"] / days["Adj Close"]
    fallen = adjustment.shift(1) / adjustment
    return days["Volume"] / fallen.where(fallen > SPLIT, 1.0).round().cumprod()


def _volatility(days: Frame) -> Frame:
    """Returns daily volatility from the high and low prices (Parkinson 1980), whose ratio needs no adjustment."""
    return np.log(days["High"] / days["Low"]) / (2 * math.sqrt(math.log(2)))


def _windows(days: Frame, target: str, border: str, T: int) -> tuple[Split, Split, Split, Split]:
    """Returns a stock's windows of T days: train, val, val with trivial targets, val with today's values as targets.

    All targets have the same zero and the same scale.
    """
    table = indicators(days)
    targets = {"price": table["log price"], "return": table["return"], "volatility": table["range"]}
    value = targets.get(target, table["log volume"])
    before = days["Date"] < border
    x = (table - table[before].mean()) / table[before].std()
    mean, scale = (0.0 if target == "return" else value[before].mean()), value[before].std()
    y = (value - mean) / scale
    trivial = y * 0 if target == "return" else y
    answers = pd.DataFrame({"tomorrow": y.shift(-1), "trivial": trivial, "today": y})
    first = int(before.sum())
    x_train, y_train = (
        x[WARM_UP : first - 1],
        answers[WARM_UP : first - 1],
    )  # the last target is a day before the border too
    x_val, y_val = x[first:-1], answers[first:-1]
    train = _cut(x_train, y_train["tomorrow"], T, max(1, T // 2))
    val, trivial, today = (_cut(x_val, y_val[name], T, T) for name in answers)
    return train, val, trivial, today


def _cut(x: Frame, y: Frame, T: int, every: int) -> Split:
    starts = range(0, len(x) - T + 1, every)
    table, answers = (torch.tensor(part.to_numpy(), dtype=torch.float32) for part in (x, y))
    pieces, wanted = [table[i : i + T] for i in starts], [answers[i : i + T] for i in starts]
    shape = (len(pieces), T)
    if not pieces:
        return Split(table.new_zeros(0, T, x.shape[1]), torch.ones(shape).bool(), answers.new_zeros(0, T, 1))
    real = torch.ones(shape, dtype=torch.bool)
    return Split(torch.stack(pieces), real, torch.stack(wanted).unsqueeze(2), real)


def _joined(splits: list[Split]) -> Split:
    """Returns one split of all stocks' windows."""
    x, y = torch.cat([s.x for s in splits]), torch.cat([s.y for s in splits])
    real = torch.ones(y.shape[:2], dtype=torch.bool)
    return Split(x, real, y, real)


def _as_guess(split: Split) -> Guess:
    """Returns the split's targets as predictions."""
    return Guess(split.y.transpose(0, 1))
