"""Rendezvous of the ranks of a run that is a Slurm job of its own."""

import os
import random
import re
import shutil
import subprocess
from collections.abc import Sequence

PORTS = (20000, 32000)  # below those that Linux gives to outgoing connections


def as_rank() -> None:
    """Sets the environment variables of `torchrun` for this task of the job: its rank, and the address of rank 0."""
    from submitit import JobEnvironment

    from unrolled.processes.ranks import OURS

    job = JobEnvironment()
    os.environ |= {
        "MASTER_ADDR": address(job.hostnames),
        "MASTER_PORT": str(random.Random(job.job_id).randint(*PORTS)),
        "RANK": str(job.global_rank),
        "WORLD_SIZE": str(job.num_tasks),
        "LOCAL_RANK": str(job.local_rank),
        "LOCAL_WORLD_SIZE": str(job.num_tasks // job.num_nodes),
        OURS: "1",
    }


def address(nodes: Sequence[str]) -> str:
    """Returns the address at which all nodes reach the first.

    nodes: Slurm's names, which other services (DNS) need not know.
    """
    if len(nodes) == 1:
        return "127.0.0.1"
    if shutil.which("scontrol") is None:
        return nodes[0]
    command = ["scontrol", "--oneliner", "show", "node", nodes[0]]
    shown = subprocess.run(command, capture_output=True, text=True, check=False).stdout
    found = re.search(r"\bNodeAddr=(\S+)", shown)
    return found[1] if found else nodes[0]
