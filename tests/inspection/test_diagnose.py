"""`unrolled diagnose`: a run and a checkpoint."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from commands import unrolled
from conftest import QUICK, train
from unrolled.config.identity import RunIdentity
from unrolled.errors import UserError
from unrolled.inspection.diagnose import diagnose_run
from unrolled.run.lifecycle import run
from unrolled.run.preflight import compose

FLOAT_64 = ["trainer.precision=64"]  # in float32 checkpoint and diagnosis would differ by rounding alone


def evidence_in(folder: Path, part: str) -> dict[str, Any]:
    return json.loads((folder / f"{part}.json").read_text())


@pytest.fixture(scope="module")
def ran(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    return _run(tmp_path_factory, "model.hidden=8")


@pytest.fixture(scope="module")
def translator(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    return _run(tmp_path_factory, "task=numbers", "task.samples=100", "model.hidden=8")


def _run(factory: pytest.TempPathFactory, *overrides: str) -> tuple[Path, dict[str, Any]]:
    """A finished run as `train.py` leaves it."""
    folder = factory.mktemp("ran") / "run"
    train(*QUICK, *FLOAT_64, *overrides, "tracker=none", f"hydra.run.dir={folder}").check_returncode()
    return folder, json.loads((folder / "status.json").read_text())


def test_a_run_is_diagnosed_again_as_it_was_recorded(ran, capsys: pytest.CaptureFixture[str]) -> None:
    folder, status = ran
    (file,) = diagnose_run(folder)
    assert file == folder / "diagnosis" / "rnn.json"
    found = evidence_in(folder / "diagnosis", "rnn")
    for key in ("regime", "regime_reason", "slope", "slope_error", "horizon", "explanation", "slope_by_f", "flat"):
        assert found[key] == status[key], key
    assert found["predictions"] == status["predictions"]
    printed = capsys.readouterr().out
    assert f"regime    {status['regime']}: {status['regime_reason']}" in printed
    assert status["explanation"] in printed
    assert file.with_suffix(".png").read_bytes().startswith(b"\x89PNG")
    assert "<svg" in file.with_suffix(".svg").read_text()


@pytest.mark.long
def test_a_checkpoint_has_the_same_diagnosis_without_its_run(ran, tmp_path: Path) -> None:
    folder, _ = ran
    copy = tmp_path / "mine.ckpt"
    copy.write_bytes((folder / "checkpoints" / "last.ckpt").read_bytes())
    diagnose_run(folder, tmp_path / "first")
    assert diagnose_run(copy) == [tmp_path / "mine_diagnosis" / "rnn.json"]
    found, first = evidence_in(tmp_path / "mine_diagnosis", "rnn"), evidence_in(tmp_path / "first", "rnn")
    assert {**found, "title": ""} == {**first, "title": ""}


@pytest.mark.long
def test_both_halves_of_an_encoder_decoder_are_diagnosed(translator, tmp_path: Path) -> None:
    folder, status = translator
    assert [each.stem for each in diagnose_run(folder, tmp_path)] == ["encoder", "decoder"]
    for part, half in status["halves"].items():
        assert evidence_in(tmp_path, part)["slope"] == pytest.approx(half["slope"], rel=1e-12)
    assert evidence_in(tmp_path, "decoder")["portrait"]["own_loss"] is True


@pytest.mark.long
def test_in_float32_the_slope_is_the_same_to_its_precision(tmp_path: Path) -> None:
    identity = RunIdentity(tmp_path / "run", "a run", "a run")
    identity.folder.mkdir()
    status = run(compose([*QUICK, "tracker=none"]), identity)
    diagnose_run(identity.folder / "checkpoints" / "last.ckpt", tmp_path / "out")
    assert evidence_in(tmp_path / "out", "rnn")["slope"] == pytest.approx(status["slope"], rel=1e-6)


@pytest.mark.long
def test_json_is_what_the_files_hold(translator) -> None:
    """An encoder and a decoder: a list."""
    folder, _ = translator
    ended = unrolled("diagnose", str(folder), "--json", "--out", str(folder / "json"))
    assert ended.returncode == 0
    assert json.loads(ended.stdout) == [
        {"part": part, **evidence_in(folder / "json", part)} for part in ("encoder", "decoder")
    ]


def test_mistakes_are_one_line(tmp_path: Path) -> None:
    weights, text = tmp_path / "weights.pt", tmp_path / "text.pt"
    torch.save(nn.RNN(2, 3).state_dict(), weights)
    text.write_text("no weights")
    mistakes = {
        "text.pt is no checkpoint of a run": text,
        "weights.pt is no checkpoint of a run": weights,
        "holds no finished run": tmp_path,
        "missing.ckpt: no such file": tmp_path / "missing.ckpt",
    }
    for message, where in mistakes.items():
        with pytest.raises(UserError) as raised:
            diagnose_run(where)
        assert message in str(raised.value)
