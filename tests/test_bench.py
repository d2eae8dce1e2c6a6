"""Every contestant of the cost table runs; its times are for `make bench` to print."""

import pytest

from unrolled.bench import costs


@pytest.mark.parametrize("name", list(costs.contestants(4, 40, 3)))
def test_a_contestant_runs(name: str) -> None:
    costs.contestants(4, 40, 3)[name]()
