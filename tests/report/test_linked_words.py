"""Words on this page: the entries of docs/words.md whose terms a page uses, and the links to them."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from test_page import births, make_sweep

from browser import CHROMIUM, chromium, opened
from conftest import ROOT
from unrolled.record import status
from unrolled.report import glossary
from unrolled.report.build import build
from unrolled.report.linked_words import typed, with_words
from unrolled.report.run_page import build_run

ENTRY = re.compile(r'<dt id="([^"]*)">(.*?)</dt><dd>(.*?)</dd>')
HEADINGS = re.findall(r"^### (.*)$", (ROOT / "docs" / "words.md").read_text(encoding="utf-8"), flags=re.MULTILINE)


def entries(html: str) -> list[str]:
    return [term for _, term, _ in ENTRY.findall(html)]


def links(html: str) -> list[tuple[str, str]]:
    return re.findall(r'<a class="word" href="#([^"]*)" title="[^"]*">([^<]*)</a>', html)


@pytest.fixture
def without_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    caches = (glossary.definitions, glossary.by_form, glossary.pattern)
    monkeypatch.setattr(glossary, "WORDS", tmp_path / "words.md")
    for each in caches:
        each.cache_clear()
    yield
    for each in caches:
        each.cache_clear()


def test_the_first_place_of_a_term_has_a_link_and_the_list_its_entry() -> None:
    html = with_words("<p>Lags and the mean\nfield, a lag.</p><table><thead><th>horizon</th></thead></table>")
    assert links(html) == [("word-lag", "Lags"), ("word-mean-field", "mean\nfield"), ("word-horizon", "horizon")]
    assert entries(html) == ["horizon", "lag", "mean field"]


@pytest.mark.parametrize(
    "html",
    [
        "<h1>lag</h1>", "<p>init.gain=0.5</p>", "<p><code>lag</code></p>", "<button>lag</button>",
        "<svg><text>lag</text></svg>", "<style>.lag { top: 0 }</style>", '<p title="lag">.</p>', "<td>lag</td>",
        "<p>in every direction, step back</p>", "<p>the band is the middle 80 %</p>",
        "<script>lag</script>", f"<p>{typed('lag <b>run</b>')}</p>",
        "<p>a flag, outrun, lag-1</p>",
    ],
)  # fmt: skip
def test_names_code_figures_and_everyday_senses_are_left_alone(html: str) -> None:
    assert str(with_words(html)) == html


def test_folded_text_and_links_have_an_entry_but_no_link_of_ours() -> None:
    html = with_words('<p><a href="#x">vanishing</a></p><details><p>a horizon</p></details>')
    assert links(html) == [] and entries(html) == ["horizon", "vanishing"]


def test_the_longest_term_is_meant() -> None:
    html = with_words("<p>one time step, what f&#39; adds to the slope, training step 3; band +-0.05</p>")
    assert entries(html) == ["band", "step", "time step", "what f&#39; adds to the slope"]


def test_definitions_are_text_whose_links_lead_to_entries_on_the_page() -> None:
    every = with_words("".join(f"<p>{text}</p>" for text in glossary.by_form()) + "<p>band +-1</p>")
    never = {term for term, forms in glossary.OTHER_FORMS.items() if not forms}
    assert set(glossary.OTHER_FORMS) <= set(HEADINGS)
    assert len(entries(every)) == len(set(HEADINGS) - never)
    ids = {found for found, _, _ in ENTRY.findall(every)}
    for _, term, definition in ENTRY.findall(every):
        assert not re.search(r"[`*\]\[]", re.sub(r"G\[s, t\]", "", definition)), term
        assert set(re.findall(r'href="#([^"]*)"', definition)) <= ids
    assert '<a href="#word-lag">' not in with_words("<p>horizon</p>")
    assert re.findall(r'<a href="#word-horizon">', with_words("<p>horizon. Extrapolated horizon.</p>"))


def test_a_title_is_plain_text() -> None:
    (title,) = re.findall(r'title="([^"]*)"', with_words("<p>slope</p>"))
    assert "per step back, in nats per lag." in title


def test_anchors_are_those_of_the_file() -> None:
    assert glossary.anchor("bound ln(gamma sigma_max)") == "word-bound-lngamma-sigma_max"
    assert len({glossary.anchor(term) for term in HEADINGS}) == len(HEADINGS)


@pytest.mark.usefixtures("without_file")
def test_without_the_file_a_page_is_as_it_would_be() -> None:
    assert with_words("<p>a lag</p>") == "<p>a lag</p>"


def made(folder: Path, **options: Any) -> Path:
    records = [{"state": "completed", "births": births([-1.0] * 20, vanishing=20), "name": "a"} for _ in range(2)]
    return build(make_sweep(folder, {"task.name": "chaotic,saturated"}, records, **options))


def test_a_page_has_the_terms_that_it_uses_and_no_typed_word(tmp_path: Path) -> None:
    page = made(tmp_path / "transient", question="Lyapunov exponent <b>dead</b>?").read_text(encoding="utf-8")
    found = entries(page)
    assert {"horizon", "initialisation", "regime", "slope", "nats per lag", "run", "vanishing"} <= set(found)
    assert {"Lyapunov exponent", "chaotic", "saturated", "dead", "transient", "mean field"} & set(found) == set()
    assert found == sorted(found, key=str.lower)
    assert '<p class="lead"><bdi>Lyapunov exponent &lt;b&gt;dead&lt;/b&gt;?</bdi></p>' in page
    assert len(set(links(page))) == len(links(page)) > 5
    assert {target for target, _ in links(page)} <= {found for found, _, _ in ENTRY.findall(page)}


@pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed")
def test_a_link_opens_the_list_at_its_entry_by_mouse_and_keyboard(tmp_path: Path) -> None:
    file = made(tmp_path / "lag")
    with chromium() as browser, opened(browser, file, width=390, color_scheme="dark") as page:
        assert not page.locator("#word-slope").is_visible()
        page.locator('a.word[href="#word-slope"]').click()
        page.locator("#word-slope").wait_for(state="visible")
        page.wait_for_function("document.getElementById('word-slope').getBoundingClientRect().top < innerHeight")
        page.locator('a.word[href="#word-regime"]').focus()
        page.keyboard.press("Enter")
        assert page.evaluate("location.hash") == "#word-regime"
        assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_what_stopped_a_run_is_no_text_of_ours(tmp_path: Path) -> None:
    status.write(tmp_path, {"state": "failed", "name": "a run", "error": "no <lag>, no horizon"})
    page = build_run(tmp_path).read_text(encoding="utf-8")
    assert '<p class="lead">failed: <bdi>no &lt;lag&gt;, no horizon</bdi></p>' in page
    assert entries(page) == []
