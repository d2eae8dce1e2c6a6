"""Every contestant of the cost table runs; its times are for `make bench` to print."""

from pathlib import Path

import pytest

from unrolled.bench import costs, pages
from unrolled.report.build import build


@pytest.mark.parametrize("name", list(costs.contestants(4, 40, 3)))
def test_a_contestant_runs(name: str) -> None:
    costs.contestants(4, 40, 3)[name]()


def test_a_made_up_sweep_has_a_page_that_grows_little_by_the_cell(tmp_path: Path) -> None:
    """1,000 cells are to stay under 15 MB, of which plotly takes 5."""
    sizes = []
    for seeds in (1, 2):
        folder = tmp_path / str(seeds)
        folder.mkdir()
        cells = pages.make_up(
            folder, {"activation": ["tanh", "relu"], "init.gain": [0.5, 1.0], "seed": list(range(seeds))}
        )
        assert cells == 4 * seeds
        sizes.append(build(folder).stat().st_size)
    assert sizes[0] + 1000 * (sizes[1] - sizes[0]) / 4 < 15e6
