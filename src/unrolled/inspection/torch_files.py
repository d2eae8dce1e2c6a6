"""Reads files of torch and NumPy with weights or inputs, of which no code is executed."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from unrolled.errors import UserError
from unrolled.rnn import RNN
from unrolled.rnn.from_torch import stack_from_torch
from unrolled.rnn.masking import first_not_finite
from unrolled.rnn.stack import Stacked


def stack_in(file: Path, activation: str | None) -> list[Stacked]:
    """Reads the layers of a saved state_dict.

    activation: of an RNN, by default "tanh"; None for other kinds.
    Raises UserError for a file without the weights of one recurrent module, and for an activation of another kind.
    """
    kept = _load("--from-torch", file, "a saved state_dict; write it by torch.save(rnn.state_dict(), FILE)")
    if not isinstance(kept, Mapping):
        raise UserError(f"--from-torch {file}: it holds a {type(kept).__name__}, not a state_dict")
    try:
        stack = stack_from_torch(kept, activation or "tanh")
    except ValueError as error:
        raise UserError(f"--from-torch {file}: {error}") from None
    layer = stack[0].layer
    if activation is not None and not isinstance(layer, RNN):
        kind = f"torch.nn.{type(layer).__name__}"
        raise UserError(f"--activation {activation}: only torch.nn.RNN has one, and {file} is of {kind}")
    return stack


def inputs_in(file: Path, size: int) -> Tensor:
    """Reads inputs, float64 (T, B, size). Raises UserError for another shape and for numbers that are not finite."""
    x = _load("--input", file, "a tensor in a file .pt, .npy or .npz")
    if not isinstance(x, Tensor) or x.layout != torch.strided or x.ndim != 3 or x.shape[2] != size or not x.numel():
        shape = tuple(x.shape) if isinstance(x, Tensor) else type(x).__name__
        raise UserError(f"--input {file}: {shape}, expected a tensor (T, B, {size}), time first, T and B at least 1")
    if x.is_complex():
        raise UserError(f"--input {file}: it is of {x.dtype}; real numbers are wanted")
    x = x.detach().double()
    if (wrong := first_not_finite(x)) is not None:
        raise UserError(f"--input {file}: it is {wrong}: finite numbers are wanted")
    return x


def _load(option: str, file: Path, wanted: str) -> Any:
    """Returns the content of a file of torch or NumPy, of which no code is executed. Raises UserError."""
    try:
        if file.suffix in (".npy", ".npz"):
            with file.open("rb") as opened:
                return _arrays(np.load(opened, allow_pickle=False))
        return torch.load(file, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise UserError(f"{option} {file}: no such file") from None
    except OSError as error:
        if error.strerror is None:
            raise UserError(f"{option} {file}: not {wanted}") from None
        raise UserError(f"{option} {file}: it cannot be read ({error.strerror})") from None
    except Exception:  # a broken or foreign file can raise anything
        raise UserError(f"{option} {file}: not {wanted}") from None


def _arrays(kept: Any) -> Any:
    """Returns the array in a file of NumPy, or the only one of an archive; of several a dict."""
    arrays = {name: kept[name] for name in kept.files} if isinstance(kept, np.lib.npyio.NpzFile) else {"": kept}
    return torch.from_numpy(next(iter(arrays.values()))) if len(arrays) == 1 else arrays
