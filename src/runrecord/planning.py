"""What Snakemake runs again is decided by the records beside the results.

Snakemake by itself goes by the times of files and by what `.snakemake` remembers: it misses bytes changed under an old
time, a result edited by hand, and every change once its memory is lost; and it runs again what was only touched or
copied. Here a job has to run exactly if an output has no record that holds, or if settings, params, meaning of the
code, list of inputs, or bytes of inputs or of outputs are not those of the record. As ever it also runs if a wanted
output is missing or a job before it runs; a missing file that only fresh results were made from stays away. Nothing is
written but remembered hashes.
"""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from snakemake.jobs import Job
from snakemake.persistence import ParamsChange, PersistenceBase

from runrecord.code import code_parts
from runrecord.differences import differences, leaves, shown
from runrecord.errors import RecordError
from runrecord.hashing import hash_path
from runrecord.record import asked, located, named_files, portable, read_record

_SHOWN = 3
"""Reasons of one job that a dry run prints."""


@cache
def decide_by_records() -> None:
    """From now on, in this process, jobs with a record are judged by it; jobs of rules without `code` as ever."""
    for owner, name in _PLACES:
        if not hasattr(owner, name):
            raise RecordError(
                f"this Snakemake has no {owner.__name__}.{name}", "install the version of envs/requirements.txt"
            )
    for owner, name in _PLACES:
        setattr(owner, name, _OURS[name](getattr(owner, name)))


def reasons(job: Any) -> list[str]:
    """Why a job's outputs are not what the job would make now; nothing if its records say that they are.

    Args:
        job: Snakemake's, with `rule`, `input`, `output` and `params` as they hold now.
    """
    found: list[str] = []
    for output in map(str, job.output):
        try:
            record = read_record(output)
        except RecordError as error:
            found.append(error.message)
            continue
        if record is None:
            found += [f"{output} has no record"] if Path(output).exists() else []
        else:
            found += [reason for reason in _against(record, job, output) if reason not in found]
    return found


def _against(record: dict[str, Any], job: Any, output: str) -> Iterator[str]:
    """What stands against one output's record; the cheap questions first."""
    if (record["rule"], record["path"]) != (job.rule.name, portable(output)):
        yield f"{output} has the record of {record['path']} by rule {record['rule']}"
        return
    now = asked(job.params)
    for kind in ("settings", "params"):
        then, new = leaves(record[kind], kind), leaves(json.loads(json.dumps(now[kind])), kind)
        for name in (name for name in dict.fromkeys([*then, *new]) if shown(then, name) != shown(new, name)):
            yield f"{name}: {shown(then, name)} -> {shown(new, name)}"
    if record["code"]["hash"] != job.params.code:
        yield from _code(record)
    for name in record["code"]["changed_meanwhile"]:
        yield f"{name} was changed while the job ran"
    inputs = [(name, portable(path), path) for name, path in named_files(job.input)]
    if [(name, path) for name, path, _ in inputs] != [(entry["name"], entry["path"]) for entry in record["inputs"]]:
        yield "the list of input files is another"
        return
    for entry, (_, path, place) in zip(record["inputs"], inputs, strict=True):
        if entry["before"] != entry["after"]:
            yield f"{path} was changed while the job ran"
        elif hash_path(place) not in (None, entry["after"]):  # what is missing is made, or is Snakemake's to tell
            yield f"{path} has other bytes"
    if hash_path(output) not in (None, record["sha256"]):
        yield f"{output} was changed after the job wrote it"


def _code(record: dict[str, Any]) -> Iterator[str]:
    """Parts of the code that are not those of the record, by name."""
    try:
        now = code_parts(located(record["code"]["script"], Path.cwd()))
    except RecordError:
        now = {}
    changed = differences(record["code"]["parts"], now)
    yield from (f"{name} was {how}" for name, how in changed or [(record["code"]["script"], "changed")])


@dataclass
class Verdict(ParamsChange):  # type: ignore[misc]
    """The reasons against a job's outputs, where Snakemake expects changes of its params."""

    reasons: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Whether there is any reason."""
        return bool(self.reasons)

    def __str__(self) -> str:
        """The first reasons, as a dry run prints them."""
        more = len(self.reasons) - _SHOWN
        return "; ".join(self.reasons[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")


def _recorded(job: Any) -> bool:
    return "code" in job.rule.params.keys()  # noqa: SIM118 - Snakemake's container is a list with names


def _output_mintime(theirs: Any) -> property:
    async def output_mintime(job: Any) -> Any:
        """No time for a recorded job: then its inputs are never newer."""
        return None if _recorded(job) else await theirs.fget(job)

    return property(output_mintime)


def _has_metadata(theirs: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda memory, job: _recorded(job) or theirs(memory, job)


def _has_outdated_metadata(theirs: Callable[[Any, Any], bool]) -> Callable[[Any, Any], bool]:
    return lambda memory, job: not _recorded(job) and theirs(memory, job)


def _input_changed(theirs: Callable[..., Any]) -> Callable[..., Any]:
    def input_changed(memory: Any, job: Any, file: Any = None) -> Any:
        if _recorded(job):
            return iter(()) if file is None else False
        return theirs(memory, job, file=file)

    return input_changed


def _params_changed(theirs: Callable[..., Any]) -> Callable[..., Any]:
    def params_changed(memory: Any, job: Any, file: Any = None) -> Any:
        if _recorded(job):
            found = tuple(reasons(job))
            return Verdict(files=set(job.output if file is None else [file]) if found else set(), reasons=found)
        return theirs(memory, job, file=file)

    return params_changed


_PLACES: tuple[tuple[type, str], ...] = (
    (Job, "output_mintime"),
    (PersistenceBase, "has_metadata"),
    (PersistenceBase, "has_outdated_metadata"),
    (PersistenceBase, "input_changed"),
    (PersistenceBase, "params_changed"),
)
"""What of Snakemake asks about times and its own memory."""
_OURS: Mapping[str, Callable[[Any], Any]] = {
    "output_mintime": _output_mintime,
    "has_metadata": _has_metadata,
    "has_outdated_metadata": _has_outdated_metadata,
    "input_changed": _input_changed,
    "params_changed": _params_changed,
}
