"""`unrolled diagnose --from-torch`: each layer of a recurrent module of torch, diagnosed by itself."""

from pathlib import Path

import torch
from torch import Tensor

from unrolled.errors import UserError
from unrolled.gradients import diagnose
from unrolled.gradients.portrait import portrait
from unrolled.processes.resources import check_fits
from unrolled.rnn import RNN
from unrolled.rnn.masking import first_not_finite
from unrolled.rnn.stack import Stacked, inputs_of

from .diagnose import report
from .torch_files import inputs_in, stack_in


def diagnose_torch(  # noqa: PLR0917
    file: Path,
    activation: str | None = None,
    inputs: Path | None = None,
    length: int = 100,
    samples: int = 32,
    out: Path | None = None,
    *,
    quiet: bool = False,
) -> list[Path]:
    """Diagnoses the layers of a `torch.nn.RNN`, `LSTM` or `GRU`; prints and writes the same as `diagnose_run`.

    The inputs of a layer above the first are the states of that below. The files of a module of several layers or two
    directions are called `<name>_l0`, `<name>_l0_reverse`, `<name>_l1`, ..., as torch's weights are.

    file: a saved state_dict.
    activation: of an RNN, "tanh" (the default) or "relu", which a state_dict does not hold.
    inputs: a file (.pt, .npy or .npz) with x (T, B, E); by default x is white noise of variance 1.
    length, samples: T and B of the noise.
    out: the folder for the files; by default a folder beside `file`.
    quiet: whether nothing is printed.

    Raises UserError if a file cannot be read or has other shapes, and if a layer's states below another are not finite.
    """
    torch.set_num_threads(1)  # two threads on matrices this small are slower than one
    stack = [each._replace(layer=each.layer.double()) for each in stack_in(file, activation)]
    size = stack[0].layer.inputs
    x = _noise(length, samples, size) if inputs is None else inputs_in(inputs, size)
    title = f"{file}: torch.nn.{_module(stack)} driven by {inputs or 'white noise'}, T = {len(x)}"
    out = out or file.with_name(f"{file.stem}_diagnosis")
    made = []
    for each, read in inputs_of(stack, x.double()):
        place = f": {each.suffix}, {_place(each, stack)}" if len(stack) > 1 else ""
        if (wrong := first_not_finite(read)) is not None:
            raise UserError(f"{title}{place}: what it reads, the states of the layer below, is {wrong}")
        diagnosis = diagnose(each.layer, read)
        drawn = portrait(diagnosis) if diagnosis.diverged_at is None else None
        made.append(out / f"{file.stem}{f'_{each.suffix}' if len(stack) > 1 else ''}.json")
        report(made[-1], f"{title}{place}", diagnosis, drawn, quiet=quiet)
    return made


def _module(stack: list[Stacked]) -> str:
    """Returns the module in a few words: "LSTM(3, 7, num_layers=2, bidirectional=True)"."""
    first, (layers, _, _) = stack[0].layer, stack[-1]
    words = [type(first).__name__, f"({first.inputs}, {first.hidden}"]
    words += [f", {first.activation!r}"] if isinstance(first, RNN) else []
    words += [f", num_layers={layers + 1}"] if layers else []
    return "".join([*words, ", bidirectional=True" if any(each.reverse for each in stack) else "", ")"])


def _place(each: Stacked, stack: list[Stacked]) -> str:
    direction = "backwards in time" if each.reverse else "forwards in time"
    return f"layer {each.number + 1} of {stack[-1].number + 1}, {direction}"


def _noise(length: int, samples: int, size: int) -> Tensor:
    if length < 1 or samples < 1:
        raise UserError(f"--length {length}, --samples {samples}: both must be at least 1")
    check_fits(8 * length * samples * size, f"--length {length}, --samples {samples}: x")
    return torch.randn(length, samples, size, generator=torch.Generator().manual_seed(0))
