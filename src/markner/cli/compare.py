"""`markner compare`: show where two systems differ, sentence by sentence, with test and interval."""

import argparse
import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from markner.errors import MarknerError
from markner.study.wording import counted

if TYPE_CHECKING:
    from markner.evaluation.contrast import Contrast
    from markner.study.schema.study import Study

HELP = "show where two systems differ on a corpus, sentence by sentence, with test and interval"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of `markner compare`."""
    parser.add_argument("runs", nargs=2, metavar="RUN", help="two runs of the study")
    parser.add_argument("--corpus", required=True, help="corpus on which both were scored")
    parser.add_argument(
        "--configfile", type=Path, default=Path("config/config.yaml"), help="study of the runs (default: %(default)s)"
    )
    matches = ("strict", "partial", "authors_partial")
    parser.add_argument("--match", choices=matches, default="strict", help="default: strict")
    parser.add_argument("--sentences", type=int, default=10, metavar="N", help="how many to show (default: 10)")
    parser.add_argument("--json", action="store_true", help="print everything as JSON")


def run(options: argparse.Namespace) -> int:
    """Compare two runs on a corpus. Return the exit code."""
    from markner.evaluation.contrast import contrast
    from markner.study.loading import load_study_file
    from markner.study.paths import results_of

    study = load_study_file(options.configfile)
    results = results_of(study.study)
    corpus = study.corpora.get(options.corpus)
    if corpus is None:
        raise MarknerError(
            f"the study {study.study} has no corpus {options.corpus}", f"there are {', '.join(study.corpora)}"
        )
    names: tuple[str, str] = tuple(options.runs)
    ordered = sorted(names)  # as in the file of tests, so that the interval is drawn alike
    first, second = (_predictions(study, results, name, options.corpus) for name in ordered)
    sentences = results / "corpora" / options.corpus / corpus.variant / "test.jsonl"
    result = contrast(sentences, first, second, study.scoring, study.significance.permutations, options.match)
    if ordered != list(names):
        result = result.reversed()
    if options.json:
        asked = {"runs": options.runs, "corpus": options.corpus, "match": options.match}
        print(json.dumps({**asked, **asdict(result)}, indent=2))
    else:
        print("\n".join(_lines(result, *names, study.scoring.confidence, options.sentences)))
    return 0


def _predictions(study: "Study", results: Path, name: str, corpus: str) -> list[Path]:
    if name not in study.runs:
        raise MarknerError(f"the study {study.study} has no run {name}", f"there are {', '.join(study.runs)}")
    if corpus not in study.runs[name].evaluate:
        known = ", ".join(study.runs[name].evaluate)
        raise MarknerError(f"{name} is not scored on {corpus}", f"it is scored on {known}")
    return [results / "predictions" / name / f"seed{seed}" / f"{corpus}.jsonl" for seed in study.runs[name].seeds]


def _lines(result: "Contrast", a: str, b: str, confidence: float, shown: int) -> Iterator[str]:
    yield f"F1          {a} {result.f1[0]:.3f}, {b} {result.f1[1]:.3f}; {counted(result.sentences, 'sentence')}"
    low, high = result.interval
    yield f"difference  {result.test.difference:+.3f}, {confidence:.0%} interval {low:+.3f} to {high:+.3f}"
    test = f"p = {result.test.p_value:.4f} (paired permutations, this pair alone), effect {result.test.effect:+.3f}"
    yield f"test        {test}"
    better = sum(row.gain > 0 for row in result.differences)
    worse = sum(row.gain < 0 for row in result.differences)
    yield f"sentences   {len(result.differences)} differ: {a} has fewer errors in {better}, {b} in {worse}"
    for row in result.differences[:shown]:
        yield f"\n{row.id}  ({_gain(row.gain, a, b)})"
        width = max(len("gold"), len(a), len(b))
        yield from (f"  {name:<{width}}  {text}" for name, text in (("gold", row.gold), (a, row.a), (b, row.b)))
    if len(result.differences) > shown:
        yield f"\nand {len(result.differences) - shown} more (--sentences N, or --json for all)"


def _gain(gain: int, a: str, b: str) -> str:
    return "as many errors" if not gain else f"{a if gain > 0 else b} has {abs(gain)} errors fewer"
