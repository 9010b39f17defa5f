"""Let the records beside the results decide what Snakemake runs again.

By itself, Snakemake compares file times and the metadata in `.snakemake`. It misses bytes changed under an old time,
results edited by hand, and every change once the metadata is lost. It also runs jobs again after their files were only
touched or copied.

With the records, a job runs again if one of these differs from its record: settings, params, meaning of the code, list
of inputs, bytes of inputs or outputs. It also runs if an output has no valid record. As in plain Snakemake, a job runs
if a wanted output is missing or if a job before it runs. If an intermediate file is missing but all results made from
it are fresh, it stays missing. Planning writes nothing but the caches of hashes.

Snakemake has no plugin interface for this decision. `decide_by_records` therefore replaces eight of its members:

- `Job.output_mintime` gives the time of the oldest output; newer inputs run the job again. A recorded job gets None, so
  file times do not count.
- `PersistenceBase.has_metadata` says whether `.snakemake` knows the outputs. If not, Snakemake skips all checks for
  changes. A recorded job gets True, so a lost `.snakemake` hides no change.
- `PersistenceBase.has_outdated_metadata` says whether the metadata has an old format. If so, Snakemake skips the same
  checks. A recorded job gets False.
- `PersistenceBase.input_changed` compares the list of inputs with the metadata. A recorded job gets "unchanged": its
  record knows the inputs.
- `PersistenceBase.params_changed` compares params with the metadata. A recorded job gets the reasons from its record.
  They run under the name of the trigger `params`.
- `DAG.update_` plans a job. If an input is missing and the outputs are there, Snakemake silently keeps them. A recorded
  job keeps them only if its record has these settings and this input: a mistyped path is an error.
- `ScriptProcessor.process_job` opens the script of each job to see whether it is there, a tenth of a plan's time. That
  of a recorded job has been read for the hash of its code.
- `PythonScript._execute_cmd` runs a script. Snakemake does not quote the path of Python, so no script ran in a checkout
  whose path has a space.

A job is recorded if its rule has the param `code`. Every other job is decided by Snakemake itself.
"""

import json
import os
import shlex
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import snakemake
import snakemake.api  # before `snakemake.dag`, which cannot be imported first
from packaging.specifiers import SpecifierSet
from snakemake.dag import DAG, ScriptProcessor
from snakemake.exceptions import MissingInputException, RuleException
from snakemake.jobs import Job
from snakemake.persistence import ParamsChange, PersistenceBase
from snakemake.script import PythonScript

from runrecord.code import code_parts
from runrecord.differences import differences, flat_settings, unequal
from runrecord.errors import RecordError
from runrecord.hashing import hash_path
from runrecord.record import asked, located, named_files, portable, read_record

SUPPORTED = SpecifierSet(">=9.27,<9.28")
"""Versions of Snakemake whose replaced members are tested."""
_SHOWN = 3
"""Number of reasons per job that a dry run prints."""


@cache
def decide_by_records() -> None:
    """Decide in this process by the records which recorded jobs run again.

    RUNRECORD_ANY_SNAKEMAKE in the environment lifts the bound on Snakemake's version, to try a newer one.

    Raises:
        RecordError: this version of Snakemake is not supported, or lacks a member that has to be replaced.
    """
    if snakemake.__version__ not in SUPPORTED and not os.environ.get("RUNRECORD_ANY_SNAKEMAKE"):
        raise RecordError(
            f"Snakemake {snakemake.__version__} is not supported: the workflow needs {SUPPORTED}",
            "install the version of envs/requirements.txt",
        )
    for owner, name in _REPLACEMENTS:
        if not hasattr(owner, name):
            raise RecordError(
                f"this Snakemake has no {owner.__name__}.{name}", "install the version of envs/requirements.txt"
            )
    for (owner, name), replace in _REPLACEMENTS.items():
        setattr(owner, name, replace(getattr(owner, name)))


def reasons(job: Any) -> list[str]:
    """List why a job of Snakemake has to run again; an empty list if its records are fresh."""
    listed: list[str] = []
    for output in map(str, job.output):
        try:
            record = read_record(output)
        except RecordError as error:
            listed.append(error.message)
            continue
        if record is None:
            listed += [f"{output} has no record"] if Path(output).exists() else []
        else:
            listed += [reason for reason in _differences_from(record, job, output) if reason not in listed]
    return listed


def _differences_from(record: dict[str, Any], job: Any, output: str) -> Iterator[str]:
    """Yield how a job differs from the record of one output. Cheap checks come first."""
    if (record["rule"], record["path"]) != (job.rule.name, portable(output)):
        yield f"{output} has the record of {record['path']} by rule {record['rule']}"
        return
    yield from _settings(record, job)
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
        elif hash_path(place) not in (None, entry["after"]):  # Snakemake itself handles missing files
            yield f"{path} has other bytes"
    if hash_path(output) not in (None, record["sha256"]):
        yield f"{output} was changed after the job wrote it"


def _settings(record: dict[str, Any], job: Any) -> Iterator[str]:
    """Yield the settings and params of a job that differ from its record."""
    now = asked(job.params)
    for kind in ("settings", "params"):
        then, new = flat_settings(record[kind], kind), flat_settings(json.loads(json.dumps(now[kind])), kind)
        yield from (f"{name}: {before} -> {after}" for name, before, after in unequal(then, new))


def _asked_otherwise(job: Any) -> list[str]:
    """List the settings and the missing inputs of a job that its outputs, which are there, were not made with."""
    listed: list[str] = []
    for output in map(str, job.output):
        try:
            record = read_record(output)
        except RecordError:
            continue
        if record is None or not Path(output).exists():
            continue
        known = {entry["path"] for entry in record["inputs"]}
        inputs = [portable(path) for _, path in named_files(job.input) if not Path(path).exists()]
        others = [f"{path} was not among the inputs" for path in inputs if path not in known]
        listed += [reason for reason in [*_settings(record, job), *others] if reason not in listed]
    return listed


def _code(record: dict[str, Any]) -> Iterator[str]:
    """Yield the parts of the code that differ from the record, by name."""
    try:
        now = code_parts(located(record["code"]["script"], Path.cwd()))
    except RecordError:
        now = {}
    changed = differences(record["code"]["parts"], now)
    yield from (f"{name} was {how}" for name, how in changed or [(record["code"]["script"], "changed")])


@dataclass
class RecordedReasons(ParamsChange):  # type: ignore[misc]
    """The reasons to run a recorded job again, in the class that Snakemake uses for changed params."""

    reasons: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        """Return whether there is any reason."""
        return bool(self.reasons)

    def __str__(self) -> str:
        """Return the first reasons, as a dry run prints them."""
        more = len(self.reasons) - _SHOWN
        return "; ".join(self.reasons[:_SHOWN]) + (f"; and {more} more" if more > 0 else "")


def _is_recorded(job: Any) -> bool:
    return "code" in job.rule.params.keys()  # noqa: SIM118 - Snakemake's container is a list with names


def _output_mintime(original: Any) -> property:
    async def output_mintime(job: Any) -> Any:
        return None if _is_recorded(job) else await original.fget(job)

    return property(output_mintime)


def _always(answer: Any) -> Callable[[Any], Any]:
    """Return the replacement of a method that has one answer for all recorded jobs."""
    return lambda original: lambda owner, job: answer if _is_recorded(job) else original(owner, job)


def _input_changed(original: Callable[..., Any]) -> Callable[..., Any]:
    def input_changed(persistence: Any, job: Any, file: Any = None) -> Any:
        if _is_recorded(job):
            return iter(()) if file is None else False
        return original(persistence, job, file=file)

    return input_changed


def _params_changed(original: Callable[..., Any]) -> Callable[..., Any]:
    def params_changed(persistence: Any, job: Any, file: Any = None) -> Any:
        if not _is_recorded(job):
            return original(persistence, job, file=file)
        listed = tuple(reasons(job))
        files = set(job.output if file is None else [file]) if listed else set()
        return RecordedReasons(files=files, reasons=listed)

    return params_changed


def _update(original: Callable[..., Any]) -> Callable[..., Any]:
    async def update(dag: Any, job: Any, *args: Any, **kwargs: Any) -> Any:
        try:
            return await original(dag, job, *args, **kwargs)
        except MissingInputException as error:
            listed = _asked_otherwise(job) if _is_recorded(job) else []
            if not listed:
                raise
            # No subclass of the error, which Snakemake would drop.
            raise RuleException(
                f"{error}\nThe outputs that are there were made otherwise:\n    "
                + "\n    ".join(listed)
                + "\n  fix: correct the path of the missing file",
                rule=error.rule,
            ) from error

    return update


def _execute_cmd(original: Callable[..., Any]) -> Callable[..., Any]:
    def execute_cmd(script: Any, cmd: str, **kwargs: Any) -> Any:
        if "py_exec" in kwargs:
            kwargs["py_exec"] = shlex.quote(kwargs["py_exec"])
        return original(script, cmd, **kwargs)

    return execute_cmd


_REPLACEMENTS: Mapping[tuple[type, str], Callable[[Any], Any]] = {
    (Job, "output_mintime"): _output_mintime,
    (PersistenceBase, "has_metadata"): _always(True),
    (PersistenceBase, "has_outdated_metadata"): _always(False),
    (PersistenceBase, "input_changed"): _input_changed,
    (PersistenceBase, "params_changed"): _params_changed,
    (DAG, "update_"): _update,
    (ScriptProcessor, "process_job"): _always(None),
    (PythonScript, "_execute_cmd"): _execute_cmd,
}
"""The replaced members of Snakemake, each with the function that makes its replacement from the original."""
