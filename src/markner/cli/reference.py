"""Reference of the commands, from the parsers, the Makefile and Snakemake: `python -m markner.cli.reference`."""

import argparse
import re
import subprocess
import sys
from functools import partial

from markner.cli.main import parser
from markner.files import write_text
from markner.study.paths import CHECKOUT

REFERENCE_FILE = CHECKOUT / "docs" / "command-reference.md"
_MAKE = re.compile(r"^([a-z-]+):.*## (.*)$", re.MULTILINE)
_TARGET = re.compile(r"^(\w+) \((.*)\)$", re.MULTILINE)
_HEAD = """\
# Command reference

Made by `python -m markner.cli.reference` from the Makefile, the docstrings of the rules and the parsers of
`markner`. Do not edit.

## make

| command | what it does |
|---|---|
"""
_TARGETS = """
## Targets of the workflow

`snakemake -c2 --configfile STUDY.yaml -- TARGET` makes one part of a study; without a target, `all`. `-n` shows what
would run. A file under `results/` is a target too: `results/<study>/tables/table1.csv`.

| target | what it does |
|---|---|
"""


def reference() -> str:
    """Return the reference as Markdown."""
    made = _MAKE.findall((CHECKOUT / "Makefile").read_text(encoding="utf-8"))
    targets = _TARGET.findall(_target_rules())
    lines = [_HEAD, *(f"| `make {name}` | {text} |\n" for name, text in made), _TARGETS]
    lines += [f"| `{rule}` | {text} |\n" for rule, text in targets]
    whole, parts = parser()
    for each in (whole, *parts.values()):
        each.formatter_class = partial(argparse.HelpFormatter, width=98)  # not the terminal's, so that it is the same
    # Python 3.13 and later put a longer subcommand into the column; this is what the others give anyway.
    whole.formatter_class = partial(argparse.HelpFormatter, width=98, max_help_position=14)
    lines.append(f"\n## markner\n\n```\n{whole.format_help()}```\n")
    lines += [f"\n### markner {name}\n\n```\n{part.format_help()}```\n" for name, part in parts.items()]
    return "".join(lines)


def _target_rules() -> str:
    """Return what Snakemake lists of the rules that can be named as targets: `name (docstring)`, one a line."""
    command = [sys.executable, "-m", "snakemake", "--list-target-rules", "--configfile", "config/demo.yaml"]
    return subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True).stdout


if __name__ == "__main__":
    write_text(REFERENCE_FILE, reference())
