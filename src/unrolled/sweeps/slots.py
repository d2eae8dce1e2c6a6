"""Allocation of one machine to the runs of a sweep: places on its CPU, and its GPUs."""

from collections.abc import Sequence
from dataclasses import dataclass

from unrolled.errors import UserError


@dataclass(frozen=True)
class Lease:
    """The share of one run: a number of places, and GPUs by their names in CUDA_VISIBLE_DEVICES."""

    places: int = 0
    gpus: tuple[str, ...] = ()


class Slots:
    """The places and GPUs that are free.

    places: single-process runs at once.
    gpus: names of the GPUs, which runs share if there are more places than GPUs.
    each: GPUs of each process.
    """

    def __init__(self, places: int, gpus: Sequence[str] = (), each: int = 1) -> None:
        self.places = self._free = places
        self._known, self._each = set(gpus), each
        self._gpus = [gpus[i % len(gpus)] for i in range(max(places, len(gpus)))] if gpus else []

    def take(self, ranks: int, on_gpu: bool) -> Lease | None:
        """Returns a lease on a place, and a GPU if it needs one, for each of a run's processes; None: none is free now.

        A run with more processes than there are places gets all places.
        Raises UserError if there will never be as many GPUs as the run needs.
        """
        wanted, needed = min(ranks, self.places), ranks * self._each if on_gpu else 0
        if needed > len(self._known):
            raise UserError(f"the run needs {needed} GPU{'s' * (needed > 1)}, and {len(self._known)} can be used here")
        distinct = list(dict.fromkeys(self._gpus))[:needed]
        if wanted > self._free or len(distinct) < needed:
            return None
        for gpu in distinct:
            self._gpus.remove(gpu)
        self._free -= wanted
        return Lease(wanted, tuple(distinct))

    def release(self, lease: Lease) -> None:
        self._free += lease.places
        self._gpus += lease.gpus
