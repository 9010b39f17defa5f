"""The `markner` command: a table of subcommands. A subcommand imports what it needs when it runs."""

import argparse
import os
import signal
import sys
from collections.abc import Sequence

from markner import __version__
from markner.cli import annotate, audit, compare, convert, preflight, replay, serve
from markner.errors import MarknerError
from runrecord.errors import PlainError, plain_error

COMMANDS = {
    "annotate": annotate,
    "convert": convert,
    "serve": serve,
    "preflight": preflight,
    "audit": audit,
    "compare": compare,
    "replay": replay,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Run the `markner` command. Return its exit code, which is 64 for a plain error.

    A full disk, a missing permission or a missing package is one, too. If what reads its output ends before it
    (`| head`), it ends as by SIGPIPE.
    """
    options = parser()[0].parse_args(argv)
    try:
        code: int = options.command.run(options)
        sys.stdout.flush()
    except PlainError as error:
        return _end_with(error)
    except BrokenPipeError:
        _discard_output()
        return 128 + signal.SIGPIPE
    except ModuleNotFoundError as error:
        missing = (error.name or "").partition(".")[0]
        if missing in ("", "markner", "runrecord"):
            raise
        what = f"this command needs the Python package {missing}, which is not installed"
        return _end_with(MarknerError(what, "`make setup` in the checkout installs all that it needs"))
    except OSError as error:
        plain = plain_error(error)
        if plain is None:
            raise
        _discard_output()
        return _end_with(plain)
    return code


def _end_with(error: PlainError) -> int:
    """Print an error and its fix. Return the exit code."""
    print(*error.lines(), sep="\n", file=sys.stderr)
    return 64


def _discard_output() -> None:
    """Discard what is left to write; Python would print an error when it closes its own end."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def parser() -> tuple[argparse.ArgumentParser, dict[str, argparse.ArgumentParser]]:
    """Return the parser of the command, and the parsers of its subcommands by name."""
    whole = argparse.ArgumentParser(prog="markner", description="Companion of the MarkNER workflow.")
    whole.add_argument("--version", action="version", version=f"markner {__version__}")
    subparsers = whole.add_subparsers(title="commands", required=True, metavar="COMMAND")
    parts = {}
    for name, command in COMMANDS.items():
        parts[name] = subparsers.add_parser(name, help=command.HELP, description=command.HELP)
        command.arguments(parts[name])
        parts[name].set_defaults(command=command)
    return whole, parts


if __name__ == "__main__":
    sys.exit(main())
