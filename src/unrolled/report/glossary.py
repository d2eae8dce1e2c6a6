"""The entries of docs/words.md that a page needs, as text with links, and where their terms stand on it."""

import re
from collections.abc import Container
from functools import cache

from markupsafe import Markup, escape

from unrolled.config.files import WORDS

ENTRY = re.compile(r"^### (?P<term>.+)\n\n(?P<text>(?:[^#\n].*\n?)+)", flags=re.MULTILINE)
LINK = re.compile(r"\[([^]]+)\]\(([^)]*)\)")

# How texts write a term that they do not write as its entry does. With (), they do not: the word has an everyday sense.
OTHER_FORMS = {
    "below training's precision from": ("below training's precision",),
    "bound ln(gamma sigma_max)": ("ln(gamma sigma_max)",),
    "cone": ("gradient cone",),
    "direction": (),
    "explanation": (),
    "exploding": ("exploding", "explodes", "explode"),
    "first / last": (),
    "half of the slope's 95 % interval": (),
    "Kaplan-Meier": ("Kaplan-Meier", "Kaplan and Meier"),
    "measured chi": ("measured chi", "1/2 ln chi with these f'"),
    "rule": (),
    "singular values": ("singular value", "singular values"),
    "step": ("training step",),
    "vanishing": ("vanishing", "vanishes", "vanish"),
}
ONLY_BEFORE = {"band": r"(?= \+-| ±)"}  # in figures a band is an interval of another kind


@cache
def definitions() -> dict[str, str]:
    """Returns the text of each entry in Markdown, by its term; empty if the file is missing or cannot be read."""
    try:
        page = WORDS.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return {}
    return {found["term"].strip(): " ".join(found["text"].split()) for found in ENTRY.finditer(page)}


def anchor(term: str) -> str:
    """Returns the id of an entry on a page; the part after `word-` is the entry's anchor in docs/words.md."""
    return "word-" + re.sub(r"[^\w -]", "", term.lower()).replace(" ", "-")


def plain(markdown: str) -> str:
    """Returns the text of a definition without links and marks."""
    return re.sub(r"`|\*\*", "", LINK.sub(r"\1", markdown))


def linked(markdown: str, there: Container[str]) -> Markup:
    """Returns a definition as HTML. A link leads to an entry on the page, or is plain text.

    there: ids of the entries on the page.
    """

    def one(found: re.Match[str]) -> str:
        name, _, target = found[2].partition("#")
        here = not name and f"word-{target}" in there
        return f'<a href="#word-{target}">{found[1]}</a>' if here else found[1]

    html = LINK.sub(one, str(escape(markdown)))
    html = re.sub(r"`([^`]+)`", r"<code>\1</code>", html)
    return Markup(re.sub(r"\*\*([^*]+)\*\*", r"<b>\1</b>", html))


@cache
def pattern() -> re.Pattern[str]:
    """Returns what finds the terms in HTML text, the longest first; parts of names such as `init.gain` are none."""
    forms = sorted(by_form(), key=len, reverse=True)
    return re.compile(rf"(?<![\w.=/&-])(?:{'|'.join(map(_as_html, forms))})(?![\w=/-]|\.\w)", flags=re.IGNORECASE)


@cache
def by_form() -> dict[str, str]:
    """Returns the term of each form in which a text writes it, in lower case."""
    return {form.lower(): term for term in definitions() for form in _forms(term)}


def _forms(term: str) -> list[str]:
    forms = OTHER_FORMS.get(term, (term,))
    return [*forms, *(f"{form}s" for form in forms if re.fullmatch(r"[a-z -]+[a-rt-z]", form))]


def _as_html(form: str) -> str:
    return re.escape(form).replace("'", "(?:'|&#39;)").replace(r"\ ", r"\s+") + ONLY_BEFORE.get(form, "")


def term_of(found: str) -> str:
    """Returns the term that stands in the text that `pattern` found."""
    return by_form()[" ".join(found.replace("&#39;", "'").lower().split())]
