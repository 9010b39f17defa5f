"""Partial matching: the paper's full credit for any overlap, and SemEval-2013's half credit.

Both pair gold and predicted spans one to one by a maximum matching, so that the score depends neither on the order of
the spans nor on which of several overlapping spans is looked at first. Spans overlap if they share a character: [0, 4)
and [4, 9) touch and do not overlap.
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
    SpanLists,
    check_same_length,
    counts_of,
    flatten,
    strict_counts,
)


def partial_counts(gold: SpanLists, predicted: SpanLists) -> Counts:
    """Count overlaps in full (paper 3.4): each pair of a maximum one-to-one matching of overlapping spans is right.

    A prediction across two gold spans matches one of them; the other is missed. Two predictions within one gold span
    are one true and one false positive.

    The paper does not say how it pairs. One-to-one pairing forces precision / recall = gold / predicted mentions, the
    same ratio as for strict matching; 29 of the 36 cells of its Tables 1 and 2 differ in it by more than rounding, so
    its own count let a span match more than once (tests/rendering/test_paper.py).

    Args:
        gold: Gold spans by sentence; they may be nested, as in the released corpora.
        predicted: Predicted spans by sentence, in the same order.
    """
    check_same_length(gold, predicted)
    flat_gold, flat_predicted = flatten(gold), flatten(predicted)
    left, right = _overlapping_pairs(flat_gold, flat_predicted, len(gold))
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
        """The same with half credit for a partial match: `tp` is COR + PAR / 2."""
        half = self.partial / 2
        return Counts(self.correct + half, self.spurious + half, self.missed + half)


def semeval_counts(gold: SpanLists, predicted: SpanLists) -> SemevalCounts:
    """Count overlaps in half (SemEval-2013 task 9.1, partial boundary match; Segura-Bedmar et al. 2013).

    Precision is (COR + PAR / 2) / (predicted spans), recall (COR + PAR / 2) / (gold spans). Exact pairs (COR) come
    first; PAR are the other pairs of a maximum matching. No conflict can arise: as predictions do not overlap each
    other, the gold span of an exact pair overlaps no other prediction, so that some maximum matching holds every exact
    pair.

    nervaluate's `partial` is the same where both lists are sorted and hold no overlaps, ends are given inclusive and
    no gold span is longer than 100 units (it asks for an overlap of 1 %). It goes through the list as it comes and
    takes the first gold span that overlaps: of gold [0, 3), [5, 8) and predictions [2, 6), [0, 1), in this order, the
    first prediction takes the first gold span and leaves nothing to the second, so that COR, PAR, SPU, MIS are
    0, 1, 1, 1 there and 0, 2, 0, 0 here.

    Args:
        gold: Gold spans by sentence; they may be nested, as in the released corpora.
        predicted: Predicted spans by sentence, in the same order; not overlapping each other.
    """
    exact = strict_counts(gold, predicted)
    overlapping = partial_counts(gold, predicted)
    return SemevalCounts(exact.tp, overlapping.tp - exact.tp, overlapping.fp, overlapping.fn)


def _overlapping_pairs(gold: FlatSpans, predicted: FlatSpans, sentences: int) -> tuple[Ints, Ints]:
    """Indices of all pairs of a gold and a predicted span of one sentence that share a character."""
    per_sentence = np.bincount(predicted.sentence, minlength=sentences)
    first = np.cumsum(per_sentence) - per_sentence
    partners = per_sentence[gold.sentence]
    left = np.repeat(np.arange(len(gold.start)), partners)
    within = np.arange(len(left)) - np.repeat(np.cumsum(partners) - partners, partners)
    right = first[gold.sentence[left]] + within
    overlap = (gold.start[left] < predicted.end[right]) & (predicted.start[right] < gold.end[left])
    return left[overlap], right[overlap]
