"""Writes `status.json`, which keeps an earlier result while the run is resumed."""

from pathlib import Path
from typing import Any

from . import status
from .run_record import KEYS, RunRecord

RESUMED = "resumed"


class Record:
    """Writer of the record of a run, fresh or resumed.

    An earlier result stays, with the entries of the resume under `resumed`, until the resume has a result itself. A
    resume that fails or is interrupted thus loses nothing.

    folder: of the run.
    before: the record of the run that is resumed; an empty one for a fresh run.
    """

    def __init__(self, folder: Path, before: RunRecord) -> None:
        self.folder = folder
        kept = {key: value for key, value in before.kept.items() if key != RESUMED}
        self._result = kept if before.has_result else None
        self._now: dict[str, Any] = {}

    def update(self, **values: Any) -> None:
        """Sets entries of the record and writes the file. The first call must set `state`.

        Raises TypeError for an entry that `RunRecord` does not read.
        """
        if unknown := values.keys() - KEYS:
            raise TypeError(f"no entry of a record: {', '.join(sorted(unknown))}")
        self._now |= values
        if self._result is None or self._now["state"] in status.RESULTS:
            status.write(self.folder, self._now)
            return
        link = {"wandb": self._now["wandb"]} if "wandb" in self._now else {}  # the new W&B run replaces the old one
        status.write(self.folder, {**self._result, **link, RESUMED: self._now})


def newest(record: RunRecord) -> RunRecord:
    """Returns the record of the newest start of a run: that of a resume if there is one."""
    return record.resumed or record


def mark_ended(folder: Path, state: str, error: str) -> None:
    """Records how the run in `folder` has ended, unless it has recorded its own end.

    state: "failed" or "interrupted".
    error: one line.
    """
    last = RunRecord.read(folder).resumed
    if last is None:
        status.mark(folder, state, error)
    elif last.state == "running":
        status.update(folder, **{RESUMED: {**last.kept, "state": state, "error": error}})


def unfinished_resume(record: RunRecord) -> str:
    """Returns a line about a resume without a result; "" if there is none."""
    if record.resumed is None:
        return ""
    why = f" ({record.resumed.error})" if record.resumed.error else ""
    return f"a resume with a larger limit is {record.resumed.state}{why}: what stands here is the result before it"
