"""Names the words or letters of a text that a vocabulary lacks."""

from collections.abc import Container, Iterable

SHOWN = 10


def unknown(pieces: Iterable[str], vocabulary: Container[str]) -> str | None:
    """Returns a line that names the pieces that the vocabulary lacks, each once, in their order; None if it has all.

    pieces: the words or letters of one or several texts.
    """
    lacking = list(dict.fromkeys(each for each in pieces if each not in vocabulary))
    if not lacking:
        return None
    names = ", ".join(each if each.strip() and each.isprintable() else repr(each) for each in lacking[:SHOWN])
    more = f" and {len(lacking) - SHOWN:,} more" if len(lacking) > SHOWN else ""
    return f"not in the vocabulary: {names}{more}"
