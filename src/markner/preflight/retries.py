"""Memory of a further try: more only if an earlier try ran out of memory, and never more than the limit."""

import re
from collections.abc import Iterable
from pathlib import Path

_OUT_OF_MEMORY = re.compile(
    rb"oom[-_ ]kill|out[-_ ]of[-_ ]memory|^MemoryError|exceeded memory limit",
    re.IGNORECASE | re.MULTILINE,
)
_GPU = re.compile(rb"^.*CUDA out of memory.*$|^.*HIP out of memory.*$", re.MULTILINE)
_TAIL = 64 * 1024


def memory_of_try(first: int, attempt: int, logs: Iterable[Path], limit: int | None = None) -> int:
    """Return the main memory that a try asks for, in MB: half of the first request more after each try without memory.

    Args:
        first: What the first try asks for.
        attempt: Number of the try, from 1.
        logs: A log of each try, in any order, those of earlier runs among them. Missing files count as empty.
        limit: The most that any node has, None if that is not known.
    """
    # The newest logs are those of this run's tries; older ones may be of a run that asked for less.
    newest = sorted((path for path in logs if path.is_file()), key=lambda path: path.stat().st_mtime_ns, reverse=True)
    wanted = round(first * (1 + sum(map(ended_out_of_memory, newest[: attempt - 1])) / 2))
    return min(wanted, max(limit, first)) if limit else wanted


def ended_out_of_memory(log: Path) -> bool:
    """Return whether the end of a log says that the job had too little main memory; memory of GPUs does not count."""
    if not log.is_file():
        return False
    with log.open("rb") as stream:
        stream.seek(max(0, log.stat().st_size - _TAIL))
        return _OUT_OF_MEMORY.search(_GPU.sub(b"", stream.read())) is not None
