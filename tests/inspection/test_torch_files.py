"""Files of weights and of inputs for `unrolled diagnose --from-torch`; those that are none are refused in one line."""

import pickle
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from unrolled.errors import UserError
from unrolled.inspection.diagnose import diagnose_run
from unrolled.inspection.torch_files import inputs_in, stack_in

T, B, E, H = 60, 8, 5, 12
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
        f"--from-torch {file}: ": lambda: stack_in(file, None),
        f"--input {file}: ": lambda: inputs_in(file, E),
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
        inputs_in(tmp_path / "x.pt", E)


def test_arrays_of_numpy_areinputs_in(tmp_path: Path) -> None:
    x = np.arange(2 * 3 * E).reshape(2, 3, E)
    np.save(tmp_path / "ints.npy", x)
    np.savez(tmp_path / "one.npz", x)
    assert torch.equal(inputs_in(tmp_path / "ints.npy", E), torch.from_numpy(x).double())
    assert torch.equal(inputs_in(tmp_path / "one.npz", E), torch.from_numpy(x).double())
    np.savez(tmp_path / "two.npz", x, x)
    with pytest.raises(UserError, match="dict, expected a tensor"):
        inputs_in(tmp_path / "two.npz", E)
    np.save(tmp_path / "objects.npy", np.array([[[None] * E]]), allow_pickle=True)
    with pytest.raises(UserError, match=r"objects.npy: not a tensor in a file .pt, .npy or .npz"):
        inputs_in(tmp_path / "objects.npy", E)
