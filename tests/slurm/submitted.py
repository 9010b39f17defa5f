"""What SLURM was asked for by the jobs of a rehearsal, as SLURM keeps it, and where that is below a job's need."""

import re
import subprocess
import threading
from collections import Counter
from pathlib import Path

from needs import Job, shortfalls

from markner.files import read_json, write_json
from markner.study.schema.study import Study

_SECONDS = 60
_KEYS = ("Comment", "JobState", "Partition", "NumNodes", "TRES", "TresPerJob", "TresPerNode", "TimeLimit", "RunTime")
_UNITS = {"M": 1, "G": 1024, "T": 1024 * 1024}


class Watch:
    """Notes all jobs of a SLURM in a file while they are known there: finished ones are forgotten after an hour."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._note_often, daemon=True)

    def __enter__(self) -> "Watch":
        self._thread.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._ended.set()
        self._thread.join()

    def _note_often(self) -> None:
        while True:
            ended = self._ended.wait(_SECONDS)
            note(self.path)
            if ended:
                return


def note(path: Path) -> None:
    """Add what SLURM knows of its jobs to a file. A SLURM that is started again counts its jobs from 1 again."""
    shown = subprocess.run(["scontrol", "show", "jobs", "-o"], capture_output=True, text=True, check=True).stdout
    jobs: dict[str, dict[str, str]] = read_json(path) if path.exists() else {}
    for line in shown.splitlines():
        values = dict(re.findall(r"(\S+?)=(\S*)", line))
        if "JobId" in values:
            jobs[f"{values['JobId']} of {values['SubmitTime']}"] = {key: values[key] for key in _KEYS if key in values}
    write_json(path, jobs)


def asked(values: dict[str, str]) -> dict[str, str]:
    """Return what a job asked for in the names of the rules' resources, from SLURM's record of it."""
    granted = dict(pair.split("=") for pair in values["TRES"].split(","))
    memory, unit = float(granted["mem"][:-1]), granted["mem"][-1]
    days, _, clock = values["TimeLimit"].rpartition("-")
    hour, minute, _ = clock.split(":")
    gpus = values.get("TresPerJob") or values.get("TresPerNode") or ""
    return {
        "gpu": gpus.rpartition(":")[2] or "0",
        "mem_mb": str(round(memory * _UNITS[unit])),
        "runtime": str(int(days or 0) * 1440 + int(hour) * 60 + int(minute)),
        "slurm_partition": values["Partition"],
        "cpus": granted["cpu"],
    }


def job_of(values: dict[str, str], study: Study) -> Job:
    """Return a job by its comment, `rule_RULE_wildcards_VALUES`; the wildcards `run`, `corpus` and `set` are found."""
    rule, _, text = values.get("Comment", "").removeprefix("rule_").partition("_wildcards_")
    wildcards = {}
    for wildcard, names in {
        "run": study.runs,
        "corpus": study.corpora,
        "set": study.self_instruct,
        "annotation": study.annotations,
    }.items():
        ends = [name for name in names if f"_{name}_" in f"_{text}_"]
        if ends:
            wildcards[wildcard] = max(ends, key=lambda name: (wildcard != "corpus" and len(name), text.rfind(name)))
    return Job(rule, wildcards, asked(values))


def report(path: Path, study: Study) -> tuple[str, list[str]]:
    """Return a table of the noted jobs by rule and request, and every request that is below its job's need.

    Args:
        path: The file that `note` writes.
        study: The study with its real models and corpora.
    """
    jobs = list(read_json(path).values())
    counts: Counter[tuple[str, ...]] = Counter()
    seconds: Counter[tuple[str, ...]] = Counter()
    faults = []
    for values in jobs:
        job = job_of(values, study)
        request = tuple(job.asked[key] for key in ("gpu", "cpus", "mem_mb", "runtime"))
        key = (job.rule, values["JobState"], *request)
        counts[key] += 1
        hour, minute, second = map(int, values["RunTime"].rpartition("-")[2].split(":"))
        seconds[key] += hour * 3600 + minute * 60 + second
        faults += [f"{values.get('Comment')}: {fault}" for fault in shortfalls(job, study)]
    lines = [
        "| rule | jobs | ended | GPUs | cores | memory MB | minutes | seconds a job |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for (rule, state, *request), count in sorted(counts.items()):
        mean = seconds[(rule, state, *request)] / count
        lines.append(f"| {rule} | {count} | {state} | {' | '.join(request)} | {mean:.0f} |")
    return "\n".join(lines), faults
