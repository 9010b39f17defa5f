"""`markner convert`: write annotated texts in another format, and say what is lost."""

import argparse
import sys
from pathlib import Path
from typing import get_args

from markner.study.schema.corpora import OffsetUnit
from markner.study.schema.formats import InputFormat, OutputFormat
from markner.study.wording import counted

HELP = "write annotated texts in another format, and say what it cannot hold"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `markner convert`."""
    parser.add_argument("input", metavar="INPUT", help="a file, a folder or a tar archive")
    parser.add_argument("output", type=Path, metavar="OUTPUT", help="file to write, for brat a folder")
    parser.add_argument(
        "--from", dest="form", choices=get_args(InputFormat), default="auto", help="format of the input (default: auto)"
    )
    parser.add_argument(
        "--to", choices=get_args(OutputFormat), help="format to write (default: by the ending of OUTPUT)"
    )
    parser.add_argument("--types", metavar="TYPE,...", help="types of mentions to keep (default: all)")
    parser.add_argument(
        "--offsets", choices=get_args(OffsetUnit), default="characters", help="unit of the input's offsets"
    )
    parser.epilog = "Offsets in the output count characters."


def run(options: argparse.Namespace) -> int:
    """Convert, and print what was lost by kind. Return the exit code."""
    from markner.data.formats.annotations import ReadOptions
    from markner.data.formats.conversion import convert
    from markner.data.formats.document_files import format_of

    types = [kind.strip() for kind in options.types.split(",")] if options.types else None
    read = ReadOptions(types, options.offsets)
    form = options.to or format_of(options.output)
    documents, lost = convert([options.input], options.form, options.output, form, read)
    kinds = ", ".join(f"{kind} ({count:,})" for kind, count in sorted(lost.items())) or "nothing"
    print(f"{counted(documents, 'document')} written: {options.output}\nlost: {kinds}", file=sys.stderr)
    return 0
