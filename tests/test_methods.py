"""The methods paragraph of docs/researchers.md has the constants of the code."""

import math
import re
from types import SimpleNamespace

import pytest

from conftest import ROOT
from unrolled.config.schema import ProbeConfig
from unrolled.gradients import along_vanilla, cuts, lyapunov, regime, samples, shape, slope, uncertainty
from unrolled.report import solving, survival
from unrolled.training import solved

PAGE = (ROOT / "docs" / "researchers.md").read_text(encoding="utf-8")
QUOTE = PAGE.split("## How the numbers are made")[1].split("\n## ")[0]
METHODS = " ".join(line[2:] for line in QUOTE.splitlines() if line.startswith("> "))
PROBE = ProbeConfig("profile")  # pyright: ignore[reportCallIssue]  # the others have defaults


def band(steps: int) -> float:
    """Returns the largest slope that counts as stable in a sequence of this many steps."""
    judged = regime.RegimeInputs.band.fget
    assert judged is not None
    return judged(SimpleNamespace(steps=steps))


CONSTANTS = {  # the words around a number, and what the code has
    r"batch of (\d+) validation": PROBE.samples,
    r"every (\d+) updates": PROBE.every,
    r"on (\d+) further networks": PROBE.births,
    r"at least (\d+) steps, without those that lead": slope.LONG,
    r"fewer than (\d+) samples were not used": slope.LEAST_SAMPLES,
    r"cycle of at most (\d+) steps": slope.LONGEST_CYCLE,
    r"fewer than (\d+) increments": uncertainty.SHORTEST,
    r"increments of fewer than (\d+) samples": uncertainty.SAMPLES,
    r"by a factor of (\d+)\. ": math.exp(slope.HORIZON),
    r"rules, version (\d+)": regime.RULES_VERSION,
    r"band of ([\d.]+) nats": band(2),
    r"T is at least (\d+)": regime.SHORTEST_CHAOS,
    r"at least (\d+) % of the samples grow": 100 * samples.SHARE,
    r"F test at ([\d.]+) %": 100 * samples.CHANCE,
    r"below 1/(\d+) of its maximum": along_vanilla.FLAT,
    r"no more than (\d+) steps": cuts.FEW,
    r"one in (\d+)\)": cuts.FEW_OF,
    r"lies (\d+) median absolute deviations": cuts.DEVIATIONS,
    r"turns by more than ln (\d+)": math.exp(shape.HUMP),
    r"by (\d+) standard deviations of a random walk": shape.WALKS,
    r"With fewer than (\d+) steps": regime.SHORTEST,
    r"from at least (\d+) steps after a warm-up": lyapunov.SHORTEST,
    r"first of (\d+) good validations": solved.IN_A_ROW,
    r"pointwise (\d+) % intervals": 100 * survival.CONFIDENCE,
    r"Wilson's (\d+) % interval": 100 * survival.CONFIDENCE,
    r"exact interval, from (\d+) runs": survival.LEAST,
    r"concordance, from (\d+) runs": solving.FEWEST,
}


@pytest.mark.parametrize("words", CONSTANTS)
def test_the_paragraph_has_the_constant_of_the_code(words: str) -> None:
    (number,) = re.findall(words, METHODS)
    assert float(number) == pytest.approx(CONSTANTS[words], rel=1e-12)


def test_a_long_sequence_has_the_narrower_band_that_it_names() -> None:
    assert "of ln 10 / (T - 1) where that is less" in METHODS
    assert band(1001) == pytest.approx(math.log(10) / 1000)


def test_the_interval_is_that_of_students_t_at_95_percent() -> None:
    """The 97.5 % and 99 % points for 10 degrees of freedom, from a printed table."""
    assert "95 % interval of the slope" in METHODS and "with 99 % certainty" in METHODS
    mean = uncertainty.Mean(2.7, 1.0, 10, 40, 1)
    assert mean.half == pytest.approx(2.228, abs=5e-4)
    assert not mean.certain(1) and uncertainty.Mean(2.8, 1.0, 10, 40, 1).certain(1)  # 2.764
