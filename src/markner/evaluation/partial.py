"""Partial matching: full credit for any overlap, SemEval-2013's half credit, and the authors' own count.

The first two pair gold and predicted spans one to one by a maximum matching. Their scores do not depend on the order of
the spans. There, spans overlap if they share a character: [0, 4) and [4, 9) touch and do not overlap.
"""

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csr_array
from scipy.sparse.csgraph import maximum_bipartite_matching

from markner.evaluation.matching import (
    Counts,
    FlatSpans,
    Floats,
    Ints,
    Ratios,
    SpanLists,
    check_same_length,
    counts_of,
    flatten,
    mentions,
    ratio,
    strict_counts,
)


def partial_counts(gold: SpanLists, predicted: SpanLists) -> Counts:
    """Count overlaps in full (paper 3.4): each pair of a maximum one-to-one matching of overlapping spans is right.

    A prediction across two gold spans matches one of them; the other is missed. Two predictions within one gold span
    are one true and one false positive.

    The paper does not define its partial match. It was not one-to-one; see `authors_partial_counts`. Gold spans may be
    nested, as in the authors' release.
    """
    check_same_length(gold, predicted)
    flat_gold, flat_predicted = flatten(gold), flatten(predicted)
    left, right = _overlapping_pairs(flat_gold, flat_predicted, len(gold), gap=0)
    tp = np.zeros(len(gold))
    if len(left):
        shape = (len(flat_gold.start), len(flat_predicted.start))
        graph = csr_array((np.ones(len(left), dtype=np.int8), (left, right)), shape=shape)
        partner = np.asarray(maximum_bipartite_matching(graph, perm_type="column"))
        tp += np.bincount(flat_gold.sentence[partner >= 0], minlength=len(gold))
    return counts_of(tp, gold, predicted)


@dataclass(frozen=True, slots=True, eq=False)
class SemevalCounts:
    """SemEval-2013's COR, PAR, SPU and MIS of its partial boundary match; each of shape (sentences,)."""

    correct: Floats
    partial: Floats
    spurious: Floats
    missed: Floats

    @property
    def counts(self) -> Counts:
        """Counts with half credit for a partial match: `tp` is COR + PAR / 2."""
        half = self.partial / 2
        return Counts(self.correct + half, self.spurious + half, self.missed + half)


def semeval_counts(gold: SpanLists, predicted: SpanLists) -> SemevalCounts:
    """Count overlaps in half (SemEval-2013 task 9.1, partial boundary match; Segura-Bedmar et al. 2013).

    Precision is (COR + PAR / 2) / (predicted spans), recall (COR + PAR / 2) / (gold spans). Exact pairs (COR) come
    first; PAR are the other pairs of a maximum matching. The two do not conflict: predictions do not overlap each
    other, so the gold span of an exact pair overlaps no other prediction. So some maximum matching has all exact pairs.

    nervaluate's `partial` is the same if both lists are sorted and have no overlaps, ends are inclusive, and no gold
    span is longer than 100 units (it requires an overlap of 1 %). Otherwise it depends on the order of the predictions,
    because each takes the first gold span that it overlaps. Example: gold [0, 3), [5, 8), predictions [2, 6), [0, 1).
    The first prediction takes the first gold span, and the second gets none. COR, PAR, SPU, MIS are 0, 1, 1, 1 there
    and 0, 2, 0, 0 here.

    Gold spans may be nested, as in the authors' release; predicted spans of a sentence do not overlap each other.
    """
    exact = strict_counts(gold, predicted)
    overlapping = partial_counts(gold, predicted)
    return SemevalCounts(exact.tp, overlapping.tp - exact.tp, overlapping.fp, overlapping.fn)


@dataclass(frozen=True, slots=True, eq=False)
class AuthorsCounts(Counts):
    """Counts of the authors' partial match; each of shape (sentences,).

    `tp` are the gold spans that overlap a prediction, `fn` the other gold spans, `fp` the predictions that overlap no
    gold span. `overlapping_predictions` are the other predictions; their number may differ from `tp`.
    """

    overlapping_predictions: Floats

    def f1_columns(self) -> Floats:
        """Return the counts that F1 needs, which are all; of shape (sentences, 4)."""
        return self.columns()

    @staticmethod
    def ratios(totals: Floats) -> Ratios:
        """Return precision, recall and F1 of sums of `columns`; the numerators are exchanged, as in the scorer."""
        tp, fp, fn, right = np.moveaxis(totals, -1, 0)
        predicted, gold = right + fp, tp + fn
        return Ratios(ratio(tp, predicted), ratio(right, gold), ratio(2 * tp * right, tp * gold + right * predicted))

    @staticmethod
    def f1(totals: Floats) -> Floats:
        """Return F1 of sums of `f1_columns`."""
        return AuthorsCounts.ratios(totals).f1


def authors_partial_counts(gold: SpanLists, predicted: SpanLists) -> AuthorsCounts:
    """Count overlaps as the authors' group did in a public scorer; that the paper used it is inferred, not stated.

    A span may match any number of others. Precision is (gold spans that overlap a prediction) / (predicted spans),
    recall (predicted spans that overlap gold) / (gold spans): the numerators are exchanged, and precision or recall can
    exceed 1. The scorer compares `start <= end` with exclusive ends, so that spans that touch overlap. Its positions
    are tokens, ours are characters: two spans with white space between them touch there and do not touch here.

    Source: `calculate_scores_micro_overall` of `evaluate.py` in
    https://github.com/BIDS-Xu-Lab/Clinical_Entity_Recognition_Using_GPT_models. docs/metrics.md gives the evidence.
    """
    check_same_length(gold, predicted)
    flat_gold, flat_predicted = flatten(gold), flatten(predicted)
    left, right = _overlapping_pairs(flat_gold, flat_predicted, len(gold), gap=1)
    tp, hits = (
        np.bincount(flat.sentence[np.unique(places)], minlength=len(gold)).astype(np.float64)
        for flat, places in ((flat_gold, left), (flat_predicted, right))
    )
    return AuthorsCounts(tp, mentions(predicted) - hits, mentions(gold) - tp, hits)


def _overlapping_pairs(gold: FlatSpans, predicted: FlatSpans, sentences: int, gap: int) -> tuple[Ints, Ints]:
    """Return indices of all pairs of a gold and a predicted span of one sentence that overlap.

    `gap` is 0 if they must share a character, 1 if spans that touch overlap, too.
    """
    per_sentence = np.bincount(predicted.sentence, minlength=sentences)
    first = np.cumsum(per_sentence) - per_sentence
    partners = per_sentence[gold.sentence]
    left = np.repeat(np.arange(len(gold.start)), partners)
    within = np.arange(len(left)) - np.repeat(np.cumsum(partners) - partners, partners)
    right = first[gold.sentence[left]] + within
    overlap = (gold.start[left] < predicted.end[right] + gap) & (predicted.start[right] < gold.end[left] + gap)
    return left[overlap], right[overlap]
