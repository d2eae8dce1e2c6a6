"""The page of a sweep of 1,000 runs: the time to make it, its size, and the time Chromium needs to open it."""

import math
import random
import shutil
import tempfile
import time
from collections.abc import Callable
from itertools import product
from pathlib import Path
from statistics import median
from typing import Any

from omegaconf import OmegaConf
from rich.table import Table

from unrolled.config.files import SWEEP_RECORD
from unrolled.record import status
from unrolled.record.plan import Planned, write_plan
from unrolled.record.tables import PROFILES
from unrolled.report.build import build

AXES: dict[str, list[Any]] = {
    "activation": ["tanh", "relu", "sigmoid", "identity"],
    "init.gain": [0.5, 0.75, 1.0, 1.25, 1.5],
    "model.hidden": [4, 8, 16, 32, 64],
    "seed": list(range(10)),
}
T, BIRTHS, OPENINGS = 40, 20, 5
LOADED = "performance.getEntriesByType('navigation')[0].loadEventEnd"  # ms; the table exists by then
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


def table(quick: bool) -> Table:
    """Makes the table. quick: a tenth of the runs."""
    axes = {**AXES, "seed": AXES["seed"][:1] if quick else AXES["seed"]}
    made = Table(title="The page of a sweep of made-up runs")
    made.add_column("what")
    made.add_column("", justify="right")
    with tempfile.TemporaryDirectory() as folder:
        runs = make_up(Path(folder), axes)
        start = time.perf_counter()
        page = build(Path(folder))
        made.add_row(f"{runs} runs: to make it", f"{time.perf_counter() - start:z.1f} s")
        made.add_row("its size", f"{page.stat().st_size / 1e6:z.1f} MB")
        for part, seconds in (opening(page) or {"text and table": [], "the first figure": []}).items():
            made.add_row(
                f"to open it, until {part} can be seen (median, longest of {OPENINGS})",
                f"{median(seconds):z.2f}, {max(seconds):z.2f} s" if seconds else "Chromium is not installed",
            )
    return made


def make_up(folder: Path, axes: dict[str, list[Any]]) -> int:
    """Writes the folder of a sweep with made-up results of every run; returns the number of runs.

    axes: the values of each swept key.
    """
    draw = random.Random(0)
    record = {"hydra": {"job": {"config_name": "made_up"}}, "sweep": {"question": "How large is a page?"}}
    OmegaConf.save(OmegaConf.create(record), folder / SWEEP_RECORD)
    combinations = [dict(zip(axes, values, strict=True)) for values in product(*axes.values())]
    write_plan(folder, [Planned(i, combination, str(i)) for i, combination in enumerate(combinations)])
    for i, combination in enumerate(combinations):
        _write_run(folder / str(i), combination, lambda: draw.gauss(0, 0.1))
    return len(combinations)


def _write_run(folder: Path, axes: dict[str, Any], noise: Callable[[], float]) -> None:
    slope = math.log(axes["init.gain"]) - 0.4 + noise()
    slopes = [slope + noise() for _ in range(BIRTHS)]
    regime = "vanishing" if slope < 0 else "exploding"
    births = {"n": BIRTHS, "slopes": slopes, "slope_mean": slope, "slope_sd": 0.1, "regimes": {regime: BIRTHS}}
    predicted = {"mean_field": slope + noise(), "exponent": slope + noise() / 5, "bound": slope + 0.4}
    record = {"state": "completed", "axes": axes, "steps": 1000, "seconds_per_update": 0.001, "births": births}
    record |= {"regime": regime, "regime_start": regime, "slope": slope, "slope_start": slope, "horizon": 12}
    record |= {
        "horizon_direction": "down",
        "longest_lag": T - 1,
        "predictions": predicted,
        "predictions_start": predicted,
    }
    record |= {"score": "val/accuracy", "larger_is_better": True, "metrics": {"val/accuracy": 0.5 + noise()}}
    record |= {"train": {"accuracy": 0.6 + noise()}, "baseline": {"val/accuracy": 0.4}, "baseline_name": "any class"}
    record |= {"references": {"bag of words": {"val/accuracy": 0.7}}, "explanation": "It shrinks at each step. " * 4}
    (folder / PROFILES).mkdir(parents=True)
    status.write(folder, record)
    head = ",".join(f"t{t}" for t in range(T))
    rows = [",".join(repr(each * (T - 1 - t) + noise()) for t in range(T)) for each in slopes]
    births_rows = "".join(f"{i},{row}\n" for i, row in enumerate(rows))
    (folder / PROFILES / "births_relative_log.csv").write_text(f"birth,{head}\n{births_rows}", encoding="utf-8")
    (folder / PROFILES / "grad_h_relative_log.csv").write_text(f"step,{head}\n0,{rows[0]}\n", encoding="utf-8")


def opening(page: Path) -> dict[str, list[float]] | None:
    """Times the opening of a page: seconds until text and table are there, and until a figure is.

    Returns None if Playwright or Chromium is not installed.
    """
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    if CHROMIUM is None:
        return None
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        read, drawn = [], []
        for _ in range(OPENINGS):
            tab = browser.new_page()
            start = time.perf_counter()
            tab.goto(page.as_uri())
            tab.locator(".figure .main-svg").first.wait_for(state="attached")
            drawn.append(time.perf_counter() - start)
            assert tab.locator("#cells tr.cell").count()
            read.append(tab.evaluate(LOADED) / 1000)
            tab.close()
        browser.close()
    return {"text and table": read, "the first figure": drawn}
