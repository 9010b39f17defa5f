import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics import f1_score, precision_score, recall_score
from seqeval.scheme import IOB2
from span_strategies import Spans, span_lists, spans

from markner.errors import MarknerError
from markner.evaluation.matching import Counts, strict_counts, total_ratios
from markner.evaluation.seqeval_check import bio_tags, checked_seqeval_scores, seqeval_scores, split_at_boundaries

texts = st.text(alphabet="ab \t-", min_size=30, max_size=30)
corpora = st.lists(st.tuples(texts, span_lists(), span_lists()), min_size=1, max_size=5)


def columns(corpus: list[tuple[str, Spans, Spans]]) -> tuple[list[str], list[Spans], list[Spans]]:
    text, gold, predicted = zip(*corpus, strict=True)
    return list(text), list(gold), list(predicted)


def tags_of(corpus: list[tuple[str, Spans, Spans]]) -> tuple[list[list[str]], list[list[str]]]:
    tokens = [split_at_boundaries(text, [*gold, *predicted]) for text, gold, predicted in corpus]
    return (
        [bio_tags(words, gold) for words, (_, gold, _) in zip(tokens, corpus, strict=True)],
        [bio_tags(words, predicted) for words, (_, _, predicted) in zip(tokens, corpus, strict=True)],
    )


def conll_chunks(sentences: list[list[str]]) -> set[tuple[int, int, int]]:
    """Chunks as conlleval.pl finds them: one starts at B, or at I after O; it ends before the next B or O."""
    chunks, start = set(), None
    for number, tags in enumerate(sentences):
        for place, tag in enumerate([*tags, "O"]):
            if start is not None and tag[0] in "BO":
                chunks.add((number, start, place))
                start = None
            if tag[0] == "B" or (tag[0] == "I" and start is None):
                start = place
    return chunks


@given(corpora)
def test_strict_equals_seqeval_and_conlleval(corpus: list[tuple[str, Spans, Spans]]) -> None:
    text, gold, predicted = columns(corpus)
    counts = strict_counts(gold, predicted)
    ours = total_ratios(counts)
    assert tuple(ours) == pytest.approx(tuple(seqeval_scores(text, gold, predicted)), abs=1e-12)
    left, right = (conll_chunks(tags) for tags in tags_of(corpus))
    assert (counts.tp.sum(), counts.fp.sum(), counts.fn.sum()) == (
        len(left & right),
        len(right - left),
        len(left - right),
    )


@given(corpora.filter(lambda corpus: any(gold or predicted for _, gold, predicted in corpus)))
def test_the_scores_are_those_of_seqeval_s_strict_mode(corpus: list[tuple[str, Spans, Spans]]) -> None:
    gold, predicted = tags_of(corpus)
    options = {"mode": "strict", "scheme": IOB2, "zero_division": 0}
    direct = [function(gold, predicted, **options) for function in (precision_score, recall_score, f1_score)]
    assert list(seqeval_scores(*columns(corpus))) == pytest.approx(direct, abs=1e-12)


def test_tokens_end_at_white_space_and_at_boundaries() -> None:
    text = "IL-2 gene  on"
    tokens = split_at_boundaries(text, spans((0, 2), (3, 9)))
    assert [text[a:b] for a, b in tokens] == ["IL", "-", "2", "gene", "on"]
    assert bio_tags(tokens, spans((0, 2), (3, 9))) == ["B-X", "O", "B-X", "I-X", "O"]


def test_touching_spans_stay_two() -> None:
    tokens = split_at_boundaries("abcd", spans((0, 2), (2, 4)))
    assert bio_tags(tokens, spans((0, 2), (2, 4))) == ["B-X", "B-X"]
    assert seqeval_scores(["abcd"], [spans((0, 2), (2, 4))], [spans((0, 4))]) == (0, 0, 0)


def test_spans_that_differ_by_white_space_alone_differ() -> None:
    assert seqeval_scores(["ab cd"], [spans((0, 2))], [spans((0, 3))]) == (0, 0, 0)


def test_a_disagreement_is_an_error() -> None:
    gold, predicted = [spans((0, 1))], [spans((0, 1))]
    wrong = Counts(np.zeros(1), np.ones(1), np.ones(1))
    with pytest.raises(MarknerError, match="by seqeval"):
        checked_seqeval_scores(["ab"], gold, predicted, wrong)
    assert checked_seqeval_scores(["ab"], gold, predicted, strict_counts(gold, predicted)) == (1, 1, 1)
