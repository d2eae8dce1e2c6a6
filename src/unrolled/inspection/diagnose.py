"""`unrolled diagnose`: regime, cause, theory and pictures of a run, a checkpoint, or the weights of torch.nn.RNN."""

import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from unrolled.errors import UserError
from unrolled.gradients import Diagnosis, diagnose
from unrolled.gradients.portrait import Portrait, portrait
from unrolled.processes.resources import check_fits
from unrolled.record.moments import Moment
from unrolled.record.quantities import PREDICTIONS
from unrolled.record.words import horizon_words, lost_to_rounding, number, other_branch
from unrolled.rnn import RNN
from unrolled.rnn.from_torch import rnn_from_torch
from unrolled.rnn.masking import first_not_finite
from unrolled.training.data import InMemory
from unrolled.training.diagnoses import portraits_of
from unrolled.training.measurement import diagnosis_values
from unrolled.training.probe import Measurement, measure

from .portrait import write_portrait
from .restore import restore_checkpoint, restore_run


def diagnose_run(where: Path, out: Path | None = None, *, trust: bool = False, anyway: bool = False) -> list[Path]:
    """Diagnoses a run on the examples that its probes use; prints the diagnosis of each RNN.

    Writes `<part>.png`, `.svg` and `.json` and returns the paths of the .png files.

    where: the run's folder (its last checkpoint is used), or a checkpoint.
    out: the folder for the files; by default `diagnosis/` in the run's folder, or a folder beside the checkpoint.
    trust: whether the Python file of an own task, which the record names, may be executed.
    anyway: whether data that have changed since the training are only warned of.

    Raises UserError if there is no finished run, or the data have changed.
    """
    if where.is_dir():
        config, data, module = restore_run(where, "last", trust=trust, anyway=anyway)
        out = out or where / "diagnosis"
    else:
        config, data, module = restore_checkpoint(where, trust=trust, anyway=anyway)
        out = out or where.with_name(f"{where.stem}_diagnosis")
    batch = InMemory(data, config.trainer.batch_size, config.seed).probe_batch(config.probe.samples)
    measured = measure(module.network, module.loss, batch)
    drawn = portraits_of(module.network, module.loss, batch)
    made = []
    for name, diagnosis in measured.diagnoses.items():
        title = f"{where}: {name}" if len(measured.diagnoses) > 1 else str(where)
        training_profile = measured.profile_by_lag if diagnosis is measured.diagnosis else None
        made += _report(title, name, diagnosis, drawn[name][1], out, training_profile, measured)
    return made


def diagnose_torch(  # noqa: PLR0917
    file: Path,
    activation: str = "tanh",
    inputs: Path | None = None,
    length: int = 100,
    samples: int = 32,
    out: Path | None = None,
) -> list[Path]:
    """Diagnoses a `torch.nn.RNN`; prints and writes the same as `diagnose_run`.

    file: a saved state_dict.
    activation: "tanh" or "relu", which a state_dict does not hold.
    inputs: a file (.pt, .npy or .npz) with x (T, B, E); by default x is white noise of variance 1.
    length, samples: T and B of the noise.
    out: the folder for the files; by default a folder beside `file`.

    Raises UserError if a file cannot be read or has other shapes.
    """
    rnn = _from_torch(file, activation)
    x = _noise(length, samples, rnn.inputs) if inputs is None else _inputs(inputs, rnn.inputs)
    diagnosis = diagnose(rnn, x)
    drawn = portrait(diagnosis) if diagnosis.diverged_at is None else None
    source = inputs or "white noise"
    title = f"{file}: torch.nn.RNN({rnn.inputs}, {rnn.hidden}, {activation!r}) driven by {source}, T = {len(x)}"
    return _report(title, file.stem, diagnosis, drawn, out or file.with_name(f"{file.stem}_diagnosis"), None, None)


def _from_torch(file: Path, activation: str) -> RNN:
    kept = _load("--from-torch", file, "a saved state_dict; write it by torch.save(rnn.state_dict(), FILE)")
    if not isinstance(kept, Mapping):
        raise UserError(f"--from-torch {file}: it holds a {type(kept).__name__}, not a state_dict")
    try:
        return rnn_from_torch(kept, activation)
    except ValueError as error:
        raise UserError(f"--from-torch {file}: {error}") from None


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


def _noise(length: int, samples: int, size: int) -> Tensor:
    if length < 1 or samples < 1:
        raise UserError(f"--length {length}, --samples {samples}: both must be at least 1")
    check_fits(8 * length * samples * size, f"--length {length}, --samples {samples}: x")
    return torch.randn(length, samples, size, generator=torch.Generator().manual_seed(0))


def _inputs(file: Path, size: int) -> Tensor:
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


def _report(  # noqa: PLR0917
    title: str,
    name: str,
    diagnosis: Diagnosis,
    drawn: Portrait | None,
    out: Path,
    training_profile: Tensor | None,
    measured: Measurement | None,
) -> list[Path]:
    bits = measured.bits if measured else 32
    picture = write_portrait(out / f"{name}.json", title, diagnosis, drawn, training_profile, bits)
    print(f"\n{title}")
    for line in lines(diagnosis, drawn, measured):
        print(f"  {line}")
    if picture is None:
        return []
    print(f"  picture   {picture}")
    return [picture]


def lines(diagnosis: Diagnosis, drawn: Portrait | None, measured: Measurement | None) -> list[str]:
    """Returns the lines that are printed for a diagnosis.

    drawn: its portrait; None if the state is not finite.
    measured: the probe that it comes from; None for weights of `torch.nn.RNN`.
    """
    predicted, then = asdict(diagnosis.predictions), Moment.from_dict(diagnosis_values(diagnosis))
    found = [
        f"regime    {diagnosis.regime}: {diagnosis.reason}",
        f"          {diagnosis.explanation}",
        f"horizon   {horizon_words(then)}",
        f"cause     {_cause(diagnosis)}",
    ]
    if diagnosis.vanilla:
        rates = [f"{each.symbol} {predicted[each.key]:+z.3f}" for each in PREDICTIONS if each.key in predicted]
        departure = f"departure from normality {diagnosis.predictions.departure:z.2f}"
        found.append(f"theory    {', '.join(rates)}{other_branch(predicted)} nats per lag; {departure}")
    if measured is not None and measured.below_float_from is not None and diagnosis is measured.diagnosis:
        start = f"float{measured.bits} from lag {measured.below_float_from}"
        found.append(f"zeros     below {start} on; the log-space pass continues")
    words = lost_to_rounding(then.rounding_growth, measured.bits) if measured is not None else None
    if words is not None:
        found.append(f"rounding  {words}")
    if drawn is not None and drawn.exponents is not None and drawn.half is not None:
        first = [_exponent(*each) for each in zip(drawn.exponents[:3].tolist(), drawn.half[:3].tolist(), strict=True)]
        found.append(f"Lyapunov  {', '.join(first)} nats per step")
    elif drawn is not None:
        found.append(f"Lyapunov  none: {drawn.no_exponents}")
    grown = float(drawn.ln_dtheta[-1] - drawn.ln_dh[-1]) / math.log(10) if drawn is not None else math.nan
    if math.isfinite(grown):
        found.append(f"memory    at the first state dh_T/dW_h is 10^{grown:z.1f} times dh_T/dh_t")
    return found


def _cause(diagnosis: Diagnosis) -> str:
    """Returns what each part of a step adds to the slope, and how many units let little or nothing through."""
    values = (number(diagnosis.first, "+z.3f"), number(diagnosis.second, "+z.3f"))
    parts = ", ".join(f"{name} {value}" for name, value in zip(diagnosis.trajectory.parts, values, strict=True))
    flat = "of units flat" if diagnosis.vanilla else diagnosis.trajectory.flat_words
    return f"{parts} nats per lag; {diagnosis.flat:.0%} {flat}, {diagnosis.dead:.0%} off"


def _exponent(value: float, half: float) -> str:
    return "lost to rounding" if math.isnan(value) else f"{value:+z.3f} (+- {half:z.3f})"
