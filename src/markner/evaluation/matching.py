"""Count strict matches, and turn counts into precision, recall and F1.

Each corpus has one entity type, so that a span with the right offsets has the right type as well.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from markner.data.documents import Span
from markner.errors import MarknerError

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
SpanLists = Sequence[Sequence[Span]]
"""Spans sentence by sentence."""


@dataclass(frozen=True, slots=True, eq=False)
class Counts:
    """True positives, false positives and false negatives; each of shape (sentences,).

    Half credit makes them fractions. `tp + fp` is the number of predicted, `tp + fn` of gold mentions.
    """

    tp: Floats
    fp: Floats
    fn: Floats

    def columns(self) -> Floats:
        """Return all counts side by side; of shape (sentences, kinds). Their sums give precision, recall and F1."""
        return np.stack([getattr(self, kind.name) for kind in fields(self)], axis=1)

    def f1_columns(self) -> Floats:
        """Return the counts that F1 needs: 2 tp and 2 tp + fp + fn; of shape (sentences, 2)."""
        return np.stack([2 * self.tp, 2 * self.tp + self.fp + self.fn], axis=1)

    @staticmethod
    def ratios(totals: Floats) -> "Ratios":
        """Return precision, recall and F1 of sums of `columns`, of shape (..., 3)."""
        return ratios(*np.moveaxis(totals, -1, 0))

    @staticmethod
    def f1(totals: Floats) -> Floats:
        """Return F1 of sums of `f1_columns`, of shape (..., 2)."""
        return ratio(totals[..., 0], totals[..., 1])


class Ratios(NamedTuple):
    """Precision, recall and F1, as floats or as arrays of one shape."""

    precision: Floats
    recall: Floats
    f1: Floats


class FlatSpans(NamedTuple):
    """All spans of a corpus: number of the sentence, start, end; each of shape (spans,)."""

    sentence: Ints
    start: Ints
    end: Ints


def flatten(spans: SpanLists) -> FlatSpans:
    """Return the spans of all sentences as one table."""
    rows = [(number, start, end) for number, sentence in enumerate(spans) for start, end in sentence]
    table = np.array(rows, dtype=np.int64).reshape(-1, 3)
    return FlatSpans(table[:, 0], table[:, 1], table[:, 2])


def strict_counts(gold: SpanLists, predicted: SpanLists) -> Counts:
    """Count exact matches (paper 3.4): a prediction is right if a gold span has its start and its end.

    The authors' release marks some spans twice. Such a span can be matched twice at most.
    """
    check_same_length(gold, predicted)
    flat_gold, flat_predicted = flatten(gold), flatten(predicted)
    everything = np.concatenate([np.stack(flat_gold, axis=1), np.stack(flat_predicted, axis=1)])
    distinct, which = np.unique(everything, axis=0, return_inverse=True)
    which = which.reshape(-1)
    split = len(flat_gold.start)
    matched = np.minimum(
        np.bincount(which[:split], minlength=len(distinct)), np.bincount(which[split:], minlength=len(distinct))
    )
    tp = np.bincount(distinct[:, 0], weights=matched, minlength=len(gold))
    return counts_of(tp.astype(np.float64), gold, predicted)


def counts_of(tp: Floats, gold: SpanLists, predicted: SpanLists) -> Counts:
    """Return counts by sentence from the true positives; the other mentions are false."""
    return Counts(tp, mentions(predicted) - tp, mentions(gold) - tp)


def mentions(spans: SpanLists) -> Floats:
    """Return the number of spans in each sentence."""
    return np.array([len(sentence) for sentence in spans], dtype=np.float64)


def total_mentions(spans: SpanLists) -> int:
    """Return the number of spans in all sentences."""
    return sum(len(sentence) for sentence in spans)


def ratios(tp: Floats, fp: Floats, fn: Floats) -> Ratios:
    """Return precision, recall and F1 of counts of one shape; 0/0 is 0."""
    return Ratios(ratio(tp, tp + fp), ratio(tp, tp + fn), ratio(2 * tp, 2 * tp + fp + fn))


def total_ratios(counts: Counts) -> Ratios:
    """Return micro-averaged precision, recall and F1 over all sentences."""
    return counts.ratios(counts.columns().sum(axis=0))


def check_same_length(gold: SpanLists, predicted: SpanLists) -> None:
    """Raise a MarknerError unless gold and predictions have the same number of sentences."""
    if len(gold) != len(predicted):
        raise MarknerError(f"{len(gold)} sentences of gold spans beside {len(predicted)} of predictions")


def ratio(part: Floats, whole: Floats) -> Floats:
    """Divide elementwise; 0/0 is 0."""
    return np.divide(part, whole, out=np.zeros_like(whole, dtype=np.float64), where=whole > 0)
