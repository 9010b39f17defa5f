"""`markner compare`: where two systems differ, sentence by sentence, with test and interval."""

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from markner.errors import MarknerError

if TYPE_CHECKING:
    from markner.evaluation.contrast import Contrast
    from markner.study.schema.study import Study

HELP = "where two systems differ on a corpus, sentence by sentence, with test and interval"


def arguments(parser: argparse.ArgumentParser) -> None:
    """What `markner compare` takes."""
    parser.add_argument("runs", nargs=2, metavar="RUN", help="two runs of the study")
    parser.add_argument("--corpus", required=True, help="corpus on which both were scored")
    parser.add_argument(
        "--configfile", type=Path, default=Path("config/config.yaml"), help="study of the runs (default: %(default)s)"
    )
    matches = ("strict", "partial", "authors_partial")
    parser.add_argument("--match", choices=matches, default="strict", help="default: strict")
    parser.add_argument("--sentences", type=int, default=10, metavar="N", help="how many to show (default: 10)")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")


def run(given: argparse.Namespace) -> int:
    """Compare; returns the exit code."""
    from markner.evaluation.contrast import contrast
    from markner.study.loading import load_study_file

    study = load_study_file(given.configfile)
    results = Path("results", study.study)
    corpus = study.corpora.get(given.corpus)
    if corpus is None:
        raise MarknerError(
            f"the study {study.study} has no corpus {given.corpus}", f"there are {', '.join(study.corpora)}"
        )
    names: tuple[str, str] = tuple(given.runs)
    first, second = (_predictions(study, results, name, given.corpus) for name in names)
    sentences = results / "corpora" / given.corpus / corpus.variant / "test.jsonl"
    found = contrast(sentences, first, second, study.scoring, study.significance.permutations, given.match)
    if given.json:
        print(json.dumps({"runs": given.runs, "corpus": given.corpus, "match": given.match, **asdict(found)}, indent=2))
    else:
        print("\n".join(_lines(found, *names, study.scoring.confidence, given.sentences)))
    return 0


def _predictions(study: "Study", results: Path, name: str, corpus: str) -> list[Path]:
    if name not in study.runs:
        raise MarknerError(f"the study {study.study} has no run {name}", f"there are {', '.join(study.runs)}")
    if corpus not in study.runs[name].evaluate:
        known = ", ".join(study.runs[name].evaluate)
        raise MarknerError(f"{name} is not scored on {corpus}", f"it is scored on {known}")
    return [results / "predictions" / name / f"seed{seed}" / f"{corpus}.jsonl" for seed in study.runs[name].seeds]


def _lines(found: "Contrast", a: str, b: str, confidence: float, shown: int) -> Iterator[str]:
    yield f"F1          {a} {found.f1[0]:.3f}, {b} {found.f1[1]:.3f}; {found.sentences} sentences"
    low, high = found.interval
    yield f"difference  {found.test.difference:+.3f}, {confidence:.0%} interval {low:+.3f} to {high:+.3f}"
    test = f"p = {found.test.p_value:.4f} (paired permutations, this pair alone), effect {found.test.effect:+.3f}"
    yield f"test        {test}"
    better = sum(row.gain > 0 for row in found.differences)
    worse = sum(row.gain < 0 for row in found.differences)
    yield f"sentences   {len(found.differences)} differ: {a} has fewer errors in {better}, {b} in {worse}"
    for row in found.differences[:shown]:
        yield f"\n{row.id}  ({_gain(row.gain, a, b)})"
        width = max(len("gold"), len(a), len(b))
        yield from (f"  {name:<{width}}  {text}" for name, text in (("gold", row.gold), (a, row.a), (b, row.b)))
    if len(found.differences) > shown:
        yield f"\nand {len(found.differences) - shown} more (--sentences N, or --json for all)"


def _gain(gain: int, a: str, b: str) -> str:
    return "as many errors" if not gain else f"{a if gain > 0 else b} has {abs(gain)} errors fewer"
