"""The limits of a SLURM cluster, and the requests that exceed them: such jobs would wait for ever."""

import getpass
import re
import shutil
import subprocess
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from operator import ge
from typing import NamedTuple

_RESOURCES = (("nodes", "nodes"), ("GPUs a node", "GPUs"), ("memory a node", "MB"), ("cores a node", "cores"))
"""What messages call the values of `Nodes`, and their units."""
Problem = tuple[str, str, str]
"""The part of the study, such as `runs.llama`, what is wrong, and the fix."""


class Nodes(NamedTuple):
    """Nodes that are alike, with the resources of each: those of a partition, or those that a job asks for."""

    number: int
    gpus: int
    memory_mb: int
    cores: int


@dataclass(frozen=True, slots=True)
class Partition:
    """The most that a job of a partition can have."""

    name: str
    minutes: int | None
    """Time limit, None without one."""
    kinds: tuple[Nodes, ...]

    @property
    def most(self) -> Nodes:
        """The number of all nodes, with the most GPUs, memory and cores that one of them has."""
        counts, gpus, memory, cores = zip(*self.kinds, strict=True)
        return Nodes(sum(counts), max(gpus), max(memory), max(cores))


@dataclass(frozen=True, slots=True)
class Request:
    """The resources that the jobs of a rule, for one part of a study, ask for."""

    part: str
    """Place in the study, such as `runs.llama`."""
    rule: str
    jobs: int
    partition: str | None
    nodes: Nodes
    minutes: int
    expected_hours: float | None = None
    """GPU-hours of all these jobs together, None if unknown."""


def partitions() -> dict[str, Partition] | None:
    """Return partitions by name, None without SLURM. The default one is also there under the empty name."""
    text = slurm_output("sinfo", "-h", "-o", "%P|%l|%D|%G|%m|%c")
    return None if text is None else parse_sinfo(text)


@cache
def largest_memory_mb(partition: str) -> int | None:
    """Return the memory of the node of a partition, or of several (`gpu,long`), that has the most, in MB.

    None where there is no SLURM, or none that knows the partition. The default one has the empty name.
    """
    known = partitions() or {}
    return max((known[name].most.memory_mb for name in _names(partition) if name in known), default=None)


def slurm_output(*command: str) -> str | None:
    """Return the output of a command of SLURM; None where there is no SLURM, or none that answers."""
    if shutil.which(command[0]) is None:
        return None
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    return None if done.returncode else done.stdout


def parse_sinfo(text: str) -> dict[str, Partition]:
    """Parse partitions from `sinfo -o "%P|%l|%D|%G|%m|%c"`, whose lines are a partition and a kind of node each."""
    by_name: dict[str, Partition] = {}
    for line in text.splitlines():
        label, limit, nodes, gres, memory, cores = line.strip().split("|")
        gpus = sum(int(count) for count in re.findall(r"gpu:(?:[^:,(]+:)?(\d+)", gres))
        for name in (label.rstrip("*"), *([""] if label.endswith("*") else [])):
            before = by_name[name].kinds if name in by_name else ()
            kind = Nodes(int(nodes), gpus, int(memory.rstrip("+")), int(cores.rstrip("+")))
            by_name[name] = Partition(label.rstrip("*"), _minutes(limit), (*before, kind))
    return by_name


def misfits(requests: Iterable[Request], partitions: dict[str, Partition]) -> list[Problem]:
    """Return the requests that no node can fulfil."""
    problems: list[Problem] = []
    for request in requests:
        where = f"rule {request.rule}"
        names = _names(request.partition or "")
        missing = next((name for name in names if name not in partitions), None)
        if missing is not None:
            what = (
                f"there is no partition {missing!r}"
                if missing
                else "no partition is named, and the cluster has no default"
            )
            known = ", ".join(sorted(filter(None, partitions)))
            fix = f"set slurm_partition in profiles/slurm/config.yaml to one of {known}"
            problems.append((request.part, f"{where}: {what}", fix))
            continue
        # SLURM takes the first of several partitions that can run a job.
        exceeded = [list(_exceeded(request, partitions[name])) for name in names]
        if all(exceeded):
            fix = "lower the model's `hardware` or the profile's value, or name another partition"
            problems += [(request.part, f"{where}: {what}", fix) for of_one in exceeded for what in of_one]
    return problems


def _names(partition: str) -> list[str]:
    """Return the names of `gpu,long`; the default partition has the empty name."""
    return [name.strip() for name in partition.split(",")]


def _exceeded(request: Request, partition: Partition) -> Iterator[str]:
    """Yield the limits of a partition that a request exceeds."""
    limits = [*zip(_RESOURCES, request.nodes, partition.most, strict=True)]
    if partition.minutes is not None:
        limits.append((("time", "minutes"), request.minutes, partition.minutes))
    over = [(names, asked, most) for names, asked, most in limits if asked > most]
    for (what, unit), asked, most in over:
        yield f"{what}: {asked} {unit} asked for, partition {partition.name} has {most}"
    number, *each = request.nodes
    fitting = sum(kind.number for kind in partition.kinds if all(map(ge, kind[1:], each)))
    if not over and fitting < number:
        yield (
            f"{number} nodes with {each[0]} GPUs, {each[1]} MB and {each[2]} cores each asked for, "
            f"partition {partition.name} has {fitting} such nodes"
        )


def account_needed() -> bool:
    """Return whether jobs without an account are refused: accounts are enforced, and this user has no default one."""
    enforced = re.search(r"AccountingStorageEnforce\s*=\s*(\S+)", slurm_output("scontrol", "show", "config") or "")
    if enforced is None or "associations" not in enforced[1]:
        return False
    user = ("show", "user", getpass.getuser(), "format=DefaultAccount")
    return not (slurm_output("sacctmgr", "-n", "-P", *user) or "").strip()


def partitions_that_cancel() -> list[str]:
    """Return the partitions whose preempted jobs end. Snakemake's SLURM plugin would wait for such a job for ever."""
    rows = (line.strip().split("|") for line in (slurm_output("sinfo", "-h", "-o", "%P|%M") or "").splitlines())
    return sorted({name.rstrip("*") for name, mode in rows if mode == "CANCEL"})


def _minutes(limit: str) -> int | None:
    if limit == "infinite":
        return None
    days, _, rest = limit.rpartition("-")
    parts = [int(part) for part in rest.split(":")]
    hours, minutes = [0, 0, *parts[:-1]][-2:] if len(parts) > 1 else (0, parts[0])
    return int(days or 0) * 1440 + hours * 60 + minutes
