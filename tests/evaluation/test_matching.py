import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from span_strategies import Spans, span_lists, spans

from markner.errors import MarknerError
from markner.evaluation.matching import ratios, strict_counts, total_ratios
from markner.evaluation.partial import partial_counts, semeval_counts

corpora = st.lists(st.tuples(span_lists(), span_lists()), min_size=1, max_size=6)


def test_strict_counts_by_sentence() -> None:
    gold = [spans((0, 3), (5, 8)), spans((0, 4)), (), spans((2, 3))]
    predicted = [spans((0, 3), (5, 9)), (), spans((1, 2)), spans((2, 3))]
    counts = strict_counts(gold, predicted)
    assert counts.tp.tolist() == [1, 0, 0, 1]
    assert counts.fp.tolist() == [1, 0, 1, 0]
    assert counts.fn.tolist() == [1, 1, 0, 0]
    assert total_ratios(counts) == pytest.approx((2 / 4, 2 / 4, 2 / 4))


def test_a_span_of_another_sentence_does_not_match() -> None:
    counts = strict_counts([spans((0, 3)), ()], [(), spans((0, 3))])
    assert (counts.tp.sum(), counts.fp.sum(), counts.fn.sum()) == (0, 1, 1)


def test_a_repeated_gold_span_needs_as_many_predictions() -> None:
    counts = strict_counts([spans((0, 3), (0, 3))], [spans((0, 3))])
    assert (counts.tp.tolist(), counts.fn.tolist()) == ([1], [1])


def test_nothing_to_find_and_nothing_found_is_zero() -> None:
    assert total_ratios(strict_counts([(), ()], [(), ()])) == (0, 0, 0)
    assert ratios(np.zeros(2), np.array([0.0, 1.0]), np.array([1.0, 0.0])).f1.tolist() == [0, 0]


def test_unequal_numbers_of_sentences_are_an_error() -> None:
    with pytest.raises(MarknerError, match="2 sentences of gold spans beside 1"):
        strict_counts([(), ()], [()])


@given(corpora)
def test_swapping_gold_and_predictions_swaps_precision_and_recall(corpus: list[tuple[Spans, Spans]]) -> None:
    gold, predicted = [a for a, _ in corpus], [b for _, b in corpus]
    for match in (strict_counts, partial_counts, lambda a, b: semeval_counts(a, b).counts):
        there, back = total_ratios(match(gold, predicted)), total_ratios(match(predicted, gold))
        assert (there.precision, there.recall, there.f1) == (back.recall, back.precision, back.f1)


@given(corpora)
def test_semeval_lies_half_way_between_strict_and_partial(corpus: list[tuple[Spans, Spans]]) -> None:
    gold, predicted = [a for a, _ in corpus], [b for _, b in corpus]
    strict, partial = strict_counts(gold, predicted), partial_counts(gold, predicted)
    semeval = semeval_counts(gold, predicted).counts
    assert (strict.tp <= partial.tp).all()
    assert semeval.tp.tolist() == ((strict.tp + partial.tp) / 2).tolist()
    for counts in (strict, partial, semeval):
        assert (counts.tp + counts.fp).tolist() == [len(b) for b in predicted]
        assert (counts.tp + counts.fn).tolist() == [len(a) for a in gold]


@given(corpora.filter(lambda corpus: any(gold for gold, _ in corpus)))
def test_a_perfect_prediction_scores_one(corpus: list[tuple[Spans, Spans]]) -> None:
    gold = [a for a, _ in corpus]
    assert total_ratios(strict_counts(gold, gold)) == (1, 1, 1)
    assert total_ratios(partial_counts(gold, gold)) == (1, 1, 1)


@given(corpora)
def test_the_order_of_sentences_does_not_matter(corpus: list[tuple[Spans, Spans]]) -> None:
    gold, predicted = [a for a, _ in corpus], [b for _, b in corpus]
    forth, back = partial_counts(gold, predicted), partial_counts(gold[::-1], predicted[::-1])
    assert forth.tp.tolist() == back.tp.tolist()[::-1]
