"""A sweep's table fits the terminal: what is shown is whole, and it is no longer than a screen."""

from pathlib import Path

import pytest
from rich.console import Console
from test_page import births, make_sweep

from unrolled.record.results import read_sweep
from unrolled.report import terminal


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    done = {"state": "completed", "births": births([-1.0], vanishing=1), "slope": -0.5, "regime": "vanishing"}
    done |= {"score": "val/accuracy", "metrics": {"val/accuracy": 0.5}, "baseline": {"val/accuracy": 0.25}}
    done |= {"references": {"this network, the first 5 words unknown": {"val/accuracy": 0.4}}, "slope_start": -1.0}
    return make_sweep(tmp_path / "s", {"activation": "tanh,relu", "model.hidden": "8,64"}, [done] * 4)


@pytest.mark.parametrize(
    ("width", "missing"),
    [(200, []), (140, ["unknown"]), (130, ["unknown", "step 0"]), (100, ["unknown", "step 0", "initial"])],
)
def test_a_narrow_terminal_gets_fewer_columns_but_whole_ones(
    width: int, missing: list[str], folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def console(highlight: bool) -> Console:
        return Console(force_terminal=True, no_color=True, width=width, highlight=highlight)

    monkeypatch.setattr(terminal, "Console", console)
    terminal.print_table(read_sweep(folder))
    printed = capsys.readouterr().out
    assert [
        word for word in ("unknown", "step 0", "initial", "baseline", "slope now") if word not in printed
    ] == missing
    assert "…" not in printed and printed.count("completed") == 4 and "tanh hidden=64" in printed


def test_a_pipe_is_as_wide_as_a_terminal_of_100_columns(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    terminal.print_table(read_sweep(folder))
    printed = capsys.readouterr().out
    assert max(map(len, printed.splitlines())) <= 100
    assert "trivial baseline" in printed and "unknown" not in printed and "..." not in printed


def test_a_long_table_ends_after_a_screen(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    seeds = ",".join(map(str, range(23)))
    folder = make_sweep(tmp_path / "s", {"seed": seeds}, [{"state": "completed", "slope": -0.5}] * 23)
    terminal.print_table(read_sweep(folder))
    printed = capsys.readouterr().out
    assert printed.count("completed") == terminal.MOST == 20
    last = printed.splitlines()[-1]
    assert last.startswith("and 3 more: ") and last.endswith(f"unrolled show {folder}")


@pytest.mark.parametrize("active", [True, False])
def test_a_command_can_be_typed_with_and_without_an_active_environment(
    active: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "unrolled").touch()
    monkeypatch.setattr("sys.executable", str(tmp_path / "bin" / "python"))
    monkeypatch.setattr("shutil.which", lambda name: name if active else None)
    monkeypatch.chdir(tmp_path)
    program = "unrolled" if active else "bin/unrolled"
    assert terminal.command("show", Path("a b")) == f"{program} show 'a b'"
