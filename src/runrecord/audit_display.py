"""Print an audit as a tree and lists, or return it as JSON."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.tree import Tree

from runrecord.audit import Audit, Node, Verdict, lineages, worst
from runrecord.differences import flat_settings
from runrecord.effects import duration, effects, job_count, renewal
from runrecord.machine import package_version

_STYLE = {Verdict.FRESH: "green", Verdict.STALE: "yellow", Verdict.TAMPERED: "bold red", Verdict.UNKNOWN: "magenta"}
MANY = 12
"""Lines of one list that are shown without --explain."""
_CAUSES = 3
"""Changes of one effect that are named."""


def as_json(nodes: Sequence[Node], **more: Any) -> str:
    """Return an audit as JSON: verdict, results, each file of their lineages with findings and inputs, and `more`."""
    files = lineages(nodes)
    value = {
        "verdict": worst(node.verdict for node in nodes).name,
        "results": {node.path: node.verdict.name for node in nodes},
        "files": {path: _node_facts(files[path]) for path in sorted(files)},
        **more,
    }
    return json.dumps(value, ensure_ascii=False, indent=2)


def show_result(audit: Audit, node: Node, explain: bool) -> None:
    """Print a result's verdict and its lineage down to the files that no job made."""
    console = new_console()
    tree = Tree(label(node, node.verdict))
    _grow(tree, node, explain, {node.path})
    console.print(tree)
    if explain:
        _explain(console, node)
        _effects(console, audit, node)
    _footer(console, audit, [node])


def show_folder(audit: Audit, nodes: Sequence[Node], explain: bool) -> None:
    """Print how many results there are of each verdict, and each finding once."""
    console = new_console()
    verdict = worst(node.verdict for node in nodes)
    counts = Counter(node.verdict for node in nodes)
    results = ", ".join(f"{counts[kind]} {kind.name}" for kind in Verdict)
    console.print(f"[{_STYLE[verdict]}]{verdict.name}[/]  {len(nodes)} results: {results}")
    files = lineages(nodes)
    for path in sorted(files):
        if files[path].findings:
            branch = Tree(label(files[path], files[path].own))
            _findings(branch, files[path], explain)
            console.print(branch)
    _footer(console, audit, nodes)


def new_console() -> Console:
    """Return a console that cuts no line and prints words between colons as they are."""
    # Never narrower than a line: a path that is cut says nothing, and a terminal wraps by itself.
    return Console(highlight=False, emoji=False, soft_wrap=True, width=10_000)


def label(node: Node, verdict: Verdict) -> str:
    """Return one line on a file: verdict, path, and the rule, time and machine of the job that made it."""
    made = f"  [dim]{escape(_made(node))}[/]"
    if node.record is None and not node.findings:
        return f"{escape(node.path)}  [dim]source {(node.sha256 or '')[:12]}[/]"
    return f"[{_STYLE[verdict]}]{verdict.name}[/]  {escape(node.path)}{made}"


def _made(node: Node) -> str:
    if node.record is None:
        return ""
    record = node.record
    return f"rule {record['rule']}, {record['ended'][:16]}Z, {record['environment']['host']}, {record['sha256'][:12]}"


def _grow(tree: Tree, node: Node, explain: bool, shown: set[str]) -> None:
    _findings(tree, node, explain)
    for child in node.inputs:
        branch = tree.add(label(child, child.verdict))
        if child.path in shown:
            if child.inputs:
                branch.add("[dim](its inputs are shown above)[/]")
        else:
            shown.add(child.path)
            _grow(branch, child, explain, shown)


def _findings(tree: Tree, node: Node, explain: bool) -> None:
    shown = node.findings if explain else node.findings[:MANY]
    for finding in shown:
        style = _STYLE[finding.verdict]
        tree.add(f"[{style}]{finding.kind}[/] {escape(finding.subject)}: {escape(finding.text)}")
    if len(shown) < len(node.findings):
        tree.add(f"[dim]and {len(node.findings) - len(shown)} more: --explain shows all[/]")
    for note in node.notes:
        tree.add(f"[dim]{escape(note)}[/]")


def _explain(console: Console, node: Node) -> None:
    record = node.record
    if record is None:
        return
    environment = record["environment"]
    gpu = ", ".join((environment["gpu"] or {}).get("names", [])) or "none used"
    git = environment["git"]
    commit = f"{git['commit'][:12]}{' with local changes' if git['dirty'] else ''}" if git else "unknown"
    console.print("\n[bold]settings[/]")
    for name, value in flat_settings(record["settings"]).items():
        console.print(f"  {escape(name)} = {escape(repr(value))}")
    console.print("[bold]made[/]")
    console.print(f"  {record['started']} to {record['ended']}, commit {commit}, {record['threads']} threads")
    console.print(f"  {environment['host']}, {environment['cpu']}, GPU {gpu}, Python {environment['python']}")
    console.print("[bold]packages[/] (then, and now where it differs)")
    for name, then in environment["packages"].items():
        now = package_version(name)
        console.print(f"  {name} {then}{f' -> {now}' if now not in (None, then) else ''}")
    console.print(f"[bold]made before[/] {len(record['history'])} times")
    for entry in record["history"]:
        console.print(f"  {entry['ended']}, code {entry['code'][:12]}, bytes {entry['sha256'][:12]}")


def _effects(console: Console, audit: Audit, node: Node) -> None:
    """Print which jobs have to run again, how long they took last time, and what else depends on the same changes."""
    again = renewal(node)
    if not again.jobs:
        return
    last = duration(again.seconds)
    console.print(
        f"[bold]to renew this result[/] {escape(job_count(again.jobs))}, which took {last} when they last ran"
    )
    for effect in effects(audit, node):
        more = len(effect.causes) - _CAUSES
        causes = ", ".join(effect.causes[:_CAUSES]) + (f" and {more} more" if more > 0 else "")
        console.print(
            f"[bold]affected by {escape(causes)}[/]: {len(effect.results)} results of"
            f" {escape(job_count(effect.jobs))}, which took {duration(effect.seconds)}"
        )
        for path in effect.results[:MANY]:
            console.print(f"  {escape(path)}")
        if len(effect.results) > MANY:
            console.print(f"  [dim]and {len(effect.results) - MANY} more: --json --explain lists all[/]")


def _footer(console: Console, audit: Audit, nodes: Sequence[Node]) -> None:
    if audit.current is None:
        console.print("[dim]settings were not compared: give --configfile FILE[/]")
    elif any(not audit.compares(node.path) for node in lineages(nodes).values() if node.record):
        console.print(f"[dim]settings of results outside {escape(audit.compared)} were not compared[/]")


def _node_facts(node: Node) -> dict[str, Any]:
    return {
        "verdict": node.own.name,
        "sha256": node.sha256,
        "rule": node.record["rule"] if node.record else None,
        "findings": [asdict(finding) | {"verdict": finding.verdict.name} for finding in node.findings],
        "notes": node.notes,
        "inputs": [child.path for child in node.inputs],
    }
