"""Reference of the commands, from the parsers, the Makefile and the rules: `python -m markner.cli.reference`."""

import argparse
import re
from functools import partial

from markner.cli.main import parser
from markner.files import write_text
from markner.study.paths import CHECKOUT

REFERENCE_FILE = CHECKOUT / "docs" / "command-reference.md"
_MAKE = re.compile(r"^([a-z-]+):.*## (.*)$", re.MULTILINE)
_TARGET = re.compile(r"^# (\w+): (.*)\nrule \1:$", re.MULTILINE)
_HEAD = """\
# Command reference

Made by `python -m markner.cli.reference` from the Makefile, `workflow/rules/targets.smk` and the parsers of `markner`.
Do not edit.

## make

| command | what it does |
|---|---|
"""
_TARGETS = """
## Targets of the workflow

`snakemake -c2 --configfile STUDY.yaml -- TARGET` makes one part of a study, and without a target all but `hub` and
`downloads`; `-n` shows what would run. A file under `results/` is a target too: `results/<study>/tables/table1.csv`.

| target | what it makes |
|---|---|
"""


def reference() -> str:
    """The reference as Markdown."""
    made = _MAKE.findall((CHECKOUT / "Makefile").read_text(encoding="utf-8"))
    rules = _TARGET.findall((CHECKOUT / "workflow" / "rules" / "targets.smk").read_text(encoding="utf-8"))
    lines = [_HEAD, *(f"| `make {name}` | {text} |\n" for name, text in made), _TARGETS]
    lines += [f"| `{rule}` | {text} |\n" for rule, text in rules]
    whole, parts = parser()
    for each in (whole, *parts.values()):
        each.formatter_class = partial(argparse.HelpFormatter, width=98)  # not the terminal's, so that it is the same
    lines.append(f"\n## markner\n\n```\n{whole.format_help()}```\n")
    lines += [f"\n### markner {name}\n\n```\n{part.format_help()}```\n" for name, part in parts.items()]
    return "".join(lines)


if __name__ == "__main__":
    write_text(REFERENCE_FILE, reference())
