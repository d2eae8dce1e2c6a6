"""What `make bench` times does the work that it is named after; the times are for it to print."""

from pathlib import Path

import pytest
import torch

from unrolled.bench import costs, pages, recurrence
from unrolled.report.build import build


@pytest.mark.parametrize("name", ["tape", "no tape", "naive"])
def test_what_is_timed_against_torch_computes_what_torch_does(name: str) -> None:
    timed = recurrence.contestants(5, 12, 6)
    expected = timed[recurrence.PEER]()
    assert isinstance(expected, torch.Tensor)
    expected = expected.clone()
    torch.testing.assert_close(timed[name](), expected, rtol=1e-4, atol=1e-6)


def test_every_diagnostic_is_timed_on_a_network_that_it_has_an_answer_for() -> None:
    for name, call in costs.contestants(4, 40, 3).items():
        assert (call() is None) == (name in (costs.STEP, "theory")), name


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
