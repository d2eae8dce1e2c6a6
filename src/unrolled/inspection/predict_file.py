"""Predicts for all examples of a file: a table, a score where the answers are known, and a picture of series."""

from pathlib import Path

import numpy as np

from unrolled.config.relative import resolved, searched, started_in
from unrolled.config.schema import Config
from unrolled.errors import UserError
from unrolled.processes.logs import announce
from unrolled.record.ownership import claim, names_of
from unrolled.record.tables import PREDICTIONS
from unrolled.tasks.places import ENDINGS, NOWHERE

from .forecast_picture import Axis, draw_forecasts
from .predict import refusal
from .predictions import Predictions, predictions, sentence, write
from .restore import restore_run

FOLDER = "predicted"
SHOWN = 6  # forecasts in the lines that are printed


def names_a_file(text: str) -> bool:
    """Returns whether what a user typed is the name of a file of data, whether or not the file is there."""
    return Path(text).suffix.lower() in ENDINGS and (Path(text).exists() or not any(map(str.isspace, text)))


def predict_file(
    folder: Path,
    file: Path,
    out: Path | None = None,
    checkpoint: str = "best",
    *,
    trust: bool = False,
    anyway: bool = False,
) -> list[str]:
    """Writes the predictions of a run's network for a file as `<file>_predicted.csv`; of series also .png and .svg.

    folder: of the run.
    file: a table or an archive, in the format of the one that the run was trained on.
    out: the folder for the files; by default `predicted/` in the run's folder.
    checkpoint: "best" or "last".
    trust: whether the Python file of an own task may be executed.
    anyway: whether data that have changed since the training are only warned of.

    Returns the lines to print. Raises UserError, which names file and row, for what cannot be read, if the data have
    changed, and if a file that would be written over is not the program's own.
    """
    if not file.is_file():
        raise UserError(f"{file}: no such file")
    config, data, module = restore_run(folder, checkpoint, trust=trust, anyway=anyway)
    if data.read_file is None:
        raise refusal(folder, config.task.name, reads_text=data.encode is not None)
    split, places, notes = data.read_file(str(file.absolute()))
    announce(f"predicting {len(split):,} examples")
    found = predictions(module, data, split, places)
    out, stem = out or folder / FOLDER, f"{file.stem}_predicted"
    if out.is_file():
        raise UserError(f"--out {out}: it is a file; allowed: a folder")
    is_series = config.task.name == "series"
    claim(out, [f"{stem}{ending}" for ending in (".csv", *((".png", ".svg") if is_series else ()))], names_of(out))
    write(out / f"{stem}.csv", found)
    lines = [f"table     {out / f'{stem}.csv'} ({len(found.predicted):,} predictions)"]
    if is_series:
        axis = Axis(config.task.group, config.task.time, config.task.horizon or 1)
        picture, left_out = draw_forecasts(out / f"{stem}.png", file.name, found, axis)
        lines.append(f"picture   {picture}")
        notes = [*notes, *([left_out] if left_out else [])]
    score = sentence(found)
    lines += [f"score     {score}"] if score else []
    if score and _is_of_the_training(config, folder, file):
        new = f"{folder / PREDICTIONS} has those of the validation part alone"
        notes = [*notes, f"the run was trained on most rows of {file.name}; {new}"]
    return [*lines, *_forecasts(found, config.task.group), *(f"note      {note}" for note in notes)]


def _forecasts(found: Predictions, group: str | None) -> list[str]:
    """Returns a line for each forecast beyond the end of a series."""
    ahead = found.places.ahead
    if ahead is None:
        return []
    beyond = np.flatnonzero(ahead)
    lines = []
    for i in beyond[:SHOWN].tolist():
        number = int(found.places.numbers[i])
        series = f" of {found.places.columns[group][i]}" if group is not None else ""
        row = f"row {number}" if number != NOWHERE else f"{ahead[i]} after the last row{series}"
        values = zip(found.names, found.predicted[i], strict=True)
        lines.append(f"forecast  {row}: {', '.join(f'{name} {value:.6g}' for name, value in values)}")
    more = len(beyond) - SHOWN
    return [*lines, *([f"          and {more:,} more in the table"] if more > 0 else [])]


def _is_of_the_training(config: Config, folder: Path, file: Path) -> bool:
    with searched(started_in(folder.absolute())):
        return config.task.file is not None and resolved(config.task.file).resolve() == file.resolve()
