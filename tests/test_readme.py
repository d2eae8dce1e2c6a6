"""The README is short, and what it shows is what happens."""

import re
import shlex
import subprocess

import click
import pytest

from conftest import ROOT
from unrolled.cli.commands import unrolled
from unrolled.run.preflight import preflight

README = (ROOT / "README.md").read_text(encoding="utf-8")
PAGES = {page.name: page.read_text(encoding="utf-8") for page in sorted((ROOT / "docs").glob("*.md"))}
LINES = [line for text in (README, *PAGES.values()) for line in text.splitlines()]
TRAIN = [
    line.split("src/train.py", 1)[1].split("#")[0].strip()
    for block in re.findall(r"```sh\n(.*?)```", README, flags=re.DOTALL)
    for line in block.splitlines()
    if "src/train.py" in line
]


def _parse(command: click.Command, words: list[str]) -> None:
    """Raises ClickException for words that are no command."""
    context = command.make_context(command.name, words)
    if isinstance(command, click.Group):
        name, inner, rest = command.resolve_command(context, [*context._protected_args, *context.args])
        assert name and inner
        _parse(inner, rest)


def test_it_is_read_in_three_minutes() -> None:
    assert len(README.splitlines()) <= 150
    assert len(README.split()) < 3 * 250  # words a minute


def test_it_shows_a_run_and_a_sweep() -> None:
    assert len(TRAIN) == 1
    assert "make sweep\n" in README


@pytest.mark.parametrize("arguments", TRAIN)
def test_every_command_is_accepted(arguments: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    assert not preflight(shlex.split(arguments)).sweep


def test_every_command_of_unrolled_in_readme_and_docs_is_one() -> None:
    commands = [found[1] for line in LINES if (found := re.match(r"(?:\$ )?\.venv/bin/unrolled (.*)$", line))]
    assert len(commands) > 10
    for command in commands:
        words = shlex.split(command, comments=True)
        if words[0] == "train":
            assert preflight(words[1:]).config is not None
        else:
            _parse(unrolled, words)


def test_every_make_target_in_readme_and_docs_is_in_its_help() -> None:
    listed = subprocess.run(
        ["make", "--no-print-directory", "help"], capture_output=True, text=True, cwd=ROOT, check=True
    ).stdout
    working = ["setup", "train", "sweep", "gallery", "test", "test-long", "test-gpu", "lint", "docs"]
    targets = [*working, "report", "dashboard", "sync", "bench", "clean"]
    assert [line.split()[1] for line in listed.splitlines()] == ["help", *targets]
    named = re.findall(r"(?:^|`)make ([a-z-]+)(?=`| [A-Z]|$)", "\n".join(LINES), flags=re.MULTILINE)
    assert len(named) > 20
    assert {*named} <= {*targets, "help"}
