"""Reference of the commands, from the parsers, the Makefile and the rules: `python -m markner.reference`."""

import os
import re
from pathlib import Path

from markner.cli import parser
from markner.files import write_text

ROOT = Path(__file__).resolve().parents[2]
REFERENCE_FILE = ROOT / "docs" / "command-reference.md"
_MAKE = re.compile(r"^([a-z-]+):.*## (.*)$", re.MULTILINE)
_TARGET = re.compile(r"^rule (\w+):$", re.MULTILINE)
_HEAD = """\
# Command reference

Made by `python -m markner.reference` from the Makefile, `workflow/rules/targets.smk` and the parsers of `markner`; do
not edit.

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
_WHAT = {
    "corpora": "the corpora and their card",
    "released": "the marked sentences in the form that the paper's authors released",
    "instructions": "instruction sets",
    "tables": "tables, with all that they rest on",
    "figures": "figures, with all that they rest on",
    "analyses": "significance, errors, official scores",
    "annotations": "texts of the section `annotations`, tagged",
    "report_page": "the report, `report/index.html`",
    "downloads": "all that needs a network, for machines whose compute nodes have none",
    "hub": "instruction sets and tuned models with their cards, to publish",
}


def reference() -> str:
    """The reference as Markdown."""
    made = _MAKE.findall((ROOT / "Makefile").read_text(encoding="utf-8"))
    rules = _TARGET.findall((ROOT / "workflow" / "rules" / "targets.smk").read_text(encoding="utf-8"))
    lines = [_HEAD, *(f"| `make {name}` | {text} |\n" for name, text in made), _TARGETS]
    lines += [f"| `{rule}` | {_WHAT[rule]} |\n" for rule in rules]
    columns = os.environ.get("COLUMNS")
    os.environ["COLUMNS"] = "100"  # argparse folds by the terminal's width
    try:
        whole, parts = parser()
        lines.append(f"\n## markner\n\n```\n{whole.format_help()}```\n")
        lines += [f"\n### markner {name}\n\n```\n{part.format_help()}```\n" for name, part in parts.items()]
    finally:
        if columns is None:
            del os.environ["COLUMNS"]
        else:
            os.environ["COLUMNS"] = columns
    return "".join(lines)


if __name__ == "__main__":
    write_text(REFERENCE_FILE, reference())
