"""The `markner` command: one table of subcommands; what a subcommand needs is imported when it runs."""

import argparse
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from markner import __version__
from markner.errors import MarknerError

if TYPE_CHECKING:
    from markner.provenance.audit import CurrentSettings


@dataclass(frozen=True)
class Command:
    """One subcommand: what it is for, its arguments, and what runs it and returns the exit code."""

    help: str
    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the `markner` command. Returns its exit code; 64 for an error that it can name."""
    parser = argparse.ArgumentParser(prog="markner", description="Companion of the MarkNER workflow.")
    parser.add_argument("--version", action="version", version=f"markner {__version__}")
    subparsers = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        subparser = subparsers.add_parser(name, help=command.help, description=command.help)
        command.arguments(subparser)
        subparser.set_defaults(run=command.run)
    arguments = parser.parse_args(argv)
    try:
        code: int = arguments.run(arguments)
    except MarknerError as error:
        print(f"error: {error.message}", *([f"fix: {error.fix}"] if error.fix else []), sep="\n", file=sys.stderr)
        return 64
    return code


def _audit_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("path", type=Path, help="a result, or a folder of results")
    parser.add_argument("--configfile", type=Path, help="study file; without it settings are not compared")
    parser.add_argument("--json", action="store_true", help="print the findings as JSON")
    parser.add_argument("--explain", action="store_true", help="also settings, machine, and what else is affected")
    parser.epilog = "exit codes: 0 FRESH, 1 STALE, 2 TAMPERED, 3 UNKNOWN, 64 an error"


def _audit(arguments: argparse.Namespace) -> int:
    from markner.provenance.audit import Audit, find_root, worst
    from markner.provenance.display import as_json, show_folder, show_result
    from markner.provenance.record import SUFFIX

    current = _current_settings(arguments.configfile) if arguments.configfile else None
    path = arguments.path.with_name(arguments.path.name.removesuffix(SUFFIX))
    root = find_root(path)
    audit = Audit(root, current)
    name = path.resolve().relative_to(root).as_posix()
    place = root / name
    if place.is_dir() and audit.node(name).record is None:
        nodes = audit.folder(name)
        if not nodes:
            raise MarknerError(f"{arguments.path}: no results in this folder", "give a folder that a workflow wrote to")
        show = show_folder
    else:
        nodes = [audit.result(name)]
        show = show_result
    verdict = worst(node.verdict for node in nodes)
    if arguments.json:
        print(as_json(nodes, verdict))
    else:
        show(audit, nodes, verdict, explain=arguments.explain)
    return verdict.value


def _current_settings(configfile: Path) -> "CurrentSettings":
    from markner import leaves
    from markner.config.load import load_study_file

    study = load_study_file(configfile)
    return lambda rule, wildcards: leaves.current(study, rule, wildcards)


COMMANDS: dict[str, Command] = {
    "audit": Command("verify now where a result comes from, and whether it still holds", _audit_arguments, _audit),
}


if __name__ == "__main__":
    sys.exit(main())
