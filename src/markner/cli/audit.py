"""`markner audit`: check where a result comes from, and whether it is still valid."""

import argparse
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markner.cli.recorded import open_audit
from markner.errors import MarknerError
from markner.study.paths import RESULTS

if TYPE_CHECKING:
    from markner.evaluation.trace import Trace
    from runrecord.audit import Audit, Node

HELP = "check where a result comes from, and whether it is still valid"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `markner audit`."""
    parser.add_argument("path", type=Path, nargs="?", help="a result, or a folder of results")
    parser.add_argument("--configfile", type=Path, help="study file; without it settings are not compared")
    parser.add_argument(
        "--cell", metavar="ROW,COLUMN", help="one cell of a table: row label or number, corpus[:match][:metric]"
    )
    parser.add_argument("--sentences", type=int, default=3, metavar="N", help="with --cell: how many of each kind")
    parser.add_argument("--diff", type=Path, nargs=2, metavar=("A", "B"), help="compare the lineages of two results")
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.add_argument("--explain", action="store_true", help="also settings, machine, and what else is affected")
    parser.epilog = (
        "exit codes: 0 FRESH, 1 STALE, 2 TAMPERED, 3 UNKNOWN, 64 an error; with --diff: 0 the same lineage, 1 another"
    )


def run(options: argparse.Namespace) -> int:
    """Audit a result, a folder, a cell of a table, or the difference of two results. Return the exit code."""
    if (options.path is None) == (options.diff is None):
        raise MarknerError("give a result or a folder, or two results with --diff")
    if options.diff:
        return _audit_diff(options)
    if options.cell:
        return _audit_cell(options)
    return _audit_path(options)


def _audit_path(options: argparse.Namespace) -> int:
    """Audit one result, or all results of a folder."""
    from runrecord.audit import worst
    from runrecord.audit_display import as_json, show_folder

    audit, name = open_audit(options.path, options.configfile)
    if not (audit.root / name).is_dir() or audit.node(name).record is not None:
        return _print_result(options, audit, audit.result(name))
    if name == "." and (audit.root / RESULTS).is_dir():  # a checkout: its other files are no results
        name = RESULTS
    nodes = audit.folder(name)
    if not nodes:
        raise MarknerError(f"{options.path}: no results in this folder", "give a folder that a workflow wrote to")
    if options.json:
        print(as_json(nodes))
    else:
        show_folder(audit, nodes, explain=options.explain)
    return worst(node.verdict for node in nodes).value


def _audit_cell(options: argparse.Namespace) -> int:
    """Audit one cell of a table: the lineage of its score files, its sentences, and its value from them."""
    from markner.reporting.results import score_files
    from markner.reporting.table_cell import cell_facts, cell_lines, find_cell
    from runrecord.audit import Finding, Verdict

    audit, given = open_audit(options.path, options.configfile)
    name = Path(given).with_suffix(".csv").as_posix()  # Markdown and LaTeX are rounded forms of the CSV beside them
    if not (audit.root / name).is_file():
        raise MarknerError(f"{audit.root / name}: there is no such table", "give a file of results/<study>/tables")
    cell = find_cell(audit.root / name, options.cell)
    record = audit.result(name).record
    files = score_files(item["path"] for item in (record or {"inputs": ()})["inputs"] if item["name"] == "scores")[0]
    scores = {seed: path.as_posix() for (run, seed, at), path in files.items() if (run, at) == (cell.run, cell.corpus)}
    node = audit.part(name, cell.name, scores.values())
    if given != name:
        node.findings += [item for item in audit.result(given).findings if item.subject.startswith(given)]
    traces, problems = _traces(audit, scores, cell.match)
    node.findings += [Finding(Verdict.UNKNOWN, "value", cell.name, problem) for problem in problems]
    if traces and not problems:
        # If no byte changed and the sentences still give another value, table and record were forged together.
        verdict = Verdict.TAMPERED if node.verdict is Verdict.FRESH else Verdict.STALE
        node.findings += [Finding(verdict, "value", cell.name, text) for text in cell.differences(traces.values())]
    code = _print_result(options, audit, node, cell=cell_facts(cell, traces))
    if not options.json:
        print("", *cell_lines(cell, traces, options.sentences), sep="\n")
    return code


def _print_result(options: argparse.Namespace, audit: "Audit", node: "Node", **facts: Any) -> int:
    """Print the audit of one result, for JSON with further facts. Return the exit code."""
    from runrecord.audit_display import as_json, show_result
    from runrecord.effects import effects, renewal

    if not options.json:
        show_result(audit, node, explain=options.explain)
        return node.verdict.value
    if options.explain:
        facts["renewal"] = asdict(renewal(node))
        facts["effects"] = [asdict(effect) for effect in effects(audit, node)]
    print(as_json([node], **facts))
    return node.verdict.value


def _traces(audit: "Audit", scores: Mapping[int, str], match: str) -> tuple[dict[int, "Trace"], list[str]]:
    """Compute the scores of a cell again from their sentences. Return them by seed, and the problems met."""
    from markner.evaluation.params import ScoreParams
    from markner.evaluation.trace import trace

    traces, problems = {}, []
    for seed, path in sorted(scores.items()):
        record = audit.node(path).record
        if record is None:
            problems.append(f"{path} has no record, so its sentences are not known")
            continue
        place = {item["name"]: audit.root / item["path"] for item in record["inputs"]}
        try:
            scoring = ScoreParams.model_validate(record["settings"]).scoring
            traces[seed] = trace(place["sentences"], place["predictions"], scoring, match)
        except MarknerError as error:
            problems.append(error.message)
    return traces, problems


def _audit_diff(options: argparse.Namespace) -> int:
    """Compare the lineages of two results. Return 1 if they differ."""
    from markner.reporting.table_cell import f1_values
    from runrecord.diff import compare
    from runrecord.diff_display import comparison_json, show_comparison

    first, a = open_audit(options.diff[0], options.configfile)
    second, b = open_audit(options.diff[1], options.configfile)
    if first.root == second.root:
        second = first
    nodes = [audit.result(name) for audit, name in ((first, a), (second, b))]
    for node in nodes:
        if node.record is None:
            raise MarknerError(f"{node.path}: {node.findings[0].text}", "compare two results that jobs made")
    comparison = compare(first, nodes[0], second, nodes[1], f1_values)
    if options.json:
        print(comparison_json(comparison))
    else:
        show_comparison(comparison, explain=options.explain)
    return 1 if comparison.facts else 0
