"""The functions that `make bench` times compute what their names say."""

from pathlib import Path

import pytest
import torch

from unrolled.bench import costs, pages, recurrence
from unrolled.report.build import build


@pytest.mark.parametrize("name", ["tape", "no tape", "naive"])
def test_each_contestant_computes_the_gradient_of_torch(name: str) -> None:
    timed = recurrence.contestants(5, 12, 6)
    expected = timed[recurrence.PEER]()
    assert isinstance(expected, torch.Tensor)
    expected = expected.clone()
    torch.testing.assert_close(timed[name](), expected, rtol=1e-4, atol=1e-6)


def test_every_diagnostic_has_a_result_on_the_timed_network() -> None:
    for name, call in costs.contestants(4, 40, 3).items():
        assert (call() is None) == (name in (costs.STEP, "theory")), name


def test_the_page_of_a_made_up_sweep_grows_little_with_each_run(tmp_path: Path) -> None:
    """The page of 1,000 runs stays under 15 MB, of which plotly takes 5."""
    sizes = []
    for seeds in (1, 2):
        folder = tmp_path / str(seeds)
        folder.mkdir()
        runs = pages.make_up(
            folder, {"activation": ["tanh", "relu"], "init.gain": [0.5, 1.0], "seed": list(range(seeds))}
        )
        assert runs == 4 * seeds
        sizes.append(build(folder).stat().st_size)
    assert sizes[0] + 1000 * (sizes[1] - sizes[0]) / 4 < 15e6
