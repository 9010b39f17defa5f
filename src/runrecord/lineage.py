"""The lineages of several results as plain facts, for pages that show where numbers come from."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from runrecord.audit import Audit, lineages


def lineage_facts(paths: Iterable[str], root: Path) -> list[dict[str, Any]]:
    """Audit results, by paths relative to `root`, and return the facts about every file of their lineages.

    Settings are not compared with a study. The settings of a job are those of its record.

    Returns:
        Files in the order of their paths. Each has `path`, `sha256` (None if it is gone), `verdict` of its whole
        lineage, its own `findings`, and `inputs` as indices into the list. The output of a job also has `rule`,
        `wildcards`, `settings`, `script`, `code` (hash and number of definitions), `started`, `ended`, `threads`,
        `host`, `cpu`, `gpu`, `commit` and `dirty`.
    """
    audit = Audit(root)
    nodes = lineages(audit.node(path) for path in paths)
    ordered = [nodes[path] for path in sorted(nodes)]
    place = {node.path: index for index, node in enumerate(ordered)}
    return [
        {
            "path": node.path,
            "sha256": node.sha256,
            "verdict": node.verdict.name,
            "findings": [f"{finding.kind} {finding.subject}: {finding.text}" for finding in node.findings],
            "inputs": list(dict.fromkeys(place[child.path] for child in node.inputs)),
            **(_job(node.record) if node.record else {}),
        }
        for node in ordered
    ]


def _job(record: dict[str, Any]) -> dict[str, Any]:
    environment = record["environment"]
    git = environment.get("git") or {}
    gpu = environment.get("gpu") or {}
    return {
        "rule": record["rule"],
        "wildcards": record["wildcards"],
        "settings": record["settings"],
        "script": record["code"]["script"],
        "code": {"hash": record["code"]["hash"], "definitions": len(record["code"]["parts"])},
        "started": record["started"],
        "ended": record["ended"],
        "threads": record["threads"],
        "host": environment.get("host"),
        "cpu": environment.get("cpu"),
        "gpu": ", ".join(gpu.get("names", [])) or None,
        "commit": git.get("commit"),
        "dirty": git.get("dirty"),
    }
