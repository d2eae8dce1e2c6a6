"""Who gets which place, and which GPU."""

import pytest

from unrolled.processes.resources import visible_gpus
from unrolled.sweeps.slots import Lease, Slots


def test_a_run_takes_as_many_places_as_it_has_processes() -> None:
    slots = Slots(3)
    two = slots.take(2, on_gpu=False)
    assert two == Lease(places=2)
    assert slots.take(2, on_gpu=False) is None
    assert slots.take(1, on_gpu=False) == Lease(places=1)
    assert two is not None
    slots.release(two)
    assert slots.take(2, on_gpu=False) == Lease(places=2)


def test_more_processes_than_places_have_all_of_them() -> None:
    slots = Slots(2)
    assert slots.take(5, on_gpu=False) == Lease(places=2)
    assert slots.take(1, on_gpu=False) is None


def test_each_process_has_a_gpu_of_its_own() -> None:
    slots = Slots(4, ["0", "1", "2", "3"])
    assert slots.take(1, on_gpu=True) == Lease(gpus=("0",))
    assert slots.take(2, on_gpu=True) == Lease(gpus=("1", "2"))
    assert slots.take(2, on_gpu=True) is None
    slots.release(Lease(gpus=("0",)))
    assert slots.take(2, on_gpu=True) == Lease(gpus=("3", "0"))


def test_more_places_than_gpus_share_them() -> None:
    slots = Slots(4, ["a", "b"])
    assert [slots.take(1, on_gpu=True) for _ in range(5)] == [Lease(gpus=(name,)) for name in "abab"] + [None]


@pytest.mark.parametrize(("named", "found"), [("2,3", ["2", "3"]), ("", []), ("GPU-ab", ["GPU-ab"])])
def test_only_what_is_visible_is_used(named: str, found: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", named)
    assert visible_gpus() == found
