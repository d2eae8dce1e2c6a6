"""The summary at the end of a run fits the terminal, and says what to do next."""

from pathlib import Path

import pytest
from rich.console import Console

from unrolled.record.run_record import RunRecord
from unrolled.report import summary

EXPLANATION = (
    "Each step back in time multiplies the gradient by 10^-1.18e+06 on average: after 1 step it is little. " * 3
)
RECORD = {
    "state": "completed", "steps": 1, "duration_s": 2.5, "score": "val/accuracy", "name": "tanh",
    "metrics": {"val/loss": 1.2345678, "val/accuracy": 0.58293}, "baseline": {"val/loss": 2.5e6, "val/accuracy": 0.4},
    "references": {"this network, the first 5 words unknown": {"val/accuracy": 0.5}},
    "solved": {"score": "val/accuracy", "value": 0.9, "at": 1},
    "births": {"slopes": [-0.5] * 20, "slope_mean": -0.49, "slope_sd": 0.057, "regimes": {"vanishing": 20}},
    "slope": -0.3, "regime": "vanishing", "regime_reason": "slope -0.30 +- 0.11 nats per lag, band +-0.050",
    "explanation": EXPLANATION, "horizon": 11, "horizon_direction": "down", "weight_horizon": {"90%": 0},
    "cancellation": 0.16, "predictions": {"bound": 0.1, "ln_rho": -0.2, "mean_field": -611559875060550.0},
}  # fmt: skip


def printed(width: int | None, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    def console(highlight: bool) -> Console:
        return Console(force_terminal=True, color_system=None, width=width, highlight=highlight)

    if width is not None:
        monkeypatch.setattr(summary, "Console", console)
    summary.print_summary(RunRecord.from_dict(RECORD), Path("outputs/a"), "tanh")
    return capsys.readouterr().out.splitlines()


def test_no_line_is_wider_than_the_terminal_and_the_rest_of_a_line_is_indented(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    lines = printed(80, capsys, monkeypatch)
    assert max(map(len, lines)) <= 80
    began = next(i for i, line in enumerate(lines) if line.startswith("now "))
    ended = next(i for i, line in enumerate(lines) if line.startswith("horizon "))
    assert all(line.startswith(" " * 10) and line[10] != " " for line in lines[began + 1 : ended])
    words = " ".join(" ".join(lines[began:ended]).split())
    assert EXPLANATION.strip() in words


def test_a_pipe_gets_each_line_whole(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    lines = printed(None, capsys, monkeypatch)
    assert f"          {EXPLANATION}" in lines
    assert "tanh: completed after 1 update in 2.5 s" in lines
    assert "solved    val/accuracy of 0.9 reached after 1 update" in lines
    assert any(
        line.startswith("weights   90 % of a sample's dL/dW_h comes from the last 1 time step;") for line in lines
    )
    assert not any("-611559875060550" in line for line in lines)
    assert [line.split() for line in lines if line.startswith(("this run ", "trivial"))] == [
        ["this", "run", "1.235", "0.583"], ["trivial", "baseline", "2.50e+06", "0.400"],
    ]  # fmt: skip


def test_the_last_line_is_a_command(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    *_, last = printed(None, capsys, monkeypatch)
    assert last.startswith("next      ") and last.endswith("unrolled report outputs/a --open")
