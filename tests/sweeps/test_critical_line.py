"""A piece of the phase diagram, as `make sweep S=critical_line` draws it."""

import re
from pathlib import Path

import pytest

from conftest import train


@pytest.mark.long
def test_the_measured_contour_lies_on_the_mean_field_line(tmp_path: Path) -> None:
    folder = tmp_path / "sweep"
    axes = ["init.gain=1.2,1.3,1.4,1.5", "init.bias_std=0.2,0.3162", "probe.births=15"]
    ended = train("--config-dir", "sweeps", "--config-name", "critical_line", *axes, f"hydra.sweep.dir={folder}")
    assert (ended.returncode, ended.stderr) == (0, "")
    (distance,) = re.findall(r"from the mean-field line: ([\d.]+) in sigma_w", ended.stdout)
    assert float(distance) < 0.05
    assert "2 values of sigma_b" in ended.stdout
    page = (folder / "report.html").read_text(encoding="utf-8")
    assert 'data-name="Phase diagram"' in page and f"mean-field line: {distance} in sigma_w" in page
    assert "How many updates it takes" not in page and "After training" not in page
