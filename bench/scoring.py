"""Scoring against seqeval and nervaluate, and how it grows with 1, 2, 4 and 8 times the sentences, in one run.

python bench/scoring.py SENTENCES [NUMBER]

Predictions are gold with a third of the mentions lost and a third a character short, so that every kind of match
occurs. The peers get ready-made tags and spans; neither gives intervals.
"""

import random
import sys
from collections.abc import Callable
from typing import Any

from nervaluate import Evaluator
from report import REPEATS, interleaved, spread, write
from seqeval.metrics import f1_score
from seqeval.scheme import IOB2

from markner.data.documents import Sentence, Span, read_sentences
from markner.evaluation.intervals import bootstrap
from markner.evaluation.matching import strict_counts
from markner.evaluation.partial import partial_counts, semeval_counts
from markner.study.schema.study import Scoring
from markner.tags import tags_from_spans, words


def answers(sentences: list[Sentence]) -> list[tuple[Span, ...]]:
    """Gold with a third of the mentions lost and a third a character short."""
    source = random.Random(1)
    by_sentence = []
    for sentence in sentences:
        spans = []
        for span in sentence.spans:
            kind = source.randrange(3)
            if kind == 1 and span.end - span.start > 1:
                spans.append(Span(span.start, span.end - 1))
            elif kind:
                spans.append(span)
        by_sentence.append(tuple(spans))
    return by_sentence


def systems(sentences: list[Sentence]) -> dict[str, Callable[[], Any]]:
    """Calls that score the same predictions, by name."""
    gold, predicted = [sentence.spans for sentence in sentences], answers(sentences)
    tokens = [words(sentence.text) for sentence in sentences]
    tags = [
        [
            [tag if tag == "O" else f"{tag}-X" for tag in tags_from_spans(part, spans)]
            for part, spans in zip(tokens, side, strict=True)
        ]
        for side in (gold, predicted)
    ]
    entities = [
        [[{"label": "X", "start": span.start, "end": span.end - 1} for span in spans] for spans in side]
        for side in (gold, predicted)
    ]

    def kinds() -> None:
        semeval = semeval_counts(gold, predicted).counts
        bootstrap([strict_counts(gold, predicted), partial_counts(gold, predicted), semeval], Scoring())

    return {
        "markner: strict, partial, SemEval, with intervals": kinds,
        "markner: strict": lambda: strict_counts(gold, predicted),
        "seqeval: strict": lambda: f1_score(*tags, mode="strict", scheme=IOB2),
        "nervaluate: all its kinds": lambda: Evaluator(*entities, tags=["X"]).evaluate(),
    }


def main(path: str, number: str = "10737") -> None:
    """Measure and write docs/measured/bench/scoring.*"""
    base = list(read_sentences(path))
    # nervaluate looks into the first sentence for the kind of its input, and fails where that has no mention.
    first = next(index for index, sentence in enumerate(base) if sentence.spans)
    base = base[first:] + base[:first]
    rows: list[dict[str, Any]] = []
    for eighths in (1, 2, 4, 8):
        size = int(number) * eighths // 8
        sentences = [base[index % len(base)] for index in range(size)]
        seconds = interleaved(systems(sentences), REPEATS)
        peer = min(seconds["seqeval: strict"])
        rows += [
            {"system": name, "sentences": size, "x seqeval": round(peer / min(each), 2), **spread(each)}
            for name, each in seconds.items()
        ]
    write("scoring", "Scoring sentences", rows, repeats=REPEATS)


if __name__ == "__main__":
    main(*sys.argv[1:])
