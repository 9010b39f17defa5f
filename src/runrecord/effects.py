"""The effects of a change: the results that depend on it, the jobs to run again, and how long they took last time."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from runrecord.audit import Audit, Node, Verdict


@dataclass(frozen=True, slots=True)
class Effect:
    """A change, or several changes that affect the same results, with these results and jobs."""

    causes: tuple[str, ...]
    results: tuple[str, ...]
    jobs: dict[str, int]
    """Number of jobs by rule."""
    seconds: float
    """Sum of the times of these jobs in their records, with the machines and threads of then."""


def renewal(node: Node) -> Effect:
    """Return the jobs that have to run again to make a result fresh: the stale ones, and those that use their files."""
    return _effect((), (item for item in node.lineage() if item.verdict is Verdict.STALE))


def effects(audit: Audit, node: Node) -> list[Effect]:
    """Return which results each change behind a stale result affects, the change with most results first.

    A changed function or file is one change for all results. A changed setting is a change of one job. Changes that
    affect the same results are listed together.
    """
    results = [item for item in audit.folder(node.path.partition("/")[0]) if item.record]
    changed = {item.path: _changes(item) for item in results}
    reached = {
        item.path: set().union(*(changed.get(other.path, set()) for other in item.lineage())) for item in results
    }
    groups: dict[tuple[str, ...], list[str]] = {}
    for cause in sorted(set().union(*(_changes(item) for item in node.lineage()))):
        groups.setdefault(tuple(item.path for item in results if cause in reached[item.path]), []).append(cause)
    changes = [
        _effect(tuple(causes), (item for item in results if item.path in set(paths)))
        for paths, causes in groups.items()
    ]
    return sorted(changes, key=lambda effect: -len(effect.results))


def _changes(node: Node) -> set[str]:
    """Return every change found at one file: its kind and subject, for a setting also the job."""
    job = f" of {node.record['outputs'][0]}" if node.record else ""
    return {
        f"{item.kind} {item.subject}{job if item.kind == 'settings' else ''}"
        for item in node.findings
        if item.verdict is Verdict.STALE
    }


def _effect(causes: tuple[str, ...], nodes: Iterable[Node]) -> Effect:
    recorded = [(node.path, node.record) for node in nodes if node.record]
    jobs = {tuple(record["outputs"]): record for _, record in recorded}
    return Effect(
        causes,
        tuple(path for path, _ in recorded),
        dict(Counter(record["rule"] for record in jobs.values())),
        round(sum(map(job_seconds, jobs.values())), 3),
    )


def job_seconds(record: dict[str, Any]) -> float:
    """Return how many seconds the job of a record took."""
    span = datetime.fromisoformat(record["ended"]) - datetime.fromisoformat(record["started"])
    return span.total_seconds()


def duration(seconds: float) -> str:
    """Return seconds as text: `0.4 s`, `3 min`, `2 h 5 min`."""
    if seconds < 120:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 120 else f"{minutes // 60} h {minutes % 60} min"


def job_count(jobs: dict[str, int]) -> str:
    """Return the number of jobs as text: `3 jobs (1 train, 2 predict)`."""
    total = sum(jobs.values())
    return f"{total} job{'s' * (total != 1)} ({', '.join(f'{number} {rule}' for rule, number in jobs.items())})"
