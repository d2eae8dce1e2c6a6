"""Links the terms of a page to their entries, and adds these entries at its end.

Text that a user typed stands in <bdi>, which HTML has for it: no term is looked for there.
"""

import re
from collections import Counter

from markupsafe import Markup, escape

from .glossary import anchor, definitions, linked, pattern, plain, term_of

PIECE = re.compile(r"(<script.*?</script>|<style.*?</style>|<!--.*?-->|<[^>]+>)", flags=re.DOTALL)
TAG = re.compile(r"<(/?)(\w+)")
FOREIGN = {"bdi", "code", "button", "svg", "select", "td", "h1"}  # no text of the page's own
WITHIN = {"p", "th"}  # what is read from top to bottom
UNLINKED = {"a", "details", "label", "output", "small"}  # links, what is folded, rewritten, or hidden on a phone
VOID = {"br", "img", "input", "meta", "link", "hr", "wbr"}


def typed(text: str) -> Markup:
    """Returns text that a user typed, for a place where a page's own text stands; "" stays empty."""
    return Markup("<bdi>{}</bdi>").format(text) if text else Markup("")


def with_words(html: str) -> Markup:
    """Returns the body of a page with a link at the first place of each term, and "Words on this page" at its end."""
    pieces = PIECE.split(str(html))
    used: set[str] = set()
    linked_terms: set[str] = set()
    depth: Counter[str] = Counter()
    for i, piece in enumerate(pieces):
        if i % 2:
            _enter(piece, depth)
        elif not any(depth[tag] for tag in FOREIGN):
            may_link = any(depth[tag] for tag in WITHIN) and not any(depth[tag] for tag in UNLINKED)
            pieces[i] = _linked_text(piece, used, linked_terms if may_link else None)
    return Markup("".join(pieces)) + _list(used)


def _enter(tag: str, depth: Counter[str]) -> None:
    found = TAG.match(tag)
    if found and found[2] not in VOID and not tag.startswith(("<script", "<style")) and not tag.endswith("/>"):
        depth[found[2]] += -1 if found[1] else 1


def _linked_text(text: str, used: set[str], linked_terms: set[str] | None) -> str:
    """Returns the text with links. used: gets its terms. linked_terms: those that have a link; None: make none."""

    def one(found: re.Match[str]) -> str:
        term = term_of(found[0])
        used.add(term)
        if linked_terms is None or term in linked_terms:
            return found[0]
        linked_terms.add(term)
        return str(
            Markup('<a class="word" href="#{}" title="{}">{}</a>').format(
                anchor(term), plain(definitions()[term]), Markup(found[0])
            )
        )

    return pattern().sub(one, text) if definitions() else text


def _list(used: set[str]) -> Markup:
    if not used:
        return Markup("")
    ids = {anchor(term) for term in used}
    entries = Markup("\n").join(
        Markup('<dt id="{}">{}</dt><dd>{}</dd>').format(anchor(term), term, linked(definitions()[term], ids))
        for term in sorted(used, key=str.lower)
    )
    head = escape(f"Words on this page ({len(used)})")
    return Markup('<details id="words"><summary>{}</summary>\n<dl>\n{}\n</dl></details>\n').format(head, entries)
