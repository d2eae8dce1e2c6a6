"""docs/reference.md says what the schema and conf/ say."""

from conftest import ROOT
from unrolled.config.files import choices
from unrolled.config.reference import reference
from unrolled.config.schema import plain
from unrolled.run.preflight import compose

PAGE = reference()


def rows(group: str) -> list[str]:
    """The lines of a group's tables."""
    section = PAGE.split(f"\n## `{group}`\n")[1].split("\n## ")[0]
    return [line for line in section.splitlines() if line.startswith("| `")]


def test_the_committed_page_is_what_make_docs_writes() -> None:
    assert (ROOT / "docs" / "reference.md").read_text(encoding="utf-8") == PAGE


def test_every_choice_and_every_value_has_a_row_that_says_something() -> None:
    values = plain(compose([]))
    for group, names in choices().items():
        known = names if group == "experiment" else [*names, *(f"{group}.{key}" for key in values[group])]
        found = {line.split("`")[1]: line for line in rows(group)}
        assert set(found) == {name for name in known if name != f"{group}.name"}
        for line in found.values():
            assert line.count("|") in (4, 6)
            said = line.split(" | ")[1 if line.count("|") == 4 else 4].removesuffix(" |")
            assert said.strip(), line


def test_a_default_and_a_range_are_those_of_the_schema() -> None:
    assert "| `init.gain` | number | at least 0 | `1.0` | scales W_h |" in rows("init")
    assert any("| `probe.births` | whole number | at least 0 and at most 1000 | `20` |" in row for row in rows("probe"))
    assert any("| `task.missing` | word or null | refuse, drop, interpolate, last |  |" in row for row in rows("task"))


def test_what_a_choice_changes_is_told() -> None:
    (row,) = (line for line in rows("experiment") if line.startswith("| `noise`"))
    assert "`model=medium`" in row and "`task.label_noise=0.0,0.5,1.0`" in row
    (row,) = (line for line in rows("model") if line.startswith("| `large`"))
    assert row.endswith("| `model.hidden=256` |")
