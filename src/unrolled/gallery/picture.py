"""Picture of several runs: how the gradient changes with the lag, before and after training, beside what the data need.

`python -m unrolled.gallery.picture OUT.png RUN...`
"""

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from unrolled.record.quantities import LN_10
from unrolled.record.reach import needed
from unrolled.record.run_record import RunRecord
from unrolled.record.tables import PROFILES, read_rows

COLUMNS = 3
BEFORE, AFTER, NEED = "#999999", "#0072B2", "#D55E00"


def draw(runs: Sequence[Path], out: Path) -> None:
    """Draws a panel for each run, named as its folder, into a picture."""
    from matplotlib.figure import Figure

    rows = -(-len(runs) // COLUMNS)
    figure = Figure(figsize=(4 * COLUMNS, 2.9 * rows), layout="constrained")
    panels = figure.subplots(rows, COLUMNS, squeeze=False).flatten()
    for panel, run in zip(panels, runs, strict=False):
        _panel(panel, run)
    for panel in panels[len(runs) :]:
        panel.set_axis_off()
    figure.supxlabel("lag: time steps before the last")
    figure.supylabel("size of dL/dh, log10, relative to lag 0")
    figure.savefig(out, dpi=80)


def _panel(panel, run: Path) -> None:
    record = RunRecord.read(run)
    rows = list(read_rows(run / PROFILES / "grad_h_relative_log.csv"))
    for row, colour, name in ((rows[0], BEFORE, "before training"), (rows[-1], AFTER, "after training")):
        panel.plot(np.array(row[1:])[::-1] / LN_10, color=colour, label=name)
    for need in [] if record.halves else needed(record):
        panel.axvline(need.lag, color=NEED, linestyle=":", label=f"{need.name} {need.lag:g}")
    panel.axhline(-2, color="black", linewidth=0.5, linestyle="--")
    panel.set_title(run.name)
    panel.legend(fontsize=8, frameon=False)


if __name__ == "__main__":
    draw([Path(word) for word in sys.argv[2:]], Path(sys.argv[1]))
