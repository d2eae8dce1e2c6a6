"""What the cells of a sweep share on one machine: places on its CPU, and its GPUs."""

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Taken:
    """What one cell holds: places on the CPU, or GPUs by the names that CUDA_VISIBLE_DEVICES has for them."""

    places: int = 0
    gpus: tuple[str, ...] = ()


class Slots:
    """places: cells at once. gpus: the names of the GPUs; where there are more places than GPUs cells share them."""

    def __init__(self, places: int, gpus: Sequence[str] = ()) -> None:
        self.places = self._free = places
        self._gpus = [gpus[i % len(gpus)] for i in range(max(places, len(gpus)))] if gpus else []

    def take(self, ranks: int, on_gpu: bool) -> Taken | None:
        """A place or a GPU for each of the cell's processes; None: not now. One cell may have all places there are."""
        if on_gpu:
            distinct = list(dict.fromkeys(self._gpus))[:ranks]
            if len(distinct) < ranks:
                return None
            for gpu in distinct:
                self._gpus.remove(gpu)
            return Taken(gpus=tuple(distinct))
        wanted = min(ranks, self.places)
        if wanted > self._free:
            return None
        self._free -= wanted
        return Taken(places=wanted)

    def give_back(self, taken: Taken) -> None:
        self._free += taken.places
        self._gpus += taken.gpus
