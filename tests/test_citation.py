"""CITATION.cff and CHANGELOG.md name the version of pyproject.toml, and no other file has it."""

import re
import tomllib

import yaml

from conftest import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
CITATION = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))


def test_the_citation_has_what_version_1_2_0_of_the_format_requires() -> None:
    assert CITATION["cff-version"] == "1.2.0"
    assert {"message", "title", "authors"} <= CITATION.keys()
    assert CITATION["type"] == "software" and CITATION["license"] == PROJECT["license"]


def test_its_authors_are_those_of_the_licence() -> None:
    holder = re.search(r"^Copyright \(c\) \d+ (.*)$", (ROOT / "LICENSE").read_text(encoding="utf-8"), re.MULTILINE)
    assert holder is not None
    assert CITATION["authors"] == [{"name": holder[1]}]


def test_citation_and_changes_name_the_version_of_the_package() -> None:
    changes = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    versions = re.findall(r"^## (\S+)$", changes, flags=re.MULTILINE)
    assert versions[0] == str(CITATION["version"]) == PROJECT["version"]
    assert len(changes.splitlines()) <= 60


def test_no_source_file_repeats_the_version() -> None:
    sources = [*(ROOT / "src").rglob("*.py"), *(ROOT / "conf").rglob("*.yaml"), ROOT / "Makefile"]
    assert [file for file in sources if f'"{PROJECT["version"]}"' in file.read_text(encoding="utf-8")] == []
