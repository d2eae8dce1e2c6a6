"""Numbers as text: no more digits than can be read, and nouns in the right number."""

import math

POWERS_FROM = 1e4  # numbers as large as this are written as powers of ten, whole ones from a hundred times as much on
DECIMALS = 3  # at most, of a value with an interval


def number(value: float | None, form: str) -> str:
    """Returns a number as text; "-" for None, and a power of ten where its digits would fill the line.

    form: a format whose "z" avoids "-0.000".
    """
    if value is None:
        return "-"
    limit = POWERS_FROM * (100 if form.endswith("d") else 1)
    return format(value, form) if abs(value) < limit else format(value, "+.2e" if "+" in form else ".2e")


def score(value: float | None) -> str:
    """Returns a score with three decimals, a small one with three significant digits.

    A share of a thousand examples has a standard error of .01: more decimals are noise.
    """
    if value is None:
        return "-"
    if value == 0 or 0.1 <= abs(value) < 100:
        return f"{value:z.3f}"
    return number(value, "z.3g")


def interval(value: float, half: float) -> str:
    """Returns "-0.37 +- 0.11", both with two significant digits of the interval's half-width."""
    if not math.isfinite(half):
        decimals = DECIMALS
    else:
        decimals = min(DECIMALS, max(0, 1 - math.floor(math.log10(half)))) if half > 0 else DECIMALS
    return f"{number(value, f'+z.{decimals}f')} +- {number(half, f'z.{decimals}f')}"


def factor(ln: float) -> str:
    """Returns e^ln with three significant digits, as a power of ten where it is below 1/1,000 or above 10,000."""
    decades = ln / math.log(10)
    if not -3 <= decades <= 4:
        return f"10^{number(decades, 'z.1f')}"
    return f"{math.exp(ln):z,.0f}" if decades >= 3 else f"{math.exp(ln):.3g}"


def exact(value: float) -> str:
    """Returns a number with all its digits, a whole one without decimals: different numbers have different texts."""
    return str(int(value)) if math.isfinite(value) and value == int(value) else repr(float(value))


def counted(n: int, plural: str) -> str:
    """Returns "3 updates", "1 update".

    plural: the noun, in the plural.
    """
    return f"{n} {plural if n != 1 else plural.removesuffix('s')}"
