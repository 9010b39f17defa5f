import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st
from span_strategies import Spans, span_lists, spans

from markner.data.documents import Sentence, Span
from markner.evaluation.error_analysis import marked_text
from markner.evaluation.matching import strict_counts
from markner.evaluation.mention_errors import KINDS, SUB_KINDS, is_abbreviation, pair, sentence_errors
from markner.evaluation.partial import partial_counts, semeval_counts

Row = dict[str, str]


def sentence(gold: Spans, text: str = "x" * 30, name: str = "s") -> Sentence:
    return Sentence(name, "d", text, gold, gold)


def kinds(gold: Spans, predicted: Spans) -> list[tuple[str, str]]:
    return [(error.kind, error.sub_kind) for error in sentence_errors(sentence(gold), predicted)]


@pytest.mark.parametrize(
    ("gold", "predicted", "expected"),
    [
        (spans((0, 4)), spans((0, 4)), []),
        (spans((0, 4)), (), [("missing", "other")]),
        ((), spans((0, 4)), [("wrong", "other")]),
        (spans((0, 4)), spans((4, 9)), [("missing", "other"), ("wrong", "other")]),  # they touch
        (spans((0, 4)), spans((0, 9)), [("boundary", "longer")]),
        (spans((0, 9)), spans((2, 9)), [("boundary", "shorter")]),
        (spans((0, 4)), spans((2, 9)), [("boundary", "shifted")]),
        (spans((0, 9)), spans((0, 3), (4, 9)), [("wrong", "split"), ("boundary", "split")]),
        (spans((0, 3), (4, 9)), spans((0, 9)), [("missing", "merged"), ("boundary", "merged")]),
        # A chain in which everyone finds a partner is neither split nor merged.
        (spans((0, 10), (12, 20)), spans((0, 5), (8, 20)), [("boundary", "shorter"), ("boundary", "longer")]),
        # The pairing with most pairs, not the one with the longest overlap: nothing is left alone.
        (spans((0, 10), (12, 14)), spans((0, 1), (2, 13)), [("boundary", "shorter"), ("boundary", "shifted")]),
    ],
)
def test_kinds(gold: Spans, predicted: Spans, expected: list[tuple[str, str]]) -> None:
    assert sorted(kinds(gold, predicted)) == sorted(expected)


def test_a_split_mention_is_paired_with_its_largest_part() -> None:
    found = sentence_errors(sentence(spans((0, 9))), spans((0, 3), (4, 9)))
    assert [error.id for error in found] == ["s p0-3", "s g0-9 p4-9"]


def overlap(left: Span, right: Span) -> int:
    return max(0, min(left.end, right.end) - max(left.start, right.start))


def best_pairing(gold: Spans, predicted: Spans) -> tuple[int, int]:
    """Most pairs and then most common characters, by trying every way to pair."""
    short, long = sorted((gold, predicted), key=len)
    padded = [*long, *[None] * len(short)]
    found = []
    for order in itertools.permutations(padded, len(short)):
        common = [overlap(left, right) for left, right in zip(short, order, strict=True) if right is not None]
        found.append((sum(part > 0 for part in common), sum(common)))
    return max(found, default=(0, 0))


few = span_lists(16).filter(lambda found: len(found) <= 4)


@given(few, few)
def test_the_pairing_is_the_best_there_is(gold: Spans, predicted: Spans) -> None:
    pairs = pair(gold, predicted)
    common = [overlap(gold[left], predicted[right]) for left, right in pairs]
    assert all(common)
    assert (len(pairs), sum(common)) == best_pairing(gold, predicted)
    assert len({left for left, _ in pairs}) == len({right for _, right in pairs}) == len(pairs)


@given(st.lists(st.tuples(span_lists(), span_lists()), min_size=1, max_size=5))
def test_errors_add_up_with_every_score(corpus: list[tuple[Spans, Spans]]) -> None:
    gold, predicted = [left for left, _ in corpus], [right for _, right in corpus]
    found = [error for left, right in corpus for error in sentence_errors(sentence(left), right)]
    count = {kind: sum(error.kind == kind for error in found) for kind in KINDS}
    strict, partial, semeval = (
        strict_counts(gold, predicted),
        partial_counts(gold, predicted),
        semeval_counts(gold, predicted),
    )
    assert len(found) == strict.fp.sum() + strict.fn.sum() - count["boundary"]
    assert count["missing"] + count["boundary"] == strict.fn.sum()
    assert count["wrong"] + count["boundary"] == strict.fp.sum()
    assert count["boundary"] == partial.tp.sum() - strict.tp.sum() == semeval.partial.sum()
    assert count["missing"] == partial.fn.sum() == semeval.missed.sum()
    assert count["wrong"] == partial.fp.sum() == semeval.spurious.sum()


@given(st.text("aB1( )-", min_size=30, max_size=30), span_lists(), span_lists())
def test_every_span_is_in_one_error_or_right(text: str, gold: Spans, predicted: Spans) -> None:
    row = sentence(gold, text)
    found = sentence_errors(row, predicted)
    assert len({error.id for error in found}) == len(found)
    assert {error.sub_kind for error in found} <= set(SUB_KINDS)
    for name, all_spans in (("gold", gold), ("predicted", predicted)):
        in_errors = [getattr(error, name) for error in found if getattr(error, name)]
        assert sorted(in_errors) == sorted(set(all_spans) - (set(gold) & set(predicted)))
    for kind, other in (("split", "wrong"), ("merged", "missing")):
        these = [error.kind for error in found if error.sub_kind == kind]
        assert ("boundary" in these) == (other in these)
    for error in found:
        marked = marked_text(row, predicted, error)
        for tag in ("gold", "pred", "GOLD", "PRED"):
            marked = marked.replace(f"<{tag}>", "").replace(f"</{tag}>", "")
        assert marked == text


@pytest.mark.parametrize(
    ("text", "mention", "expected"),
    [
        ("loss of SCA1 in mice", "SCA1", True),
        ("loss of p53 in mice", "p53", True),
        ("levels of IL - 2 rose", "IL - 2", True),
        ("levels of SCA 1 rose", "SCA 1", True),
        ("haplotype deletion ( hpdel ) was found", "hpdel", True),  # by its definition
        ("cyclosporin A (cya) was given", "cya", True),
        ("a tumour (lung) was found", "lung", False),  # in brackets, but not defined there
        ("hpdel was found", "hpdel", False),
        ("type 2 diabetes", "type 2", False),
        ("Crohn disease", "Crohn", False),
        ("A CASE OF PAIN", "PAIN", False),  # all is in capitals
        ("vitamin D", "D", False),
        ("- 12 -", "12", False),
        ("the BRCA1 associated disease", "BRCA1 associated disease", False),
    ],
)
def test_abbreviations(text: str, mention: str, expected: bool) -> None:
    start = text.index(mention)
    assert is_abbreviation(text, Span(start, start + len(mention))) is expected
