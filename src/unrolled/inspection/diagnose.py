"""`unrolled diagnose`: regime, cause, theory and pictures of a run, a checkpoint, or the weights of torch.nn.RNN."""

import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from unrolled.errors import UserError
from unrolled.gradients import Diagnosis, diagnose
from unrolled.gradients.portrait import Portrait, portrait
from unrolled.record.moments import Moment
from unrolled.record.quantities import PREDICTIONS
from unrolled.record.words import horizon_words, lost_to_rounding, number, other_branch
from unrolled.rnn import RNN
from unrolled.rnn.from_torch import rnn_from_torch
from unrolled.training.data import InMemory
from unrolled.training.diagnoses import portraits_of
from unrolled.training.measurement import evidence_of
from unrolled.training.probe import Look, look

from .portrait import write_portrait
from .restore import restored, restored_from


def diagnose_run(where: Path, out: Path | None = None) -> list[Path]:
    """A run's folder (its last checkpoint) or a checkpoint: on the examples that its probes use.

    Prints what is found and writes `<part>.png`, `.svg` and `.json` into `out`, by default `diagnosis/` in the folder,
    or beside the checkpoint. Returns the pictures. Raises UserError where there is no run.
    """
    if where.is_dir():
        config, data, module = restored(where, "last")
        out = out or where / "diagnosis"
    else:
        config, data, module = restored_from(where)
        out = out or where.with_name(f"{where.stem}_diagnosis")
    batch = InMemory(data, config.trainer.batch_size, config.seed).probe_batch(config.probe.samples)
    seen = look(module.network, module.loss, batch)
    drawn = portraits_of(module.network, module.loss, batch)
    made = []
    for name, told in seen.diagnoses.items():
        title = f"{where}: {name}" if len(seen.diagnoses) > 1 else str(where)
        real = seen.profile_by_lag if told is seen.diagnosis else None
        made += _tell(title, name, told, drawn[name][1], out, real, seen)
    return made


def diagnose_torch(  # noqa: PLR0917
    file: Path,
    activation: str = "tanh",
    inputs: Path | None = None,
    length: int = 100,
    samples: int = 32,
    out: Path | None = None,
) -> list[Path]:
    """Weights of `torch.nn.RNN` (a saved state_dict), driven by x (T, B, E) in the file `inputs` (.pt or .npy), or by
    white noise of variance 1. Prints and writes as `diagnose_run`; raises UserError for what cannot be read."""
    rnn = _from_torch(file, activation)
    x = _noise(length, samples, rnn.inputs) if inputs is None else _inputs(inputs, rnn.inputs)
    told = diagnose(rnn, x)
    drawn = portrait(told) if told.diverged_at is None else None
    driven = f"{inputs}" if inputs else "white noise"
    title = f"{file}: torch.nn.RNN({rnn.inputs}, {rnn.hidden}, {activation!r}) driven by {driven}, T = {len(x)}"
    return _tell(title, file.stem, told, drawn, out or file.with_name(f"{file.stem}_diagnosis"), None, None)


def _from_torch(file: Path, activation: str) -> RNN:
    try:
        kept: Any = torch.load(file, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise UserError(f"--from-torch {file}: no such file") from None
    except Exception as error:
        raise UserError(
            f"--from-torch {file}: not a saved state_dict ({type(error).__name__}); write it by "
            "torch.save(rnn.state_dict(), FILE)"
        ) from None
    kept = kept.get("state_dict", kept) if isinstance(kept, dict) else kept
    if not isinstance(kept, dict):
        raise UserError(f"--from-torch {file}: it holds a {type(kept).__name__}, not a state_dict")
    try:
        return rnn_from_torch(kept, activation)
    except ValueError as error:
        raise UserError(f"--from-torch {file}: {error}") from None


def _noise(length: int, samples: int, size: int) -> Tensor:
    if length < 1 or samples < 1:
        raise UserError(f"--length {length}, --samples {samples}: both must be at least 1")
    return torch.randn(length, samples, size, generator=torch.Generator().manual_seed(0))


def _inputs(file: Path, size: int) -> Tensor:
    try:
        if file.suffix == ".npy":
            import numpy as np

            x = torch.from_numpy(np.load(file, allow_pickle=False))
        else:
            x = torch.load(file, map_location="cpu", weights_only=True)
    except FileNotFoundError:
        raise UserError(f"--input {file}: no such file") from None
    except Exception as error:
        raise UserError(f"--input {file}: cannot be read ({type(error).__name__}); it must be .pt or .npy") from None
    if not isinstance(x, Tensor) or x.ndim != 3 or x.shape[2] != size or not len(x):
        shape = tuple(x.shape) if isinstance(x, Tensor) else type(x).__name__
        raise UserError(f"--input {file}: {shape}, expected a tensor (T, B, {size}), time first")
    return x.double()


def _tell(  # noqa: PLR0917
    title: str, name: str, told: Diagnosis, drawn: Portrait | None, out: Path, real: Tensor | None, seen: Look | None
) -> list[Path]:
    print(f"\n{title}")
    for line in lines(told, drawn, seen):
        print(f"  {line}")
    picture = write_portrait(out / f"{name}.json", title, told, drawn, real, seen.bits if seen else 32)
    if picture is None:
        return []
    print(f"  picture   {picture}")
    return [picture]


def lines(diagnosis: Diagnosis, drawn: Portrait | None, seen: Look | None) -> list[str]:
    """Returns what is printed of a diagnosis, a line each."""
    predicted, then = asdict(diagnosis.predictions), Moment.from_dict(evidence_of(diagnosis))
    found = [
        f"regime    {diagnosis.regime}: {diagnosis.reason}",
        f"          {diagnosis.explanation}",
        f"horizon   {horizon_words(then)}",
        f"cause     f' {number(diagnosis.by_f, '+z.3f')}, W_h {number(diagnosis.by_weights, '+z.3f')} nats per lag; "
        f"{diagnosis.flat:.0%} of units flat, {diagnosis.dead:.0%} off",
        "theory    "
        + ", ".join(f"{each.symbol} {predicted[each.key]:+z.3f}" for each in PREDICTIONS if each.key in predicted)
        + other_branch(predicted)
        + f" nats per lag; departure from normality {diagnosis.predictions.departure:z.2f}",
    ]
    if seen is not None and seen.below_float_from is not None and diagnosis is seen.diagnosis:
        found.append(
            f"zeros     below float{seen.bits} from lag {seen.below_float_from} on; the log-space pass continues"
        )
    words = lost_to_rounding(then.rounding_growth, seen.bits) if seen is not None else None
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


def _exponent(value: float, half: float) -> str:
    return "lost to rounding" if math.isnan(value) else f"{value:+z.3f} (+- {half:z.3f})"
