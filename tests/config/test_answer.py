"""`sweep.answer`: what can be asked, and what is refused before anything runs."""

import pytest

from conftest import ROOT
from unrolled.config.answer import ANSWERS, Asked, asked, check_answer
from unrolled.errors import UserError
from unrolled.record.saved import saved
from unrolled.run.preflight import preflight


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", []),
        (" ; ", []),
        ("critical line", [Asked("critical line")]),
        ("score by model.hidden", [Asked("score", ("model.hidden",))]),
        ("  share   solved by  init.gain ,task.length;seconds", [
            Asked("share solved", ("init.gain", "task.length")), Asked("seconds")]),
        ("updates by slope", [Asked("updates", ("slope",))]),
    ],
)  # fmt: skip
def test_what_is_asked(text: str, found: list[Asked]) -> None:
    assert asked(text) == found
    check_answer(text)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("scor by seed", "unknown quantity scor; did you mean score?"),
        ("beauty", "unknown quantity beauty; allowed: regime at initialisation, why,"),
        ("score by ", "unknown quantity score by|an axis is missing"),
        ("score by seed,", "an axis is missing: write it as 'score by model.hidden'"),
        ("score by hidden", "unknown key hidden; did you mean model.hidden?"),
        ("score by quux", "unknown key quux; allowed are the keys of the configuration"),
        ("seconds by slope", "only score, share solved, updates can be compared by slope"),
        ("score by slope, seed", "by slope, and by it alone"),
        ("critical line by seed", "critical line has no axis"),
    ],
)
def test_what_cannot_be_read_is_refused_in_a_line(text: str, why: str) -> None:
    with pytest.raises(UserError, match="|".join(map(_literal, why.split("|")))) as raised:
        check_answer(text)
    assert "\n" not in str(raised.value) and raised.value.key == "sweep.answer"


def _literal(words: str) -> str:
    return words.replace("?", r"\?")


def test_a_command_line_is_refused_before_anything_runs() -> None:
    with pytest.raises(UserError, match="did you mean score"):
        preflight(["-m", "seed=0,1", "sweep.answer=scores by seed"])


SWEEPS = [*sorted((ROOT / "sweeps").glob("*.yaml")), *sorted((ROOT / "conf" / "experiment").glob("*.yaml"))]


@pytest.mark.parametrize("file", SWEEPS, ids=lambda file: file.stem)
def test_every_sweep_of_ours_says_what_answers_its_question(file) -> None:
    axes = saved(file, "hydra.sweeper.params")
    if axes is None:
        return
    assert saved(file, "sweep.question") and saved(file, "sweep.answer")
    check_answer(saved(file, "sweep.answer"))
    bases = [ROOT / "sweeps" / f"{name}.yaml" for name in saved(file, "defaults") or [] if isinstance(name, str)]
    known = {*axes, *(key for base in bases if base.is_file() for key in saved(base, "hydra.sweeper.params"))}
    assert {key for each in asked(saved(file, "sweep.answer")) for key in each.by if key != "slope"} <= known


def test_each_quantity_has_a_maker() -> None:
    from unrolled.report.verdict.answers import MAKERS

    assert set(MAKERS) == set(ANSWERS)


def test_each_quantity_stands_in_the_documentation() -> None:
    page = (ROOT / "docs" / "sweeps.md").read_text(encoding="utf-8")
    assert all(f"| `{quantity}` | {what} |" in page for quantity, what in ANSWERS.items())
