"""What a run is about to be trained on: compared with an earlier start and with its sweep, and kept in its folder."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

from unrolled.config.relative import resolved
from unrolled.config.schema import Config
from unrolled.record.entries import TrainedOn
from unrolled.record.files import replacing
from unrolled.record.ownership import OWN_TASK
from unrolled.record.successor import Record
from unrolled.record.trained_on import changed, changed_in_sweep
from unrolled.tasks import OWN


def admit(
    now: dict[str, Any],
    before: Any,
    *,
    config: Config,
    folder: Path,
    in_sweep: bool,
    record: Record,
    written: Callable[[str], str],
) -> str:
    """Returns why a run may not be trained on its data; "" if it may: they are then in its record.

    now: what `tasks.trained_on` makes of the loaded data.
    before: that of the checkpoint to resume from; None: a start from step 0, or an earlier version's.
    folder: of the run.
    in_sweep: whether it is in the folder of a sweep.
    written: from a text to the same with what is from the environment as it is written.
    """
    kept = {**now, "files": [{**each, "path": written(each["path"])} for each in now["files"]]}
    if lines := changed(before, now, f"the run in {folder}"):
        return f"resume=true: {'; '.join(lines)}: start another run"
    if in_sweep and (line := changed_in_sweep(kept, folder)):
        return line
    if config.task.name == OWN:
        with replacing(folder / OWN_TASK) as draft:
            shutil.copyfile(resolved(str(config.task.file)), draft)
    record.update(**TrainedOn(trained_on=kept))
    return ""
