"""What a run was trained on, as its checkpoints and its record keep it, against what the data are now."""

import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

from unrolled.config.stamp import sha256, stamp

from . import status
from .checked import table

TRAINED_ON = "trained_on"  # the key, in checkpoints and in `status.json`
RELATIVE = 1e-5  # processors round sums of float32 differently
DIGITS = 6  # of a checksum in a message
LISTED = 3  # differences in a message
SPLITS = ("train", "val")


class Change(NamedTuple):
    """A file that is another one now.

    name: of the file, without its folder.
    then, now: its checksums.
    more: how many other files have changed.
    """

    name: str
    then: str
    now: str
    more: int

    @property
    def sums(self) -> str:
        return f"sha256 {self.then[:DIGITS]}.. then, {self.now[:DIGITS]}.. now"

    def line(self, whom: str) -> str:
        """Returns a line for a user. whom: who was trained on the earlier file."""
        more = f" (and {self.more} more)" if self.more else ""
        return f"{self.name}{more} is not what {whom} was trained on: {self.sums}"


def changed(then: Any, now: Any, whom: str) -> list[str]:
    """Returns a line if a file is another one, and a line if the data are; [] if both are what they were.

    then, now: as `tasks.trained_on` makes them; without `then`, as of an earlier version, nothing is compared.
    whom: who was trained on the data of `then`, for the lines.
    """
    then, now = table(then), table(now)
    change = changed_file(_files(then), _files(now))
    lines = [change.line(whom)] if change else []
    if found := _differences(then, now):
        more = f" and {len(found) - LISTED} more" if len(found) > LISTED else ""
        lines.append(f"the data are not what {whom} was trained on; they differ in {', '.join(found[:LISTED])}{more}")
    return lines


def changed_on_disk(then: Any) -> Change | None:
    """Returns the first file that was read then and is another one now, without loading it; None: there is none.

    A file that is no longer at its place is not compared.
    """
    known = _files(table(then))
    return changed_file(known, {path: sha256(stamp(path)) for path in known if Path(path).is_file()})


def changed_file(then: dict[str, str], now: dict[str, str]) -> Change | None:
    """Returns the first file that is another one now; None: there is none.

    then, now: path -> checksum. A file may have been moved, or be one that is not read now: it is compared with that of
    its path, else with the only one of its name.
    """
    found = [(path, was, is_) for path, was in then.items() if (is_ := _successor(path, was, now)) is not None]
    if not found:
        return None
    path, was, is_ = found[0]
    return Change(Path(path).name, was, is_, len(found) - 1)


def _successor(path: str, checksum: str, now: dict[str, str]) -> str | None:
    """Returns the checksum of the file that has taken the place of an earlier one; None: there is none."""
    if checksum in now.values():
        return None
    named = [each for other, each in now.items() if Path(other).name == Path(path).name]
    return now.get(path) or (named[0] if len(named) == 1 else None)


def changed_in_sweep(now: Any, folder: Path) -> str:
    """Returns a line if a run reads another file than the first run of its sweep that has read it; "" if it does not.

    now: as `status.json` of the run will have it.
    folder: of the run, in that of its sweep.
    """
    left = _files(table(now))
    for run in _numbered(folder.parent):
        if not left:
            break
        known = _files(table(status.read(run).get(TRAINED_ON))) if run.name != folder.name else {}
        if change := changed_file(known, {path: checksum for path, checksum in left.items() if path in known}):
            return change.line(f"run {run.name} of this sweep")
        left = {path: checksum for path, checksum in left.items() if path not in known}
    return ""


def changed_since_sweep(sweep: Path) -> str:
    """Returns a line if a file is not what a run of a sweep was trained on; "" if all are."""
    for run in _numbered(sweep):
        if change := changed_on_disk(status.read(run).get(TRAINED_ON)):
            return change.line(f"run {run.name} of this sweep")
    return ""


def _numbered(sweep: Path) -> list[Path]:
    runs = [each for each in sweep.iterdir() if each.name.isdigit()] if sweep.is_dir() else []
    return sorted(runs, key=lambda each: int(each.name))


def _files(kept: dict[str, Any]) -> dict[str, str]:
    """Returns the checksum of each file by its path."""
    entries = kept.get("files")
    pairs = [(each.get("path"), each.get("sha256")) for each in entries if isinstance(each, dict)] if entries else []
    return {path: checksum for path, checksum in pairs if isinstance(path, str) and isinstance(checksum, str)}


def _differences(then: dict[str, Any], now: dict[str, Any]) -> list[str]:
    found = [
        f"the {name}" for key, name in (("reads", "vocabulary"), ("answers", "classes")) if _unlike(then, now, key)
    ]
    for split in SPLITS:
        before, after = table(then.get(split)), table(now.get(split))
        for part in before:
            found += _of_part(f"{split}.{part}", table(before[part]), table(after.get(part)))
    return found


def _unlike(then: dict[str, Any], now: dict[str, Any], key: str) -> bool:
    return key in then and then[key] != now.get(key)


def _of_part(name: str, then: dict[str, Any], now: dict[str, Any]) -> list[str]:
    if _unlike(then, now, "shape"):
        return [f"the shape of {name} ({_shape(then['shape'])} then, {_shape(now.get('shape') or ())} now)"]
    sums = [each.get("sum") for each in (then, now)]
    if not _close(*sums):
        return [f"the sum of |{name}| ({sums[0]:.6g} then, {sums[1]:.6g} now)"]
    return [] if _close(then.get("in_order"), now.get("in_order")) else [f"the order of {name}"]


def _shape(sizes: Iterable[int]) -> str:
    return f"({', '.join(map(str, sizes))})"


def _close(then: Any, now: Any) -> bool:
    """Returns whether two sums are equal but for rounding; one that is missing is not compared."""
    return not all(isinstance(each, int | float) for each in (then, now)) or math.isclose(then, now, rel_tol=RELATIVE)
