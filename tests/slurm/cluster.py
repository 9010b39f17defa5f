"""A real SLURM on this machine: munge, slurmctld, and slurmd for two nodes of four fake GPUs each and one without any.

Plain processes of root on the loopback. Everything they write is in one folder but for /etc/slurm/slurm.conf and
gres.conf, links that SLURM insists on, and the nodes' names in /etc/hosts; `stop` takes them away again.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

PROGRAMS = ("munged", "slurmctld", "slurmd", "sbatch")
NODES = ("n1", "n2", "n3")
_ETC = Path("/etc/slurm")
_HOSTS = Path("/etc/hosts")
_SOCKET = Path("/run/munge/munge.socket.2")
_MARK = "# markner's test SLURM"

# AuthInfo: a requeued job waits for 10 seconds, not 121. OverMemoryKill: no cgroups are needed.
# config_overrides: nodes may claim more than this machine has.
_CONF = """\
ClusterName=markner
SlurmctldHost={host}(127.0.0.1)
SlurmctldPort=16817
AuthType=auth/munge
AuthInfo=cred_expire=10
CryptoType=crypto/munge
SlurmUser=root
SlurmdUser=root
StateSaveLocation={folder}/ctld
SlurmdSpoolDir={folder}/%n
SlurmctldPidFile={folder}/run/slurmctld.pid
SlurmdPidFile={folder}/run/slurmd.%n.pid
SlurmctldLogFile={folder}/log/slurmctld.log
SlurmdLogFile={folder}/log/slurmd.%n.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
JobAcctGatherType=jobacct_gather/linux
JobAcctGatherFrequency=2
JobAcctGatherParams=OverMemoryKill
SwitchType=switch/none
MpiDefault=none
ReturnToService=2
SlurmctldTimeout=30
SlurmdTimeout=15
InactiveLimit=0
MinJobAge=3600
KillWait=20
CompleteWait=0
SchedulerType=sched/backfill
SchedulerParameters=sched_interval=2,bf_interval=2,batch_sched_delay=0
SelectType=select/cons_tres
SelectTypeParameters=CR_Core_Memory
SlurmdParameters=config_overrides
GresTypes=gpu
AccountingStorageType=accounting_storage/none
JobRequeue=1
PropagateResourceLimits=NONE
NodeName=n1 NodeHostname={host} NodeAddr=127.0.0.1 Port=17001 CPUs={cores} RealMemory={mb} Gres=gpu:h100:4 State=UNKNOWN
NodeName=n2 NodeHostname={host} NodeAddr=127.0.0.1 Port=17002 CPUs={cores} RealMemory={mb} Gres=gpu:h100:4 State=UNKNOWN
NodeName=n3 NodeHostname={host} NodeAddr=127.0.0.1 Port=17003 CPUs=16 RealMemory=32000 State=UNKNOWN
PartitionName=cpu Nodes=n3 Default=YES MaxTime=600 DefMemPerCPU=100 State=UP
PartitionName=gpu Nodes=n1,n2 MaxTime=600 DefMemPerCPU=100 State=UP
"""


def missing() -> str:
    """Why no SLURM can be started here; empty if one can."""
    lacking = [name for name in PROGRAMS if shutil.which(name) is None]
    if lacking:
        return f"{', '.join(lacking)} not installed (Debian: apt-get install slurm-wlm munge)"
    if os.geteuid() != 0:
        return "only root can start a SLURM of its own"
    if (_ETC / "slurm.conf").exists() and not (_ETC / "slurm.conf").is_symlink():
        return f"{_ETC}/slurm.conf is there already: this machine belongs to a cluster"
    return ""


ASKED_FOR = pytest.mark.skipif(
    os.environ.get("MARKNER_SLURM") != "own", reason="no SLURM was asked for; .ci/slurm starts one of its own"
)


@contextmanager
def running(folder: Path, memory_mb: int = 16_000, cores: int = 16) -> Iterator["Cluster"]:
    """A SLURM, started and stopped; where none can be started that is a failure, since it was asked for.

    Args:
        folder: Folder for everything that SLURM writes.
        memory_mb: Main memory that each node with GPUs claims to have.
        cores: Cores that each node with GPUs claims to have.
    """
    assert missing() == ""
    cluster = Cluster(folder, memory_mb, cores)
    try:
        cluster.start()
        yield cluster
    finally:
        cluster.stop()


class Cluster:
    """Starts the daemons in a folder, and stops exactly those."""

    def __init__(self, folder: Path, memory_mb: int, cores: int) -> None:
        self.folder, self.memory_mb, self.cores = folder, memory_mb, cores

    def start(self) -> None:
        """Start munge and SLURM and wait until all nodes are idle."""
        for name in ("log", "run", "ctld", "dev", *NODES):
            (self.folder / name).mkdir(parents=True, exist_ok=True)
        sizes = {"mb": self.memory_mb, "cores": self.cores}
        conf = _CONF.format(folder=self.folder, host=socket.gethostname(), **sizes)
        (self.folder / "slurm.conf").write_text(conf, encoding="utf-8")
        gres = f"NodeName=n1,n2 Name=gpu Type=h100 File={self.folder}/dev/gpu[0-3]\n"
        (self.folder / "gres.conf").write_text(gres, encoding="utf-8")
        for number in range(4):  # SLURM wants a file behind each GPU
            (self.folder / "dev" / f"gpu{number}").touch()
        _ETC.mkdir(exist_ok=True)
        for name in ("slurm.conf", "gres.conf"):
            (_ETC / name).unlink(missing_ok=True)
            (_ETC / name).symlink_to(self.folder / name)
        hosts = _HOSTS.read_text(encoding="utf-8")
        _HOSTS.write_text(f"{hosts}127.0.0.1 {' '.join(NODES)} {_MARK}\n", encoding="utf-8")
        self._start_munge()
        _call("slurmctld", "-c")
        _until(lambda: "UP" in _call("scontrol", "ping"), "slurmctld answers")
        for node in NODES:
            self.start_node(node)
        _until(lambda: _call("sinfo", "-hN", "-o", "%T").split() == ["idle"] * len(NODES), "all nodes are idle")

    def start_node(self, node: str) -> None:
        """Start the daemon of a node."""
        _call("slurmd", "-N", node)

    def kill_node(self, node: str) -> None:
        """End a node as a power cut would: its daemon and everything below it, at once."""
        daemon = int((self.folder / "run" / f"slurmd.{node}.pid").read_text())
        steps = [pid for pid in _processes() if "slurmstepd: [" in _command(pid) and _node_of(pid) == node]
        for pid in [daemon, *(pid for step in steps for pid in [step, *below(step)])]:
            _kill(pid, signal.SIGKILL)

    def stop(self) -> None:
        """End the jobs and all daemons, and take away what was put outside the folder."""
        if shutil.which("scancel") and (_ETC / "slurm.conf").exists():
            subprocess.run(["scancel", "--full", "-u", "root"], check=False, capture_output=True)
            time.sleep(1)
        for name in (*(f"slurmd.{node}" for node in NODES), "slurmctld", "munged"):
            file = self.folder / "run" / f"{name}.pid"
            if file.exists():
                pid = int(file.read_text())
                _kill(pid, signal.SIGTERM)
                _until(lambda pid=pid: not _alive(pid), f"{name} has ended")  # type: ignore[misc]
        for name in ("slurm.conf", "gres.conf"):
            if (_ETC / name).is_symlink():
                (_ETC / name).unlink()
        lines = _HOSTS.read_text(encoding="utf-8").splitlines(keepends=True)
        _HOSTS.write_text("".join(line for line in lines if _MARK not in line), encoding="utf-8")

    def _start_munge(self) -> None:
        _SOCKET.parent.mkdir(exist_ok=True)
        _SOCKET.parent.chmod(0o755)
        key = self.folder / "munge.key"
        key.write_bytes(os.urandom(1024))
        key.chmod(0o400)
        run = self.folder / "run"
        _call(
            "munged",
            "--force",
            f"--key-file={key}",
            f"--socket={_SOCKET}",
            f"--pid-file={run}/munged.pid",
            f"--seed-file={run}/munged.seed",
            f"--log-file={self.folder}/log/munged.log",
        )


def jobs(states: str = "PENDING,RUNNING") -> dict[str, str]:
    """Jobs in a state: id and comment (`rule_train_wildcards_...`)."""
    rows = [line.split(maxsplit=1) for line in _call("squeue", "-h", "-t", states, "-o", "%i %k").splitlines()]
    return {row[0]: row[1] for row in rows if len(row) == 2}


def memory_requests(rule: str) -> list[int]:
    """Main memory in MB that each job of a rule asked for, in order, those that have ended among them."""
    shown = _call("scontrol", "show", "job", "-o").splitlines()
    return [
        int(memory)
        for line in shown
        if f"Comment=rule_{rule}_" in line
        for memory in re.findall(r"MinMemoryNode=(\d+)M", line)
    ]


def _call(*command: str) -> str:
    done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)
    return done.stdout


def _until(holds, what: str, seconds: float = 60) -> None:  # type: ignore[no-untyped-def]
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"waited {seconds} seconds until {what}: {_call('sinfo')}"
        time.sleep(0.2)


def _processes() -> list[int]:
    return [int(path.name) for path in Path("/proc").iterdir() if path.name.isdigit()]


def _command(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode()
    except OSError:
        return ""


def below(pid: int) -> list[int]:
    parents = {}
    for other in _processes():
        try:
            parents[other] = int(Path(f"/proc/{other}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found = [pid]
    for one in found:
        found += [child for child, parent in parents.items() if parent == one]
    return found[1:]


def _node_of(pid: int) -> str:
    """Node of a step's daemon, from the environment of what runs below it."""
    for child in below(pid):
        try:
            variables = Path(f"/proc/{child}/environ").read_bytes().split(b"\0")
        except OSError:
            continue
        for variable in variables:
            if variable.startswith(b"SLURMD_NODENAME="):
                return variable.partition(b"=")[2].decode()
    return ""


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def _kill(pid: int, number: int) -> None:
    try:
        os.kill(pid, number)
    except ProcessLookupError:
        return
