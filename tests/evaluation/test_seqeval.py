"""Our strict scores are those of seqeval and of conlleval, on BIO tags made from the spans."""

import random
from collections.abc import Sequence

import pytest
from bio_tags import bio_tags, split_at_boundaries
from conftest import ROOT
from hypothesis import given
from hypothesis import strategies as st
from seqeval.metrics import f1_score, precision_score, recall_score
from seqeval.scheme import IOB2
from span_strategies import Spans, span_lists, spans

from markner.data.documents import Span
from markner.data.formats import iob
from markner.evaluation.matching import strict_counts, total_ratios

texts = st.text(alphabet="ab \t-", min_size=30, max_size=30)
corpora = st.lists(st.tuples(texts, span_lists(), span_lists()), min_size=1, max_size=5)
Corpus = Sequence[tuple[str, Spans, Spans]]


def tags_of(corpus: Corpus) -> tuple[list[list[str]], list[list[str]]]:
    tokens = [split_at_boundaries(text, [*gold, *predicted]) for text, gold, predicted in corpus]
    return (
        [bio_tags(words, gold) for words, (_, gold, _) in zip(tokens, corpus, strict=True)],
        [bio_tags(words, predicted) for words, (_, _, predicted) in zip(tokens, corpus, strict=True)],
    )


def seqeval_scores(corpus: Corpus) -> list[float]:
    """Precision, recall and F1 of seqeval in its strict mode; it cannot average where there is no mention."""
    if not any(gold or predicted for _, gold, predicted in corpus):
        return [0.0, 0.0, 0.0]
    gold_tags, predicted_tags = tags_of(corpus)
    options = {"mode": "strict", "scheme": IOB2, "zero_division": 0}
    return [float(score(gold_tags, predicted_tags, **options)) for score in (precision_score, recall_score, f1_score)]


def own_scores(corpus: Corpus) -> list[float]:
    return [
        float(value) for value in total_ratios(strict_counts([row[1] for row in corpus], [row[2] for row in corpus]))
    ]


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
def test_strict_equals_seqeval_and_conlleval(corpus: Corpus) -> None:
    assert own_scores(corpus) == pytest.approx(seqeval_scores(corpus), abs=1e-12)
    counts = strict_counts([row[1] for row in corpus], [row[2] for row in corpus])
    left, right = (conll_chunks(tags) for tags in tags_of(corpus))
    assert (counts.tp.sum(), counts.fp.sum(), counts.fn.sum()) == (
        len(left & right),
        len(right - left),
        len(left - right),
    )


def changed(gold: Spans, source: random.Random) -> Spans:
    """Gold with some mentions lost, some a character short."""
    kept = [span for span in gold if source.random() < 0.7]
    return tuple(
        Span(span.start, span.end - 1) if span.end - span.start > 1 and source.random() < 0.3 else span for span in kept
    )


@pytest.mark.parametrize("corpus", ["chemical", "disease", "gene"])
def test_strict_equals_seqeval_on_the_sample_corpus(corpus: str) -> None:
    source = random.Random(corpus)
    tagged = list(iob.read(ROOT / "resources" / "sample" / "iob" / corpus / "test.tsv"))
    rows = [(sentence.text, tuple(sentence.spans()), changed(tuple(sentence.spans()), source)) for sentence in tagged]
    precision, recall, f1 = own_scores(rows)
    assert [precision, recall, f1] == pytest.approx(seqeval_scores(rows), abs=1e-12)
    assert 0 < recall < precision < 1


def test_tokens_end_at_white_space_and_at_boundaries() -> None:
    text = "IL-2 gene  on"
    tokens = split_at_boundaries(text, spans((0, 2), (3, 9)))
    assert [text[a:b] for a, b in tokens] == ["IL", "-", "2", "gene", "on"]
    assert bio_tags(tokens, spans((0, 2), (3, 9))) == ["B-X", "O", "B-X", "I-X", "O"]


def test_touching_spans_stay_two() -> None:
    tokens = split_at_boundaries("abcd", spans((0, 2), (2, 4)))
    assert bio_tags(tokens, spans((0, 2), (2, 4))) == ["B-X", "B-X"]
    assert own_scores([("abcd", spans((0, 2), (2, 4)), spans((0, 4)))]) == [0, 0, 0]


def test_spans_that_differ_by_white_space_alone_differ() -> None:
    corpus = [("ab cd", spans((0, 2)), spans((0, 3)))]
    assert own_scores(corpus) == seqeval_scores(corpus) == [0, 0, 0]
