"""The `markner` command: one table of subcommands; what a subcommand needs is imported when it runs."""

import argparse
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markner import __version__
from markner.cli import annotate, compare, preflight
from markner.errors import MarknerError
from runrecord.errors import PlainError

if TYPE_CHECKING:
    from markner.evaluation.trace import Trace
    from runrecord.audit import Audit, CurrentSettings, Node


@dataclass(frozen=True)
class Command:
    """One subcommand: what it is for, its arguments, and what runs it and returns the exit code."""

    help: str
    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the `markner` command. Returns its exit code; 64 for an error that it can name."""
    arguments = parser()[0].parse_args(argv)
    try:
        code: int = arguments.command.run(arguments)
    except PlainError as error:
        print(*error.lines(), sep="\n", file=sys.stderr)
        return 64
    return code


def parser() -> tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]:
    """The parser of the command, and those of its subcommands by name."""
    whole = argparse.ArgumentParser(prog="markner", description="Companion of the MarkNER workflow.")
    whole.add_argument("--version", action="version", version=f"markner {__version__}")
    subparsers = whole.add_subparsers(title="commands", required=True, metavar="COMMAND")
    parts = {}
    for name, command in COMMANDS.items():
        parts[name] = subparsers.add_parser(name, help=command.help, description=command.help)
        command.arguments(parts[name])
        parts[name].set_defaults(command=command)
    return whole, parts


def _audit_arguments(parser: argparse.ArgumentParser) -> None:
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


def _audit(arguments: argparse.Namespace) -> int:
    from runrecord.audit import worst
    from runrecord.audit_display import as_json, show_folder, show_result

    if (arguments.path is None) == (arguments.diff is None):
        raise MarknerError("give a result or a folder, or two results with --diff")
    if arguments.diff:
        return _audit_diff(arguments)
    if arguments.cell:
        return _audit_cell(arguments)
    audit, name = _open(arguments.path, arguments.configfile)
    if (audit.root / name).is_dir() and audit.node(name).record is None:
        nodes = audit.folder(name)
        if not nodes:
            raise MarknerError(f"{arguments.path}: no results in this folder", "give a folder that a workflow wrote to")
        show = show_folder
    else:
        nodes = [audit.result(name)]
        show = show_result
    verdict = worst(node.verdict for node in nodes)
    if arguments.json:
        explained = _effects(audit, nodes[0]) if arguments.explain and show is show_result else {}
        print(as_json(nodes, verdict, **explained))
    else:
        show(audit, nodes, verdict, explain=arguments.explain)
    return verdict.value


def _audit_cell(arguments: argparse.Namespace) -> int:
    """Audit one cell of a table: the lineage of its score files, its sentences, and its value from them."""
    from markner.reporting.results import score_files
    from markner.reporting.table_cell import cell_facts, cell_lines, find_cell
    from runrecord.audit import Finding, Verdict
    from runrecord.audit_display import as_json, show_lines, show_result

    audit, asked = _open(arguments.path, arguments.configfile)
    name = Path(asked).with_suffix(".csv").as_posix()  # Markdown and LaTeX are rounded forms of the CSV beside them
    if not (audit.root / name).is_file():
        raise MarknerError(f"{audit.root / name}: there is no such table", "give a file of results/<study>/tables")
    cell = find_cell(audit.root / name, arguments.cell)
    record = audit.result(name).record
    files = score_files(item["path"] for item in (record or {"inputs": ()})["inputs"] if item["name"] == "scores")[0]
    scores = {seed: path.as_posix() for (run, seed, at), path in files.items() if (run, at) == (cell.run, cell.corpus)}
    node = audit.part(name, cell.name, scores.values())
    if asked != name:
        node.findings += [item for item in audit.result(asked).findings if item.subject.startswith(asked)]
    traces, problems = _traces(audit, scores, cell.match)
    node.findings += [Finding(Verdict.UNKNOWN, "value", cell.name, problem) for problem in problems]
    if traces and not problems:
        # Untouched bytes that their sentences do not give were forged with their record; else the rest explains it.
        why = Verdict.TAMPERED if node.verdict is Verdict.FRESH else Verdict.STALE
        node.findings += [Finding(why, "value", cell.name, told) for told in cell.differences(list(traces.values()))]
    if arguments.json:
        explained = _effects(audit, node) if arguments.explain else {}
        print(as_json([node], node.verdict, cell=cell_facts(cell, traces), **explained))
    else:
        show_result(audit, [node], node.verdict, explain=arguments.explain)
        show_lines(["", *cell_lines(cell, traces, arguments.sentences)])
    return node.verdict.value


def _traces(audit: "Audit", scores: Mapping[int, str], match: str) -> tuple[dict[int, "Trace"], list[str]]:
    """The scores of a cell once more from their sentences, by seed, and what stood in the way."""
    from markner.evaluation.params import ScoreParams
    from markner.evaluation.trace import trace

    traces, problems = {}, []
    for seed, path in sorted(scores.items()):
        record = audit.node(path).record
        if record is None:
            problems.append(f"{path} has no record that tells its sentences")
            continue
        place = {item["name"]: audit.root / item["path"] for item in record["inputs"]}
        try:
            scoring = ScoreParams.model_validate(record["settings"]).scoring
            traces[seed] = trace(place["sentences"], place["predictions"], scoring, match)
        except MarknerError as error:
            problems.append(error.message)
    return traces, problems


def _audit_diff(arguments: argparse.Namespace) -> int:
    from markner.reporting.table_cell import f1_values
    from runrecord.diff import compare
    from runrecord.diff_display import comparison_json, show_comparison

    first, a = _open(arguments.diff[0], arguments.configfile)
    second, b = _open(arguments.diff[1], arguments.configfile)
    if first.root == second.root:
        second = first
    nodes = [audit.result(name) for audit, name in ((first, a), (second, b))]
    for node in nodes:
        if node.record is None:
            raise MarknerError(f"{node.path}: {node.findings[0].text}", "compare two results that jobs made")
    found = compare(first, nodes[0], second, nodes[1], f1_values)
    if arguments.json:
        print(comparison_json(found))
    else:
        show_comparison(found, explain=arguments.explain)
    return 1 if found.facts else 0


def _replay_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", type=Path, help="a result")
    parser.add_argument("--configfile", type=Path, help="study file of the result; --run needs it")
    parser.add_argument("--run", action="store_true", help="run the job, compare the bytes of all that it writes")
    parser.add_argument("--folder", type=Path, help="scratch folder, empty or new; by default a temporary one")
    parser.epilog = "exit codes: 0 identical, 1 different, 64 an error"


def _replay(arguments: argparse.Namespace) -> int:
    from runrecord.effects import duration
    from runrecord.replay import plan_replay, run_replay

    if arguments.run and arguments.configfile is None:
        raise MarknerError("a replay needs the study's settings", "add --configfile FILE")
    audit, name = _open(arguments.path, arguments.configfile)
    folder = arguments.folder.resolve() if arguments.folder else None
    plan = plan_replay(audit, name, arguments.configfile.resolve() if arguments.configfile else None)
    for note in plan.notes:
        print(f"note: {note}", file=sys.stderr)
    if not arguments.run:
        print(plan.commands(folder))
        return 0
    print(f"the job took {duration(plan.seconds)} when it last ran", file=sys.stderr)
    differences, kept = run_replay(plan, folder)
    print("\n".join(differences or [f"identical: {path}" for path in plan.outputs]))
    if kept:
        print(f"the replay is in {kept}")
    return 1 if differences else 0


def _open(path: Path, configfile: Path | None) -> tuple["Audit", str]:
    """An audit of the folder that a result was made in, and the result's path in it."""
    from runrecord.audit import Audit, find_root
    from runrecord.record import SUFFIX

    result = path.with_name(path.name.removesuffix(SUFFIX))
    root = find_root(result)
    current = _current_settings(configfile) if configfile else None
    return Audit(root, current), result.resolve().relative_to(root).as_posix()


def _effects(audit: "Audit", node: "Node") -> dict[str, Any]:
    from runrecord.effects import effects, facts, renewal

    return {"renewal": facts([renewal(node)])[0], "effects": facts(effects(audit, node))}


def _current_settings(configfile: Path) -> "CurrentSettings":
    from markner.rules import current_settings
    from markner.study.loading import load_study_file

    study = load_study_file(configfile)
    return lambda rule, wildcards: current_settings(study, rule, wildcards)


COMMANDS: dict[str, Command] = {
    "annotate": Command(annotate.HELP, annotate.arguments, annotate.run),
    "preflight": Command(preflight.HELP, preflight.arguments, preflight.run),
    "audit": Command("verify now where a result comes from, and whether it still holds", _audit_arguments, _audit),
    "compare": Command(compare.HELP, compare.arguments, compare.run),
    "replay": Command("make a result anew from its recorded inputs and compare the bytes", _replay_arguments, _replay),
}


if __name__ == "__main__":
    sys.exit(main())
