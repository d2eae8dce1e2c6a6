"""Ranks that do not find each other say where they looked."""

import socket

import pytest

from conftest import some
from unrolled.processes.ranks import Rank
from unrolled.run.preflight import compose
from unrolled.training import distributed as devices


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@pytest.mark.parametrize(
    ("number", "address"), some([(1, "no-such-node.invalid"), (0, "127.0.0.1"), (1, "127.0.0.1")], 3), ids=str
)
def test_ranks_that_do_not_meet_name_the_address(number: int, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    port = free_port()
    places = {"MASTER_ADDR": address, "MASTER_PORT": str(port), "RANK": str(number), "WORLD_SIZE": "2"}
    for name, value in places.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(devices, "MEETING_S", 1.0)
    expected = f"rank {number} of 2 did not meet the others at {address}:{port} within 1 s"
    with (
        pytest.raises(ConnectionError, match=expected),
        devices.together(compose(["trainer=ddp_cpu"]), Rank(number, 2)),
    ):
        pytest.fail("one rank alone is not two")
