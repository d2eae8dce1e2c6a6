"""A sweep's table fits the terminal: what is shown is whole, and a pipe gets all of it."""

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


def test_a_pipe_gets_every_column(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    terminal.print_table(read_sweep(folder))
    printed = capsys.readouterr().out
    assert all(word in printed for word in ("unknown", "slope at step 0", "initial slope (sd)", "trivial baseline"))
