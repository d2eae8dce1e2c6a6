"""`status.json` of a run that is going on."""

from pathlib import Path
from typing import Any

from . import status

RESUMED = "resumed"


class Record:
    """before: the status of the run that is resumed; {} where none is.

    A result that there is already stays, with what is known of its successor under `resumed`, until the successor is
    a result itself: a resume that fails, or is interrupted, takes nothing away.
    """

    def __init__(self, folder: Path, before: dict[str, Any]) -> None:
        self.folder = folder
        kept = {key: value for key, value in before.items() if key != RESUMED}
        self._result = kept if before.get("state") in status.RESULTS else None
        self._now: dict[str, Any] = {}

    def update(self, **values: Any) -> None:
        self._now |= values
        if self._result is None or self._now["state"] in status.RESULTS:
            status.write(self.folder, self._now)
            return
        link = {"wandb": self._now["wandb"]} if "wandb" in self._now else {}  # the old W&B run is replaced by the new
        status.write(self.folder, {**self._result, **link, RESUMED: self._now})


def newest(told: dict[str, Any]) -> dict[str, Any]:
    """What a status says of the start that came last."""
    return told.get(RESUMED, told)


def mark_failed(folder: Path, error: str) -> None:
    """Says that a run has failed, unless it has said so itself."""
    told = status.read(folder)
    if RESUMED not in told:
        status.mark(folder, "failed", error)
    elif told[RESUMED]["state"] == "running":
        status.update(folder, **{RESUMED: {**told[RESUMED], "state": "failed", "error": error}})


def unfinished_resume(told: dict[str, Any]) -> str:
    """A line about a resume that has not ended with a result; "" where there is none."""
    if RESUMED not in told:
        return ""
    last = told[RESUMED]
    why = f" ({last['error']})" if last.get("error") else ""
    return f"a resume with a larger limit is {last['state']}{why}: what stands here is the result before it"
