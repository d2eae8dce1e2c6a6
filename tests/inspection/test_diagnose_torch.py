"""`unrolled diagnose --from-torch`: the layers of torch.nn.RNN, LSTM and GRU."""

import json
import math
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from commands import unrolled
from conftest import some
from unrolled.errors import UserError
from unrolled.inspection.diagnose_torch import diagnose_torch

T, B, E, H = 60, 8, 5, 12


def evidence_in(folder: Path, part: str) -> dict[str, Any]:
    return json.loads((folder / f"{part}.json").read_text())


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
    assert diagnose_torch(file) == [tmp_path / "weights_diagnosis" / "weights.json"]
    assert (tmp_path / "weights_diagnosis" / "weights.png").is_file()
    found = evidence_in(tmp_path / "weights_diagnosis", "weights")
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
    assert diagnose_torch(file, "relu", out=tmp_path) == [tmp_path / "weights.json"]
    assert not (tmp_path / "weights.png").exists()
    assert "regime    diverged: the state is not finite from time step" in capsys.readouterr().out
    assert evidence_in(tmp_path, "weights")["portrait"] is None


def test_mistakes_are_one_line(tmp_path: Path) -> None:
    weights, text = tmp_path / "weights.pt", tmp_path / "text.pt"
    torch.save(nn.RNN(E, H).state_dict(), weights)
    text.write_text("no weights")
    torch.save(nn.GRU(E, H).state_dict(), tmp_path / "gru.pt")
    torch.save([1, 2], tmp_path / "list.pt")
    torch.save(torch.zeros(T, B, E + 1), tmp_path / "wide.pt")
    overflowing = nn.RNN(E, H, 2, nonlinearity="relu")
    overflowing.get_parameter("weight_hh_l0").data.fill_(1e30)
    torch.save(overflowing.state_dict(), tmp_path / "overflowing.pt")
    mistakes = {
        "no such file": lambda: diagnose_torch(tmp_path / "none.pt"),
        "not a saved state_dict": lambda: diagnose_torch(text),
        "--activation tanh: only torch.nn.RNN has one": lambda: diagnose_torch(tmp_path / "gru.pt", "tanh"),
        "it holds a list, not a state_dict": lambda: diagnose_torch(tmp_path / "list.pt"),
        "(60, 8, 6), expected a tensor (T, B, 5)": lambda: diagnose_torch(weights, inputs=tmp_path / "wide.pt"),
        "text.pt: not a tensor in a file .pt, .npy or .npz": lambda: diagnose_torch(weights, inputs=text),
        "both must be at least 1": lambda: diagnose_torch(weights, length=0),
        "the states of the layer below, is inf at": lambda: diagnose_torch(tmp_path / "overflowing.pt", "relu"),
    }
    for message, call in mistakes.items():
        with pytest.raises(UserError) as raised:
            call()
        assert message in str(raised.value) and "\n" not in str(raised.value)


PLACES = {
    "l0": "layer 1 of 2, forwards in time",
    "l0_reverse": "layer 1 of 2, backwards in time",
    "l1": "layer 2 of 2, forwards in time",
    "l1_reverse": "layer 2 of 2, backwards in time",
}


def carousels() -> nn.LSTM:
    """Without inputs and recurrent weights c_t = f c_{t-1} with the forget gate's f, and so dL/dc_t has slope ln f."""
    theirs = nn.LSTM(2, 2, num_layers=2, bidirectional=True)
    for name, parameter in theirs.named_parameters():
        with torch.no_grad():
            parameter.zero_()
            if name.startswith("bias_ih"):
                parameter[2:4] = FORGET[name.removeprefix("bias_ih_")]
    return theirs


FORGET = {"l0": 1.0, "l0_reverse": 0.0, "l1": -1.0, "l1_reverse": -0.5}  # bias of the forget gate


def test_each_layer_and_direction_is_diagnosed_by_itself(tmp_path: Path) -> None:
    torch.save(carousels().state_dict(), tmp_path / "w.pt")
    ended = unrolled("diagnose", "--from-torch", "w.pt", "--json", "--length", "12", "--samples", "2", folder=tmp_path)
    assert (ended.returncode, ended.stderr) == (0, "")
    found = json.loads(ended.stdout)
    assert [each["part"] for each in found] == [f"w_{end}" for end in PLACES]
    made = sorted(path.name for path in (tmp_path / "w_diagnosis").iterdir())
    assert made == sorted(f"w_{end}.{kind}" for end in PLACES for kind in ("json", "png", "svg"))
    whole = "w.pt: torch.nn.LSTM(2, 2, num_layers=2, bidirectional=True) driven by white noise, T = 12"
    for each, (end, place) in zip(found, PLACES.items(), strict=True):
        assert each["title"] == f"{whole}: {end}, {place}"
        assert each["slope"] == pytest.approx(math.log(torch.tensor(FORGET[end]).double().sigmoid()), abs=1e-6)


def test_layers_are_printed_one_after_the_other(tmp_path: Path, capsys) -> None:
    torch.save(nn.RNN(2, 3, num_layers=2).state_dict(), tmp_path / "w.pt")
    made = diagnose_torch(tmp_path / "w.pt", length=12, samples=2)
    printed = capsys.readouterr().out
    assert [file.name for file in made] == ["w_l0.json", "w_l1.json"]
    title = f"{tmp_path}/w.pt: torch.nn.RNN(2, 3, 'tanh', num_layers=2) driven by white noise, T = 12"
    assert [line for line in printed.splitlines() if line.startswith("/")] == [
        f"{title}: l0, layer 1 of 2, forwards in time",
        f"{title}: l1, layer 2 of 2, forwards in time",
    ]
    assert printed.count("  regime    ") == printed.count("  picture   ") == 2


def test_the_command(tmp_path: Path) -> None:
    torch.save(orthogonal(0.8).state_dict(), tmp_path / "weights.pt")

    def typed(*words: str) -> subprocess.CompletedProcess[str]:
        return unrolled("diagnose", *words, folder=tmp_path)

    ended = typed("--from-torch", "weights.pt", "--length", "40", "--samples", "8")
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "regime    vanishing" in ended.stdout and "picture   weights_diagnosis/weights.png" in ended.stdout
    as_json = typed("--from-torch", "weights.pt", "--json", "--length", "12", "--samples", "2")
    assert json.loads(as_json.stdout) == {"part": "weights", **evidence_in(tmp_path / "weights_diagnosis", "weights")}
    neither = typed()
    assert (neither.returncode, neither.stderr) == (
        2,
        "unrolled: give exactly one of: a run's folder, a checkpoint, --from-torch FILE\n",
    )
