"""The limits of a SLURM cluster, and the requests that exceed them: such jobs would wait for ever."""

import re
import shutil
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

Problem = tuple[str, str, str]
"""The part of the study, such as `runs.llama`, what is wrong, and the fix."""


@dataclass(frozen=True, slots=True)
class Partition:
    """The most that a job of a partition can have."""

    name: str
    minutes: int | None
    """Time limit, None without one."""
    nodes: int
    gpus: int
    """GPUs of the node that has the most."""
    memory_mb: int
    """Memory of the node that has the most."""
    cores: int


@dataclass(frozen=True, slots=True)
class Request:
    """The resources that the jobs of a rule, for one part of a study, ask of each node."""

    part: str
    """Place in the study, such as `runs.llama`."""
    rule: str
    jobs: int
    partition: str | None
    nodes: int
    gpus: int
    memory_mb: int
    cores: int
    minutes: int
    expected_hours: float | None = None
    """GPU-hours of all these jobs together, None if unknown."""


def partitions() -> dict[str, Partition] | None:
    """Return partitions by name, None without SLURM. The default one is also there under the empty name."""
    text = slurm_output("sinfo", "-h", "-o", "%P|%l|%D|%G|%m|%c")
    return None if text is None else parse_sinfo(text)


@cache
def largest_memory_mb(partition: str) -> int | None:
    """Return the memory of the node of a partition that has the most, in MB.

    None where there is no SLURM, or none that knows the partition. The default one has the empty name.
    """
    named = (partitions() or {}).get(partition)
    return named.memory_mb if named else None


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
            before = by_name.get(name, Partition(name, None, 0, 0, 0, 0))
            by_name[name] = Partition(
                name=label.rstrip("*"),
                minutes=_minutes(limit),
                nodes=before.nodes + int(nodes),
                gpus=max(before.gpus, gpus),
                memory_mb=max(before.memory_mb, int(memory.rstrip("+"))),
                cores=max(before.cores, int(cores.rstrip("+"))),
            )
    return by_name


def misfits(requests: Iterable[Request], partitions: dict[str, Partition]) -> list[Problem]:
    """Return the requests that no node can fulfil."""
    problems: list[Problem] = []
    for request in requests:
        partition = partitions.get(request.partition or "")
        where = f"rule {request.rule}"
        if partition is None:
            names = ", ".join(sorted(filter(None, partitions)))
            problems.append(
                (
                    request.part,
                    f"{where}: there is no partition {request.partition!r}"
                    if request.partition
                    else f"{where}: no partition is named, and the cluster has no default",
                    f"set slurm_partition in profiles/slurm/config.yaml to one of {names}",
                )
            )
            continue
        for what, asked, most, unit in (
            ("nodes", request.nodes, partition.nodes, "nodes"),
            ("GPUs a node", request.gpus, partition.gpus, "GPUs"),
            ("memory a node", request.memory_mb, partition.memory_mb, "MB"),
            ("cores a node", request.cores, partition.cores, "cores"),
            ("time", request.minutes, partition.minutes, "minutes"),
        ):
            if most is not None and asked > most:
                problems.append(
                    (
                        request.part,
                        f"{where}: {what}: {asked} {unit} asked for, partition {partition.name} has {most}",
                        "lower the model's `hardware` or the profile's value, or name another partition",
                    )
                )
    return problems


def account_needed() -> bool:
    """Return whether jobs without an account are refused."""
    enforced = re.search(r"AccountingStorageEnforce\s*=\s*(\S+)", slurm_output("scontrol", "show", "config") or "")
    return enforced is not None and "associations" in enforced[1]


def _minutes(limit: str) -> int | None:
    if limit == "infinite":
        return None
    days, _, rest = limit.rpartition("-")
    parts = [int(part) for part in rest.split(":")]
    hours, minutes = [0, 0, *parts[:-1]][-2:] if len(parts) > 1 else (0, parts[0])
    return int(days or 0) * 1440 + hours * 60 + minutes
