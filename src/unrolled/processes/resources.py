"""Cores, GPUs and memory of this machine."""

import ctypes
import os
import re
from pathlib import Path

from unrolled.errors import UserError

DEVICES = ("nvidia[0-9]*", "dxg", "kfd", "nvgpu")  # below /dev: NVIDIA, Windows' Linux, AMD, Jetson
LIMITS = (Path("/sys/fs/cgroup/memory.max"), Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
DRIVERS = ("libcuda.so.1", "libamdhip64.so")


def cores() -> int:
    """Returns the number of cores that this process may use; all cores if the system has no affinity."""
    allowed = getattr(os, "sched_getaffinity", None)
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def memory() -> int:
    """Returns the bytes of memory of this machine, or of the control group that this process is limited to."""
    installed = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    limits = [int(text) for file in LIMITS if file.is_file() and (text := file.read_text().strip()).isdecimal()]
    return min([installed, *limits])


def check_fits(needed: int, what: str, key: str = "") -> None:
    """Raises UserError for numbers that cannot fit into the memory.

    needed: their bytes, at least. what: their name in the message, after the key that sets their number.
    """
    if needed > (here := memory()):
        raise UserError(f"{what} takes at least {needed / 1e9:,.3g} GB; this machine has {here / 1e9:,.3g} GB", key)


def visible_gpus() -> list[str]:
    """Returns the names of the GPUs that this process may use, as CUDA_VISIBLE_DEVICES has them.

    The count comes from the driver: a process that has started CUDA can no longer be forked. Where nothing of a driver
    is found, torch is not even imported.
    """
    named = named_gpus(os.environ.get("CUDA_VISIBLE_DEVICES"))
    if named == [] or not _has_driver():
        return []
    os.environ["PYTORCH_NVML_BASED_CUDA_CHECK"] = "1"
    import torch

    count = torch.cuda.device_count() if torch.cuda.is_available() else 0
    return [str(i) for i in range(count)] if named is None else named[:count]


def named_gpus(words: str | None) -> list[str] | None:
    """Returns the GPUs that a value of CUDA_VISIBLE_DEVICES names; None: it is not set, and all are visible.

    As CUDA reads it, nothing counts from the first word on that names none: -1, or Slurm's NoDevFiles.
    """
    if words is None:
        return None
    found: list[str] = []
    for word in (each.strip() for each in words.split(",")):
        if not re.fullmatch(r"\d+|(GPU|MIG)-\S+", word):
            break
        found.append(word)
    return list(dict.fromkeys(found))


def _has_driver() -> bool:
    return any(next(Path("/dev").glob(name), None) for name in DEVICES) or any(map(_loads, DRIVERS))


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library)
    except OSError:
        return False
    return True
