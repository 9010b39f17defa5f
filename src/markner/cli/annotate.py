"""`markner annotate`: tag your own texts with trained runs."""

import argparse
import sys
from pathlib import Path
from typing import get_args

from markner.errors import MarknerError
from markner.study.schema.annotations import Tagger
from markner.study.schema.formats import InputFormat, OutputFormat
from markner.study.schema.study import Study

HELP = "tag texts with trained runs: plain text, PubMed XML, JATS, PubTator, BioC, JSON lines and more"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `markner annotate`."""
    parser.add_argument("inputs", nargs="+", metavar="INPUT", help="a file, a folder, or - for standard input")
    parser.add_argument(
        "--configfile", type=Path, default=Path("config/config.yaml"), help="study of the runs (default: %(default)s)"
    )
    parser.add_argument(
        "--run",
        action="append",
        required=True,
        metavar="RUN[@SEED][:TYPE,...]",
        help="a trained run; repeat it to combine several (default: first seed, the types it was trained on)",
    )
    parser.add_argument("--output", type=Path, help="file to write, for brat a folder (default: standard output)")
    parser.add_argument(
        "--from", dest="form", choices=get_args(InputFormat), default="auto", help="format of the input (default: auto)"
    )
    parser.add_argument(
        "--to", choices=get_args(OutputFormat), help="format to write (default: by the ending of --output, else jsonl)"
    )
    parser.add_argument(
        "--min-confidence",
        type=_probability,
        default=0.0,
        metavar="P",
        help="leave out mentions of a lower confidence, from 0 to 1 (default: 0)",
    )
    as_trained_argument(parser)
    parser.epilog = (
        "Offsets count the characters of your own text. If a command that writes to a file is interrupted, run it"
        " again: it continues where it stopped."
    )


def as_trained_argument(parser: argparse.ArgumentParser) -> None:
    """Add `--as-trained`, and `--no-as-trained`."""
    parser.add_argument(
        "--as-trained",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="divide texts into tokens for runs that were trained on tokenized sentences (default: yes)",
    )


def run(options: argparse.Namespace) -> int:
    """Tag the texts. Return the exit code."""
    from markner.data.formats.document_files import format_of
    from markner.study.loading import load_study_file
    from markner.study.paths import results_of

    study = load_study_file(options.configfile)
    taggers = [_tagger(study, text).as_trained(options.as_trained) for text in options.run]
    kind = options.to or (format_of(options.output) if options.output else "jsonl")
    # Imported here because it loads torch.
    from markner.annotate.pipeline import AnnotationJob, annotate, journal_of

    results = results_of(study.study)
    journal = journal_of(options.inputs, options.output)
    job = AnnotationJob(
        options.inputs, options.form, taggers, results, options.output, kind, journal, options.min_confidence
    )
    print(annotate(job), file=sys.stderr)
    return 0


def _probability(text: str) -> float:
    """Return the number of an argument from 0 to 1."""
    value = float(text)
    if not 0 <= value <= 1:
        raise argparse.ArgumentTypeError(f"{text}: must be from 0 to 1")
    return value


def _tagger(study: Study, text: str) -> Tagger:
    """Return the run that `RUN[@SEED][:TYPE,...]` names."""
    from markner.study.queries import tagger

    name, _, types = text.partition(":")
    name, _, seed = name.partition("@")
    if name not in study.runs:
        raise MarknerError(
            f"--run {text}: the study {study.study} has no run {name}", f"there are {', '.join(study.runs)}"
        )
    if seed and (not seed.isdecimal() or int(seed) not in study.runs[name].seeds):
        raise MarknerError(f"--run {text}: no seed {seed}", f"there are {study.runs[name].seeds}")
    entities = [entity.strip() for entity in types.split(",") if entity.strip()]
    return tagger(study, name, int(seed) if seed else None, entities)
