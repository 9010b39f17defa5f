"""The jobs behind some results, from their records, ordered so that a job comes after the jobs whose files it reads."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from runrecord.audit import Audit, Node, Verdict, lineages
from runrecord.differences import flat_settings
from runrecord.errors import RecordError


@dataclass(frozen=True, slots=True)
class Job:
    """One job that has run."""

    record: dict[str, Any]
    """The record of one of its outputs. Only facts that the records of all its outputs share are used."""

    @property
    def rule(self) -> str:
        """The rule."""
        return str(self.record["rule"])

    @property
    def key(self) -> str:
        """The rule and its wildcards: `train/smollm2-tuned/1`."""
        return "/".join([self.rule, *map(str, self.record["wildcards"].values())])

    @property
    def settings(self) -> dict[str, Any]:
        """Settings and further params by dotted name."""
        return {
            **(flat_settings(self.record["settings"]) if self.record["settings"] else {}),
            **(flat_settings(self.record["params"], "params") if self.record["params"] else {}),
        }


@dataclass(frozen=True, slots=True)
class Lineage:
    """All jobs behind some results, each after the jobs whose files it reads, and all files of these jobs."""

    jobs: list[Job]
    nodes: dict[str, Node]
    """Files and folders by recorded path."""

    @property
    def sources(self) -> list[str]:
        """Files that no job made."""
        return [path for path, node in sorted(self.nodes.items()) if node.record is None]


def lineage(root: Path, results: Iterable[str]) -> Lineage:
    """Follow the records from results, by paths relative to `root`, back to their sources; compute every hash again.

    Raises RecordError if a result has no record, or bytes of its lineage are not those that a job wrote.
    """
    audit = Audit(root)
    audited = [audit.result(path) for path in results]
    for result in audited:
        if result.record is None:
            raise RecordError(f"{result.path}: {_why(result)}", "make the result again")
    nodes = lineages(audited)
    for node in nodes.values():
        if node.own is Verdict.TAMPERED:
            raise RecordError(
                f"{node.path}: {_why(node)}", f"make it again; an audit of {node.path} shows what changed"
            )
    depths: dict[str, int] = {}
    made = ((_measure(node, depths), Job(node.record)) for node in nodes.values() if node.record)
    jobs = {(depth, job.key): job for depth, job in made}
    return Lineage([jobs[place] for place in sorted(jobs)], nodes)


def _measure(node: Node, depths: dict[str, int]) -> int:
    """Return the number of jobs on the longest path from a source to a file. All outputs of a job have the same."""
    if node.path not in depths:
        deepest = max((_measure(child, depths) for child in node.inputs), default=0)
        depths[node.path] = deepest + 1 if node.record else 0
    return depths[node.path]


def _why(node: Node) -> str:
    return "; ".join(finding.text for finding in node.findings)
