"""Who gets which place, and which GPU."""

import pytest

from unrolled.errors import UserError
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
    first = slots.take(1, on_gpu=True)
    assert first == Lease(1, ("0",))
    assert slots.take(2, on_gpu=True) == Lease(2, ("1", "2"))
    assert slots.take(2, on_gpu=True) is None
    assert first is not None
    slots.release(first)
    assert slots.take(2, on_gpu=True) == Lease(2, ("3", "0"))


def test_more_places_than_gpus_share_them() -> None:
    slots = Slots(4, ["a", "b"])
    assert [slots.take(1, on_gpu=True) for _ in range(5)] == [Lease(1, (name,)) for name in "abab"] + [None]


def test_fewer_places_than_gpus_leave_gpus_alone() -> None:
    slots = Slots(1, ["a", "b", "c"])
    first = slots.take(1, on_gpu=True)
    assert (first, slots.take(1, on_gpu=True)) == (Lease(1, ("a",)), None)
    assert first is not None
    slots.release(first)
    assert slots.take(2, on_gpu=True) == Lease(1, ("b", "c"))


def test_a_process_can_have_several_gpus() -> None:
    slots = Slots(4, ["0", "1", "2", "3"], each=2)
    assert [slots.take(1, on_gpu=True) for _ in range(3)] == [Lease(1, ("0", "1")), Lease(1, ("2", "3")), None]


@pytest.mark.parametrize(("gpus", "ranks", "each"), [([], 1, 1), (["0"], 2, 1), (["0", "1"], 1, 3), (["0", "1"], 2, 2)])
def test_gpus_that_will_never_be_there_are_not_waited_for(gpus: list[str], ranks: int, each: int) -> None:
    slots = Slots(4, gpus, each)
    with pytest.raises(UserError, match=f"needs {ranks * each} GPU.*, and {len(gpus)} can be used here"):
        slots.take(ranks, on_gpu=True)
    assert slots.take(1, on_gpu=False) == Lease(1)
