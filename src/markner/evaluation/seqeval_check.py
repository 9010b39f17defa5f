"""The strict scores once more by seqeval, on BIO tags made from the spans."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from markner.data.documents import Span
from markner.errors import MarknerError
from markner.evaluation.matching import Counts, SpanLists, total_ratios
from markner.stub_import import stub_import

# seqeval takes one class from scikit-learn, that of a warning which `zero_division=0` turns off; to import the rest
# of it takes longer than to score a corpus.
with stub_import("sklearn.exceptions", UndefinedMetricWarning=UserWarning):
    from seqeval.metrics.v1 import precision_recall_fscore_support
    from seqeval.scheme import IOB2

_TOLERANCE = 1e-9
_RUN = re.compile(r"\S+")


class SeqevalScores(NamedTuple):
    """seqeval's micro-averaged precision, recall and F1, `mode="strict"`, `scheme=IOB2`."""

    precision: float
    recall: float
    f1: float


def seqeval_scores(texts: Sequence[str], gold: SpanLists, predicted: SpanLists) -> SeqevalScores:
    """Score spans with seqeval; a ratio of 0 to 0 is 0.

    `seqeval.metrics.v1` with a scheme is what seqeval itself calls for `mode="strict"`; without it seqeval follows
    conlleval, which accepts an entity that starts with I.

    Args:
        texts: Sentences.
        gold: Gold spans by sentence; sorted, not overlapping.
        predicted: Predicted spans by sentence; sorted, not overlapping.
    """
    # A sentence without any span has only O tags, which seqeval passes over; without any tag it has nothing to average.
    marked = [row for row in zip(texts, gold, predicted, strict=True) if row[1] or row[2]]
    if not marked:
        return SeqevalScores(0.0, 0.0, 0.0)
    tokens = [split_at_boundaries(text, [*left, *right]) for text, left, right in marked]
    precision, recall, f1, _ = precision_recall_fscore_support(
        [bio_tags(words, left) for words, (_, left, _) in zip(tokens, marked, strict=True)],
        [bio_tags(words, right) for words, (_, _, right) in zip(tokens, marked, strict=True)],
        average="micro",
        scheme=IOB2,
        zero_division=0,
    )
    return SeqevalScores(float(precision), float(recall), float(f1))


def checked_seqeval_scores(
    texts: Sequence[str], gold: SpanLists, predicted: SpanLists, strict: Counts
) -> SeqevalScores:
    """Score spans with seqeval and hold it against our own strict counts.

    Raises:
        MarknerError: The two differ; one of them is wrong.
    """
    theirs = seqeval_scores(texts, gold, predicted)
    ours = [float(value) for value in total_ratios(strict)]
    if any(abs(a - b) > _TOLERANCE for a, b in zip(ours, theirs, strict=True)):
        raise MarknerError(
            f"strict precision, recall, F1 are {ours} by spans and {list(theirs)} by seqeval",
            "this is a defect of the scorer or of the installed seqeval; check its version against envs/",
        )
    return theirs


def split_at_boundaries(text: str, spans: Sequence[Span]) -> list[Span]:
    """Tokens of a text: split at white space and at every start and end of the spans.

    No span loses an edge: white space between two boundaries is a token of its own if nothing else lies there. So any
    two different spans cover different tokens, and tags tell exactly as much as the spans.
    """
    edges = sorted({0, len(text), *(edge for span in spans for edge in span)})
    return [token for start, end in pairwise(edges) for token in _pieces(text, start, end)]


def bio_tags(tokens: Sequence[Span], spans: Sequence[Span]) -> list[str]:
    """One of B-X, I-X, O for each token; `spans` are sorted and their edges are edges of tokens."""
    tags = []
    remaining = iter(spans)
    span = next(remaining, None)
    inside = False
    for token in tokens:
        while span is not None and span[1] <= token[0]:
            span, inside = next(remaining, None), False
        if span is not None and span[0] <= token[0]:
            tags.append("I-X" if inside else "B-X")
            inside = True
        else:
            tags.append("O")
    return tags


def _pieces(text: str, start: int, end: int) -> Iterator[Span]:
    """Tokens between two boundaries."""
    found = False
    for run in _RUN.finditer(text, start, end):
        found = True
        yield Span(*run.span())
    if not found:
        yield Span(start, end)
