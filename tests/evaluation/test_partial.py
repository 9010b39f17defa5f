from itertools import permutations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from nervaluate import Evaluator
from span_strategies import Spans, span_lists, spans

from markner.data.documents import Span
from markner.evaluation.matching import total_ratios
from markner.evaluation.partial import authors_partial_counts, partial_counts, semeval_counts


@pytest.mark.parametrize(
    ("gold", "predicted", "matched"),
    [
        (spans((0, 4)), spans((0, 4)), 1),
        (spans((0, 4)), spans((3, 9)), 1),
        (spans((0, 4)), spans((4, 9)), 0),  # they touch
        (spans((0, 4), (5, 9)), spans((0, 9)), 1),  # one prediction across two
        (spans((0, 9)), spans((0, 4), (5, 9)), 1),  # two predictions in one
        (spans((0, 3), (5, 8)), spans((2, 6), (7, 8)), 2),
        (spans((0, 3), (5, 8)), spans((0, 1), (2, 6)), 2),  # the greedy first overlap would leave one over
        (spans((0, 10), (0, 2)), spans((0, 2), (5, 6)), 2),  # nested gold, as in the authors' release
        ((), spans((0, 1)), 0),
        (spans((0, 1)), (), 0),
    ],
)
def test_overlaps_match_one_to_one(gold: Spans, predicted: Spans, matched: int) -> None:
    counts = partial_counts([gold], [predicted])
    assert counts.tp.tolist() == [matched]
    assert counts.fp.tolist() == [len(predicted) - matched]
    assert counts.fn.tolist() == [len(gold) - matched]


def best_matching(gold: Spans, predicted: Spans) -> int:
    """Largest one-to-one matching, by trying every order of the longer list."""
    short, long = sorted((gold, predicted), key=len)
    return max(
        sum(a.start < b.end and b.start < a.end for a, b in zip(short, order, strict=True))
        for order in permutations(long, len(short))
    )


few_nested = st.lists(
    st.tuples(st.integers(0, 12), st.integers(1, 6)).map(lambda pair: Span(pair[0], sum(pair))), max_size=4
).map(tuple)


@given(few_nested, few_nested)
def test_the_matching_is_maximum(gold: Spans, predicted: Spans) -> None:
    assert partial_counts([gold], [predicted]).tp.tolist() == [best_matching(gold, predicted)]


def authors_scorer(corpus: list[tuple[Spans, Spans]]) -> tuple[float, float, float]:
    """Precision, recall and F1 by the rules of the group's public scorer, span by span."""

    def touches(a: Span, b: Span) -> bool:
        return a.start <= b.end and a.end >= b.start

    right_gold = sum(any(touches(span, other) for other in predicted) for gold, predicted in corpus for span in gold)
    right_predicted = sum(
        any(touches(span, other) for other in gold) for gold, predicted in corpus for span in predicted
    )
    all_gold, all_predicted = sum(len(gold) for gold, _ in corpus), sum(len(predicted) for _, predicted in corpus)
    precision = right_gold / all_predicted if all_predicted else 0.0
    recall = right_predicted / all_gold if all_gold else 0.0
    return precision, recall, 2 * precision * recall / (precision + recall) if precision and recall else 0.0


@given(st.lists(st.tuples(few_nested, few_nested), min_size=1, max_size=4))
def test_authors_partial_follows_the_group_s_scorer(corpus: list[tuple[Spans, Spans]]) -> None:
    gold, predicted = [a for a, _ in corpus], [b for _, b in corpus]
    assert tuple(total_ratios(authors_partial_counts(gold, predicted))) == pytest.approx(authors_scorer(corpus))


def test_authors_partial_exchanges_the_numerators() -> None:
    # One prediction across two gold spans, and one without gold: RG = 2, RP = 1, two predictions, three gold spans.
    counts = authors_partial_counts([spans((0, 4), (5, 9)), spans((0, 2))], [spans((0, 9)), spans((7, 9))])
    assert tuple(total_ratios(counts)) == pytest.approx((2 / 2, 1 / 3, 1 / 2))
    assert [part.tolist() for part in (counts.tp, counts.fn, counts.fp)] == [[2, 0], [0, 1], [0, 1]]


def test_spans_that_touch_overlap_for_the_authors_alone() -> None:
    gold, predicted = [spans((0, 4))], [spans((4, 9))]
    assert authors_partial_counts(gold, predicted).tp.tolist() == [1]
    assert partial_counts(gold, predicted).tp.tolist() == [0]


def test_semeval_gives_half_credit_to_overlaps() -> None:
    gold = [spans((0, 3), (5, 9), (20, 22)), spans((0, 2))]
    predicted = [spans((0, 3), (6, 9), (30, 33)), ()]
    counts = semeval_counts(gold, predicted)
    assert [part.sum() for part in (counts.correct, counts.partial, counts.spurious, counts.missed)] == [1, 1, 1, 2]
    assert counts.counts.tp.tolist() == [1.5, 0]
    assert counts.counts.fp.tolist() == [1.5, 0]
    assert counts.counts.fn.tolist() == [1.5, 1]


def nervaluate_partial(gold: list[Spans], predicted: list[Spans]) -> dict[str, float]:
    def dicts(sentences: list[Spans]) -> list[list[dict[str, object]]]:
        return [[{"label": "X", "start": a, "end": b - 1} for a, b in sentence] for sentence in sentences]

    found = Evaluator(dicts(gold), dicts(predicted), tags=["X"], loader="dict").evaluate()["overall"]["partial"]
    return {name: getattr(found, name) for name in ("correct", "partial", "spurious", "missed", "precision", "recall")}


@given(st.lists(st.tuples(span_lists(), span_lists()), min_size=1, max_size=4))
def test_semeval_equals_nervaluate_on_sorted_spans(corpus: list[tuple[Spans, Spans]]) -> None:
    gold, predicted = [a for a, _ in corpus], [b for _, b in corpus]
    peer, ours = nervaluate_partial(gold, predicted), semeval_counts(gold, predicted)
    for name in ("correct", "partial", "spurious", "missed"):
        assert getattr(ours, name).sum() == peer[name]


def test_where_nervaluate_differs() -> None:
    gold, predicted = [spans((0, 3), (5, 8))], [spans((2, 6), (0, 1))]
    peer, ours = nervaluate_partial(gold, predicted), semeval_counts(gold, predicted)
    assert [peer[name] for name in ("correct", "partial", "spurious", "missed")] == [0, 1, 1, 1]
    assert [part.sum() for part in (ours.correct, ours.partial, ours.spurious, ours.missed)] == [0, 2, 0, 0]
