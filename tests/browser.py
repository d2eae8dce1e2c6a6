"""Debian's Chromium, as a reader has it: a page from disk, no network."""

import base64
import math
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from playwright.sync_api import Browser, ConsoleMessage, Page, sync_playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
ADVICE = ("GPU stall", "willReadFrequently")  # on the speed of WebGL where there is no GPU: about the machine
QUIET = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-sync"]
QUIET += ["--disable-background-networking", "--disable-component-update"]


@contextmanager
def chromium() -> Iterator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield opened
        opened.close()


@contextmanager
def opened(browser: Browser, file: Path, width: int = 1280, **context: Any) -> Iterator[Page]:
    """The page with the network off; on leaving it, what the console said is checked, and that no dialog came up."""
    wrong: list[str] = []
    with browser.new_context(offline=True, viewport={"width": width, "height": 900}, **context) as place:
        page = place.new_page()
        page.on("console", lambda said: wrong.append(said.text) if _tells(said) else None)
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on("dialog", lambda dialog: wrong.append(f"dialog: {dialog.message}"))
        page.on("request", lambda asked: wrong.append(asked.url) if asked.url.startswith("http") else None)
        page.goto(file.as_uri())
        yield page
    assert wrong == []


def _tells(said: ConsoleMessage) -> bool:
    return said.type in ("error", "warning") and not any(words in said.text for words in ADVICE)


def draw_all(page: Page) -> int:
    """Scrolls to every figure; returns how many have been drawn."""
    figures = page.locator(".figure")
    for i in range(figures.count()):
        figures.nth(i).scroll_into_view_if_needed()
        figures.nth(i).locator(".main-svg").first.wait_for()
    return figures.count()


def data_of(page: Page, name: str) -> list[dict[str, Any]]:
    """What the figure of this name draws, as plotly has it; its packed arrays as lists."""
    kept = page.evaluate(f"JSON.parse(JSON.stringify(document.querySelector('[data-name=\"{name}\"]').data))")
    return unpacked(kept)


def unpacked(value: Any) -> Any:
    if isinstance(value, dict) and "bdata" in value:
        array = np.frombuffer(base64.b64decode(value["bdata"]), dtype=value["dtype"])
        shape = [int(n) for n in str(value["shape"]).split(",")] if "shape" in value else [-1]
        return [_plain(row) for row in array.reshape(shape).tolist()]
    if isinstance(value, dict):
        return {key: unpacked(each) for key, each in value.items()}
    return [unpacked(each) for each in value] if isinstance(value, list) else value


def _plain(value: Any) -> Any:
    if isinstance(value, list):
        return [_plain(each) for each in value]
    return None if isinstance(value, float) and math.isnan(value) else value
