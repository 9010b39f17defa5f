"""The common entry of the workflow's scripts: log, plain errors, hashes before and after, a record for each output."""

import logging
import os
import re
import resource
import signal
import subprocess
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Any

from runrecord.code import PACKAGE_ROOT, parts_hash
from runrecord.code_cache import CodeCache
from runrecord.differences import differences
from runrecord.errors import plain_error
from runrecord.hashing import hash_path
from runrecord.imports import end_of_imports
from runrecord.machine import environment
from runrecord.record import asked, named_files, portable, seal_of, write_record

_ENVIRONMENT = {
    "CUBLAS_WORKSPACE_CONFIG": ":4096:8",  # without it cuBLAS may choose another order of summation each time
    "SOURCE_DATE_EPOCH": "0",  # no time of day in PDF, SVG and PNG
}

_LAST_LINES = 20  # of its log, that a failed job shows in quiet mode


@contextmanager
def job(snakemake: Any) -> Iterator[None]:
    """Run a script's body as a recorded job.

    What goes to stderr, child processes included, also goes to the rule's log. A PlainError, a full disk and a missing
    permission end the job with two plain lines, any other exception with its traceback. On success each output gets its
    record (`record.py`).
    """
    end_of_imports()
    for name, value in _ENVIRONMENT.items():
        os.environ.setdefault(name, value)
    previous = signal.signal(signal.SIGTERM, _terminate)
    try:
        with _tee(snakemake.log[0] if len(snakemake.log) else None), _plain_errors():
            _configure_logging()
            _limit_threads(snakemake)
            facts = _before(snakemake)
            yield
            _after(snakemake, facts)
    finally:
        signal.signal(signal.SIGTERM, previous)


def _before(snakemake: Any) -> dict[str, Any]:
    script = _script()
    parts = CodeCache(script.parent).code_parts(script)
    return {
        "rule": snakemake.rule,
        "wildcards": {name: str(value) for name, value in snakemake.wildcards.items()},
        **asked(snakemake.params),
        "threads": snakemake.threads,
        "code": {"script": portable(script), "hash": parts_hash(parts), "parts": parts, "changed_meanwhile": []},
        "inputs": [
            {"name": name, "path": portable(path), "before": hash_path(path), "record": seal_of(path)}
            for name, path in named_files(snakemake.input)
        ],
        "outputs": [portable(path) for path in snakemake.output],
        "started": _now(),
    }


def _after(snakemake: Any, facts: dict[str, Any]) -> None:
    facts["ended"] = _now()
    script = _script()
    changed = differences(facts["code"]["parts"], CodeCache(script.parent).code_parts(script))
    facts["code"]["changed_meanwhile"] = sorted(name for name, _ in changed)
    for entry, (_, path) in zip(facts["inputs"], named_files(snakemake.input), strict=True):
        entry["after"] = hash_path(path)
        if entry["after"] != entry["before"]:
            print(f"warning: {path} changed while the job ran; the result counts as stale", file=sys.stderr)
    facts["usage"] = _usage()
    facts["environment"] = environment()
    for output in snakemake.output:
        if Path(output).exists():
            write_record(output, facts)


def _usage() -> dict[str, float]:
    """Return the peak memory of the job's largest process in bytes, and the processor seconds of all its processes."""
    own, children = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    unit = 1 if sys.platform == "darwin" else 1024
    return {
        "memory": max(_peak_memory() or own.ru_maxrss * unit, children.ru_maxrss * unit),
        "processor": round(sum(used.ru_utime + used.ru_stime for used in (own, children)), 3),
    }


def _peak_memory() -> int | None:
    """Return this process's peak memory in bytes, None without Linux's /proc.

    `getrusage` would count the memory of the process that started this one, if that was larger.
    """
    try:
        status = Path("/proc/self/status").read_text(encoding="ascii", errors="replace")
    except OSError:
        return None
    peak = re.search(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
    return int(peak[1]) * 1024 if peak else None


def _script() -> Path:
    """Return the script's path in the workflow. Snakemake runs a copy of it; `__file__` has the original path."""
    return Path(str(sys.modules["__main__"].__file__)).resolve()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _configure_logging() -> None:
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.WARNING, force=True)
    logging.getLogger(PACKAGE_ROOT.name).setLevel(logging.INFO)


def _limit_threads(snakemake: Any) -> None:
    """Keep torch, where the script has imported it, to the cores that the job was given and can use."""
    torch = sys.modules.get("torch")
    if torch is not None:
        # On a cluster `threads` is cut to the cores of the submitting host; what was asked for stands beside it.
        cores = int(snakemake.resources.get("cpus_per_task") or snakemake.threads)
        torch.set_num_threads(min(cores, os.cpu_count() or 1))


def _terminate(number: int, frame: FrameType | None) -> None:
    raise SystemExit(128 + number)


@contextmanager
def _plain_errors() -> Iterator[None]:
    try:
        yield
    except Exception as error:
        plain = plain_error(error)
        if plain is None:
            traceback.print_exc()
        else:
            print(*plain.lines(), sep="\n", file=sys.stderr)
        raise SystemExit(1) from error


@contextmanager
def _tee(log: str | None) -> Iterator[None]:
    """Send stderr to where it went and to `log`.

    A process of its own does this, so that the last words of a crash in native code reach the log too; it outlives
    signals that end the job. With RUNRECORD_QUIET set, stderr goes to the log alone, and a job that fails shows the
    end of its log.
    """
    if log is None:
        yield
        return
    Path(log).parent.mkdir(parents=True, exist_ok=True)
    Path(log).write_bytes(b"")
    sys.stderr.flush()
    kept = os.dup(2)
    quiet = bool(os.environ.get("RUNRECORD_QUIET"))
    # Not "> /dev/stderr": where stderr is a file, the shell would empty it.
    shown = subprocess.DEVNULL if quiet else kept
    command = ["sh", "-c", "trap '' HUP INT TERM; exec tee -a -- \"$0\"", log]
    tee = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=shown, stderr=kept, start_new_session=True)
    assert tee.stdin is not None
    os.dup2(tee.stdin.fileno(), 2)
    failed = True
    try:
        yield
        failed = False
    finally:
        sys.stderr.flush()
        os.dup2(kept, 2)
        os.close(kept)
        tee.stdin.close()
        with suppress(subprocess.TimeoutExpired):  # a process that the job left behind may still hold its stderr
            tee.wait(10)
        if quiet and failed:
            last = Path(log).read_text(encoding="utf-8", errors="replace").splitlines()[-_LAST_LINES:]
            print(f"A job failed. The end of its log, {log}:", *last, sep="\n", file=sys.stderr)
