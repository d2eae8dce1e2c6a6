"""Allocation of one machine to the runs of a sweep: places on its CPU, and its GPUs."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Lease:
    """The share of one run: a number of places on the CPU, or GPUs by their names in CUDA_VISIBLE_DEVICES."""

    places: int = 0
    gpus: tuple[str, ...] = ()


class Slots:
    """The places and GPUs that are free.

    places: single-process runs at once.
    gpus: names of the GPUs, which runs share if there are more places than GPUs.
    """

    def __init__(self, places: int, gpus: Sequence[str] = ()) -> None:
        self.places = self._free = places
        self._gpus = [gpus[i % len(gpus)] for i in range(max(places, len(gpus)))] if gpus else []

    def take(self, ranks: int, on_gpu: bool) -> Lease | None:
        """Returns a lease on a place or a GPU for each of a run's processes, None if too few are free now.

        A run with more processes than there are places gets all places.
        """
        if on_gpu:
            distinct = list(dict.fromkeys(self._gpus))[:ranks]
            if len(distinct) < ranks:
                return None
            for gpu in distinct:
                self._gpus.remove(gpu)
            return Lease(gpus=tuple(distinct))
        wanted = min(ranks, self.places)
        if wanted > self._free:
            return None
        self._free -= wanted
        return Lease(places=wanted)

    def release(self, lease: Lease) -> None:
        self._free += lease.places
        self._gpus += lease.gpus
