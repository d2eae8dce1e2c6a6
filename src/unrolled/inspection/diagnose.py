"""`unrolled diagnose`: regime, cause, theory and pictures of a run or a checkpoint."""

import math
from dataclasses import asdict
from pathlib import Path

from torch import Tensor

from unrolled.gradients import Diagnosis
from unrolled.gradients.portrait import Portrait
from unrolled.record.moments import Moment
from unrolled.record.quantities import PREDICTIONS
from unrolled.record.words import horizon_words, lost_to_rounding, number, other_branch
from unrolled.training.data import InMemory
from unrolled.training.diagnoses import portraits_of
from unrolled.training.measurement import diagnosis_values
from unrolled.training.probe import Measurement, measure

from .portrait import write_portrait
from .restore import restore_checkpoint, restore_run


def diagnose_run(
    where: Path, out: Path | None = None, *, trust: bool = False, anyway: bool = False, quiet: bool = False
) -> list[Path]:
    """Diagnoses a run on the examples that its probes use; prints the diagnosis of each RNN.

    Writes `<part>.json` and the picture as `.png` and `.svg`; returns the paths of the .json files.

    where: the run's folder (its last checkpoint is used), or a checkpoint.
    out: the folder for the files; by default `diagnosis/` in the run's folder, or a folder beside the checkpoint.
    trust: whether the Python file of an own task, which the record names, may be executed.
    anyway: whether data that have changed since the training are only warned of.
    quiet: whether nothing is printed.

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
        file = out / f"{name}.json"
        report(file, title, diagnosis, drawn[name][1], training_profile, measured, quiet=quiet)
        made.append(file)
    return made


def report(  # noqa: PLR0917
    file: Path,
    title: str,
    diagnosis: Diagnosis,
    drawn: Portrait | None,
    training_profile: Tensor | None = None,
    measured: Measurement | None = None,
    *,
    quiet: bool = False,
) -> None:
    """Writes a diagnosis into `file`, a .json, and its picture beside it, and prints the lines of both.

    drawn, measured: as for `lines`.
    training_profile: as in `draw_profile`.
    quiet: whether nothing is printed.
    """
    picture = write_portrait(file, title, diagnosis, drawn, training_profile, measured.bits if measured else 32)
    if quiet:
        return
    print(f"\n{title}")
    for line in lines(diagnosis, drawn, measured):
        print(f"  {line}")
    if picture is not None:
        print(f"  picture   {picture}")


def lines(diagnosis: Diagnosis, drawn: Portrait | None, measured: Measurement | None) -> list[str]:
    """Returns the lines that are printed for a diagnosis.

    drawn: its portrait; None if the state is not finite.
    measured: the probe that it comes from; None for weights of torch.
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
