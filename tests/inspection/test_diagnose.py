"""`unrolled diagnose`: a run, a checkpoint, and the weights of torch.nn.RNN."""

import json
import math
import pickle
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from commands import unrolled
from conftest import QUICK, some, train
from unrolled.config.identity import RunIdentity
from unrolled.errors import UserError
from unrolled.inspection.diagnose import _from_torch, _inputs, diagnose_run, diagnose_torch
from unrolled.run.lifecycle import run
from unrolled.run.preflight import compose

T, B, E, H = 60, 8, 5, 12
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
    pictures = diagnose_run(folder)
    assert pictures == [folder / "diagnosis" / "rnn.png"]
    found = evidence_in(folder / "diagnosis", "rnn")
    for key in ("regime", "regime_reason", "slope", "slope_error", "horizon", "explanation", "slope_by_f", "flat"):
        assert found[key] == status[key], key
    assert found["predictions"] == status["predictions"]
    printed = capsys.readouterr().out
    assert f"regime    {status['regime']}: {status['regime_reason']}" in printed
    assert status["explanation"] in printed
    assert pictures[0].read_bytes().startswith(b"\x89PNG") and "<svg" in pictures[0].with_suffix(".svg").read_text()


@pytest.mark.long
def test_a_checkpoint_has_the_same_diagnosis_without_its_run(ran, tmp_path: Path) -> None:
    folder, _ = ran
    copy = tmp_path / "mine.ckpt"
    copy.write_bytes((folder / "checkpoints" / "last.ckpt").read_bytes())
    diagnose_run(folder, tmp_path / "first")
    assert diagnose_run(copy) == [tmp_path / "mine_diagnosis" / "rnn.png"]
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


def orthogonal(c: float, activation: str = "tanh") -> nn.RNN:
    """Small inputs keep it in the linear part of tanh: the gradient changes by c at each step."""
    torch.manual_seed(0)
    theirs = nn.RNN(E, H, nonlinearity=activation)
    with torch.no_grad():
        theirs.get_parameter("weight_hh_l0").copy_(c * torch.linalg.qr(torch.randn(H, H))[0])
        theirs.get_parameter("weight_ih_l0").mul_(1e-3)
        theirs.get_parameter("bias_ih_l0").zero_()
        theirs.get_parameter("bias_hh_l0").zero_()
    return theirs


@pytest.mark.parametrize(("c", "regime"), [(0.8, "vanishing"), (1.0, "stable")])
def test_ordinary_pytorch_is_diagnosed(c: float, regime: str, tmp_path: Path, capsys) -> None:
    file = tmp_path / "weights.pt"
    torch.save(orthogonal(c).state_dict(), file)
    (picture,) = diagnose_torch(file)
    assert picture == tmp_path / "weights_diagnosis" / "weights.png"
    found = evidence_in(picture.parent, "weights")
    assert found["regime"] == regime
    assert found["slope"] == pytest.approx(math.log(c), abs=1e-4)
    eigenvalues = np.array(found["portrait"]["eigenvalues"])
    assert np.hypot(*eigenvalues.T) == pytest.approx(c, abs=1e-5)
    assert f"regime    {regime}: " in capsys.readouterr().out


@pytest.mark.long
def test_relu_is_diagnosed_as_relu(tmp_path: Path) -> None:
    """All units off: the gradient is exactly 0, which tanh never is."""
    theirs = orthogonal(1.0, "relu")
    with torch.no_grad():
        theirs.get_parameter("bias_ih_l0").fill_(-5)
    file = tmp_path / "weights.pt"
    torch.save(theirs.state_dict(), file)
    diagnose_torch(file, "relu", out=tmp_path / "relu")
    diagnose_torch(file, "tanh", out=tmp_path / "tanh")
    assert evidence_in(tmp_path / "relu", "weights")["regime"] == "dead"
    assert evidence_in(tmp_path / "tanh", "weights")["regime"] == "saturated"


@pytest.mark.parametrize("suffix", some([".npy", ".pt"], 2))
def test_inputs_of_ones_own(suffix: str, tmp_path: Path, capsys) -> None:
    weights, inputs = tmp_path / "weights.pt", tmp_path / f"x{suffix}"
    torch.save(nn.RNN(E, H).state_dict(), weights)
    x = torch.randn(T, B, E)
    np.save(inputs, x.numpy()) if suffix == ".npy" else torch.save(x, inputs)
    diagnose_torch(weights, inputs=inputs, out=tmp_path / "out")
    assert f"driven by {inputs}, T = {T}" in capsys.readouterr().out
    assert len(evidence_in(tmp_path / "out", "weights")["portrait"]["ln_dh"]) == T


def test_a_state_that_overflows_has_a_diagnosis_but_no_picture(tmp_path: Path, capsys) -> None:
    theirs = orthogonal(1e30, "relu")
    file = tmp_path / "weights.pt"
    torch.save(theirs.state_dict(), file)
    assert diagnose_torch(file, "relu", out=tmp_path) == []
    assert "regime    diverged: the state is not finite from time step" in capsys.readouterr().out
    assert evidence_in(tmp_path, "weights")["portrait"] is None


def test_mistakes_are_one_line(tmp_path: Path) -> None:
    weights, text = tmp_path / "weights.pt", tmp_path / "text.pt"
    torch.save(nn.RNN(E, H).state_dict(), weights)
    text.write_text("no weights")
    torch.save(nn.LSTM(E, H).state_dict(), tmp_path / "lstm.pt")
    torch.save([1, 2], tmp_path / "list.pt")
    torch.save(torch.zeros(T, B, E + 1), tmp_path / "wide.pt")
    mistakes = {
        "no such file": lambda: diagnose_torch(tmp_path / "none.pt"),
        "not a saved state_dict": lambda: diagnose_torch(text),
        "weight_hh_l0 is (48, 12): an LSTM, not a plain RNN": lambda: diagnose_torch(tmp_path / "lstm.pt"),
        "it holds a list, not a state_dict": lambda: diagnose_torch(tmp_path / "list.pt"),
        "(60, 8, 6), expected a tensor (T, B, 5)": lambda: diagnose_torch(weights, inputs=tmp_path / "wide.pt"),
        "text.pt: not a tensor in a file .pt, .npy or .npz": lambda: diagnose_torch(weights, inputs=text),
        "both must be at least 1": lambda: diagnose_torch(weights, length=0),
        "text.pt is no checkpoint of a run": lambda: diagnose_run(text),
        "weights.pt is no checkpoint of a run": lambda: diagnose_run(weights),
        "holds no finished run": lambda: diagnose_run(tmp_path),
        "missing.ckpt: no such file": lambda: diagnose_run(tmp_path / "missing.ckpt"),
    }
    for message, call in mistakes.items():
        with pytest.raises(UserError) as raised:
            call()
        assert message in str(raised.value)


BROKEN = {
    "empty": b"",
    "text": b"not a checkpoint",
    "zip": b"PK\x03\x04" + bytes(100),
    "NumPy": b"\x93NUMPY\x01\x00v\x00{'descr': '<f4'",
    "pickle": pickle.dumps({"a": [1, 2]}),
    "code": b"cposix\nsystem\n(S'true'\ntR.",
}


@pytest.mark.parametrize("suffix", [".pt", ".npy"])
@pytest.mark.parametrize("kind", [*BROKEN, "cut", "folder", "whole module"])
def test_a_file_that_is_none_is_refused_by_each_reader(kind: str, suffix: str, tmp_path: Path) -> None:
    file = tmp_path / f"x{suffix}"
    if kind == "folder":
        file.mkdir()
    elif kind == "whole module":
        torch.save(nn.RNN(E, H), file)
    elif kind == "cut":
        torch.save(nn.RNN(E, H).state_dict(), file)
        file.write_bytes(file.read_bytes()[:-200])
    else:
        file.write_bytes(BROKEN[kind])
    for option, call in {
        f"--from-torch {file}: ": lambda: _from_torch(file, "tanh"),
        f"--input {file}: ": lambda: _inputs(file, E),
        f"{file} ": lambda: diagnose_run(file),
    }.items():
        if kind == "folder" and option == f"{file} ":
            continue  # it is taken for a run's
        with pytest.raises(UserError) as raised:
            call()
        assert str(raised.value).startswith(option) and "\n" not in str(raised.value)


def not_finite() -> torch.Tensor:
    x = torch.zeros(T, B, E)
    x[3, 2, 1] = torch.nan
    return x


INPUTS = {
    "nan": (not_finite, "it is nan at sample 2, time step 3: finite numbers are wanted"),
    "inf": (lambda: not_finite().nan_to_num(torch.inf), "finite numbers are wanted"),
    "no batch": (lambda: torch.zeros(T, 0, E), r"\(60, 0, 5\), expected a tensor"),
    "no time": (lambda: torch.zeros(0, B, E), r"\(0, 8, 5\), expected a tensor"),
    "2 dimensions": (lambda: torch.zeros(T, E), r"\(60, 5\), expected a tensor"),
    "complex": (lambda: torch.zeros(T, B, E, dtype=torch.complex64), "real numbers are wanted"),
    "a dict": (lambda: {"x": torch.zeros(T, B, E)}, r"dict, expected a tensor \(T, B, 5\)"),
    "sparse": (lambda: torch.ones(T, B, E).to_sparse(), "expected a tensor"),
}


@pytest.mark.parametrize("kind", INPUTS)
def test_inputs_that_cannot_be_read_in_are_blamed_themselves(kind: str, tmp_path: Path) -> None:
    made, message = INPUTS[kind]
    torch.save(made(), tmp_path / "x.pt")
    with pytest.raises(UserError, match=f"^--input {tmp_path}/x.pt: .*{message}"):
        _inputs(tmp_path / "x.pt", E)


def test_arrays_of_numpy_are_inputs(tmp_path: Path) -> None:
    x = np.arange(2 * 3 * E).reshape(2, 3, E)
    np.save(tmp_path / "ints.npy", x)
    np.savez(tmp_path / "one.npz", x)
    assert torch.equal(_inputs(tmp_path / "ints.npy", E), torch.from_numpy(x).double())
    assert torch.equal(_inputs(tmp_path / "one.npz", E), torch.from_numpy(x).double())
    np.savez(tmp_path / "two.npz", x, x)
    with pytest.raises(UserError, match="dict, expected a tensor"):
        _inputs(tmp_path / "two.npz", E)
    np.save(tmp_path / "objects.npy", np.array([[[None] * E]]), allow_pickle=True)
    with pytest.raises(UserError, match=r"objects.npy: not a tensor in a file .pt, .npy or .npz"):
        _inputs(tmp_path / "objects.npy", E)


def test_the_command(tmp_path: Path) -> None:
    torch.save(orthogonal(0.8).state_dict(), tmp_path / "weights.pt")

    def typed(*words: str) -> subprocess.CompletedProcess[str]:
        return unrolled("diagnose", *words, folder=tmp_path)

    ended = typed("--from-torch", "weights.pt")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "regime    vanishing" in ended.stdout and "picture   weights_diagnosis/weights.png" in ended.stdout
    neither = typed()
    assert (neither.returncode, neither.stderr) == (
        2,
        "unrolled: give exactly one of: a run's folder, a checkpoint, --from-torch FILE\n",
    )
