"""Which runs of a sweep draw the same networks before training: by what the draw depends on, never by its outcome."""

from unrolled.record.results import Cell
from unrolled.record.values import identity

NOT_BORN_FROM = ("optimizer", "trainer", "tracker", "sweep", "slurm", "resume")
NOT_OF_THE_PROBE = ("probe.every", "probe.source", "probe.walkthrough")


def draw_of(cell: Cell) -> tuple[str, ...]:
    """Equal for two runs of a sweep with the same draws: those of one seed that differ in the learning rate alone.

    A record of an earlier version has no fingerprint of them: there the axes decide, for all else is alike in a sweep.
    """
    recorded = cell.record.births_fingerprint
    if recorded is not None:
        return (recorded,)
    return tuple(f"{key}={identity(value)}" for key, value in cell.axes.items() if _decides(key.lstrip("+~")))


def _decides(key: str) -> bool:
    return key.partition(".")[0] not in NOT_BORN_FROM and key not in NOT_OF_THE_PROBE
