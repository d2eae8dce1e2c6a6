"""A throw-away Slurm on this machine: a controller and two nodes with two cores and two pretend GPUs each, as root.

Needs Debian's slurm-wlm and munge. Two partitions: what is submitted to `high` preempts, and requeues, what runs in
`main`.
"""

import os
import shutil
import signal
import socket
import subprocess
import time
from contextlib import suppress
from pathlib import Path

PROGRAMS = ("slurmctld", "slurmd", "munged", "sbatch")
NODES = ("n1", "n2")
KEY = Path("/etc/munge/munge.key")

CONF = """
ClusterName=throwaway
SlurmctldHost={host}(127.0.0.1)
SlurmUser=root
SlurmdUser=root
AuthType=auth/munge
CredType=cred/munge
CommunicationParameters=NoCtldInAddrAny,NoInAddrAny
SlurmctldPort={ports[0]}
StateSaveLocation={here}/state
SlurmdSpoolDir={here}/spool.%n
SlurmctldPidFile={here}/slurmctld.pid
SlurmdPidFile={here}/slurmd.%n.pid
SlurmctldLogFile={here}/slurmctld.log
SlurmdLogFile={here}/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/none
AccountingStorageType=accounting_storage/none
MpiDefault=none
SwitchType=switch/none
SchedulerParameters=bf_interval=2,sched_interval=2,batch_sched_delay=0,sched_min_interval=0
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
PreemptType=preempt/partition_prio
PreemptMode=REQUEUE
ReturnToService=2
KillWait=10
MaxArraySize=4
SlurmdParameters=config_overrides
GresTypes=gpu
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[1]} CPUs=2 RealMemory=4000 Gres=gpu:2 State=UNKNOWN
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port={ports[2]} CPUs=2 RealMemory=4000 Gres=gpu:2 State=UNKNOWN
PartitionName=main Nodes=ALL Default=YES MaxTime=INFINITE State=UP PriorityTier=1 PreemptMode=requeue GraceTime=0
PartitionName=high Nodes=ALL MaxTime=INFINITE State=UP PriorityTier=10 PreemptMode=off
"""


def unavailable() -> str | None:
    """Why there can be no cluster here."""
    path = f"{os.environ['PATH']}:/usr/sbin:/sbin"
    missing = [name for name in PROGRAMS if shutil.which(name, path=path) is None]
    if missing:
        return f"not installed: {', '.join(missing)} (Debian: slurm-wlm, munge)"
    return None if os.geteuid() == 0 else "only root can start one"


class Cluster:
    """`with Cluster(folder) as cluster`: `cluster.environment` is what its users need."""

    def __init__(self, folder: Path) -> None:
        self.here, self.processes = folder, []
        self.environment = {**os.environ, "SLURM_CONF": str(folder / "slurm.conf")}
        self.environment["PATH"] += ":/usr/sbin:/sbin"

    def __enter__(self) -> "Cluster":
        for name in ("state", *(f"spool.{node}" for node in NODES)):
            (self.here / name).mkdir(parents=True)
        self._munge()
        gpus = [self.here / f"nvidia{i}" for i in range(2)]
        for i, gpu in enumerate(gpus):  # Slurm takes nothing but a device node for a GPU
            os.mknod(gpu, 0o600 | 0o020000, os.makedev(195, i))
        conf = CONF.format(host=socket.gethostname().partition(".")[0], here=self.here, ports=_ports(3))
        (self.here / "slurm.conf").write_text(conf)
        (self.here / "gres.conf").write_text(f"Name=gpu File={self.here}/nvidia[0-1]\n")
        (self.here / "cgroup.conf").write_text("CgroupPlugin=cgroup/v1\nCgroupAutomount=no\n")
        self._start("slurmctld", "-i", "-D")
        for node in NODES:
            self._start("slurmd", "-N", node, "-D")
        self.wait(lambda: self.ask("sinfo", "-h", "-N", "-o", "%t").split().count("idle") >= len(NODES))
        return self

    def __exit__(self, *_: object) -> None:
        """Leaves nothing running: no daemon, no step of a job (which outlives its daemon), nor who waits for one."""
        self.clear()
        for process in reversed(self.processes):
            process.terminate()
        deadline = time.monotonic() + 10
        while (left := self._left()) and time.monotonic() < deadline:
            time.sleep(0.1)
        while left:
            for pid in left:
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            time.sleep(0.1)
            left = self._left()
        for process in self.processes:
            process.wait()

    def clear(self, timeout_s: float = 30) -> None:
        """Cancels all jobs, and waits until they are gone, but no longer than that."""
        deadline = time.monotonic() + timeout_s
        self.ask("scancel", "--user=root")
        while self.ask("squeue", "-h").strip() and time.monotonic() < deadline:
            time.sleep(0.2)

    def _left(self) -> list[int]:
        """All processes with this cluster's file in their environment: daemons, steps, jobs, and those who submit."""
        ended = {process.pid for process in self.processes if process.poll() is not None}
        mark, found = f"SLURM_CONF={self.here}/slurm.conf\0".encode(), []
        for process in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                if mark in (process / "environ").read_bytes() + b"\0" and int(process.name) not in ended:
                    found.append(int(process.name))
        return found

    def ask(self, *command: str) -> str:
        told = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False)
        return told.stdout

    def wait(self, until, timeout_s: float = 60) -> None:
        deadline = time.monotonic() + timeout_s
        while not until():
            assert time.monotonic() < deadline, self.ask("squeue") + (self.here / "slurmctld.log").read_text()[-3000:]
            time.sleep(0.2)

    def _start(self, *command: str) -> None:
        self.processes.append(
            subprocess.Popen(command, env=self.environment, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        )

    def _munge(self) -> None:
        """The daemon that signs messages; there is one on a machine, and it may be running."""
        if subprocess.run(["munge", "-n"], capture_output=True, check=False).returncode == 0:
            return
        if not KEY.exists():
            KEY.write_bytes(os.urandom(1024))
            KEY.chmod(0o400)
        Path("/run/munge").mkdir(exist_ok=True)
        for path in (KEY, KEY.parent, Path("/run/munge"), Path("/var/log/munge"), Path("/var/lib/munge")):
            shutil.chown(path, "munge", "munge")
        Path("/run/munge").chmod(0o755)
        subprocess.run(["runuser", "-u", "munge", "--", "/usr/sbin/munged"], check=True)


def _ports(n: int) -> list[int]:
    sockets = [socket.socket() for _ in range(n)]
    for each in sockets:
        each.bind(("127.0.0.1", 0))
    found = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return found
