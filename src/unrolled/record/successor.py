"""`status.json` of a run that is resumed."""

from pathlib import Path
from typing import Any

from . import status
from .run_record import RunRecord

RESUMED = "resumed"


class Record:
    """before: the record of the run that is resumed; an empty one where none is.

    A result that there is already stays, with what is known of its successor under `resumed`, until the successor is
    a result itself: a resume that fails, or is interrupted, takes nothing away.
    """

    def __init__(self, folder: Path, before: RunRecord) -> None:
        self.folder = folder
        kept = {key: value for key, value in before.kept.items() if key != RESUMED}
        self._result = kept if before.has_result else None
        self._now: dict[str, Any] = {}

    def update(self, **values: Any) -> None:
        self._now |= values
        if self._result is None or self._now["state"] in status.RESULTS:
            status.write(self.folder, self._now)
            return
        link = {"wandb": self._now["wandb"]} if "wandb" in self._now else {}  # the old W&B run is replaced by the new
        status.write(self.folder, {**self._result, **link, RESUMED: self._now})


def newest(record: RunRecord) -> RunRecord:
    """Returns the record of the last start: of the resume if there is one."""
    return record.resumed or record


def mark_failed(folder: Path, error: str) -> None:
    """Records that a run has failed, unless it has recorded an end itself."""
    last = RunRecord.read(folder).resumed
    if last is None:
        status.mark(folder, "failed", error)
    elif last.state == "running":
        status.update(folder, **{RESUMED: {**last.kept, "state": "failed", "error": error}})


def unfinished_resume(record: RunRecord) -> str:
    """Returns a line about a resume that has not ended with a result; "" if there is none."""
    if record.resumed is None:
        return ""
    why = f" ({record.resumed.error})" if record.resumed.error else ""
    return f"a resume with a larger limit is {record.resumed.state}{why}: what stands here is the result before it"
