"""The recurrence on a device against the CPU, and against torch's own RNN there (on a GPU: cuDNN)."""

from collections.abc import Iterator

import torch
from torch import Tensor, nn

from unrolled.rnn import ACTIVATIONS, RNN, Recurrent, Tape
from unrolled.rnn.from_torch import stack_from_torch

T, B, E, H = 40, 16, 5, 24
# Of the largest entry. Each step adds a rounding, and T of them are passed on: measured about 30 roundings.
TOLERANCES = {torch.float64: 1e-12, torch.float32: 1e-4}


def exact_products() -> None:
    """TF32 keeps 10 bits of a product's factors: off for matrices by default, on in cuDNN."""
    torch.backends.cuda.matmul.allow_tf32 = False
    torch.backends.cudnn.allow_tf32 = False


def alike(found: Tensor, expected: Tensor, what: str) -> None:
    """Raises AssertionError where two tensors differ by more than their precision's tolerance."""
    found, expected = found.detach().cpu(), expected.detach().cpu()
    apart = float((found - expected).abs().max() / expected.abs().max())
    assert apart < TOLERANCES[expected.dtype], f"{what}: apart by {apart:.1e} of the largest entry"


def passed(rnn: Recurrent, x: Tensor, mask: Tensor | None) -> dict[str, Tensor]:
    """Every tensor that a forward and a backward pass leave: states, dL/dh_t, dL/da_t and the weights' gradients."""
    tape = Tape()
    h = rnn(x, tape=tape, mask=mask)
    h[-1].square().sum().backward()
    assert tape.dh is not None and tape.da is not None
    gradients = {f"dL/d{name}": p.grad for name, p in rnn.named_parameters() if p.grad is not None}
    return {"h": h, "dL/dh": tape.dh, "dL/da": tape.da, **gradients}


def against_the_cpu(device: str) -> Iterator[str]:
    """A name for each comparison that held. Raises AssertionError at the first that does not."""
    for dtype in TOLERANCES:
        for name in ACTIVATIONS:
            for masked in (False, True):
                torch.manual_seed(0)
                x, rnn = torch.randn(T, B, E, dtype=dtype), RNN(E, H, name).to(dtype)
                mask = torch.arange(T)[:, None] >= torch.arange(B)[None] if masked else None
                expected = passed(rnn, x, mask)
                rnn.zero_grad()
                found = passed(rnn.to(device), x.to(device), None if mask is None else mask.to(device))
                told = f"{name}, {dtype}{', masked' * masked}"
                for what, value in expected.items():
                    alike(found[what], value, f"{told}: {what}")
                yield told


def against_torchs_own(device: str) -> Iterator[str]:
    """The same against `torch.nn.RNN`, whose gradient is its own."""
    for dtype in TOLERANCES:
        for name in ("tanh", "relu"):
            torch.manual_seed(0)
            theirs = nn.RNN(E, H, nonlinearity=name).to(dtype)
            ours = stack_from_torch(theirs.state_dict(), name)[0].layer.to(device)
            theirs, x = theirs.to(device), torch.randn(T, B, E, dtype=dtype).to(device)
            expected, _ = theirs(x)
            expected[-1].square().sum().backward()
            found, told = passed(ours, x, None), f"torch.nn.RNN, {name}, {dtype}"
            alike(found["h"], expected, f"{told}: h")
            for mine, its in {"W_x": "weight_ih_l0", "W_h": "weight_hh_l0", "b": "bias_ih_l0"}.items():
                gradient = theirs.get_parameter(its).grad
                assert gradient is not None
                alike(found[f"dL/d{mine}"], gradient, f"{told}: dL/d{mine}")
            yield told
