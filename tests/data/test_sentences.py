"""Splitting into sentences, and mentions that do not fit."""

from dataclasses import replace
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from markner.data.documents import (
    SENTENCE,
    Document,
    Mention,
    PassageText,
    Sentence,
    Span,
    join_passages,
    single_passage,
)
from markner.data.sentences import SplitCounts, resolve_overlaps, sentence_bounds, split_documents


def mention(text: str, surface: str, parts: tuple[Span, ...] = ()) -> Mention:
    start = text.index(surface)
    return Mention(start, start + len(surface), "Disease", surface, parts)


def document(identifier: str, passages: list[str], *mentions: Mention) -> Document:
    joined = join_passages(identifier, [PassageText(text) for text in passages], "\n")
    return replace(joined, mentions=mentions)


def split(text: str, *mentions: Mention) -> tuple[list[Sentence], SplitCounts]:
    counts = SplitCounts()
    return list(split_documents([document("d", [text], *mentions)], counts)), counts


def test_spans_point_into_their_sentence() -> None:
    text = "First one.  He has gout. Last."
    sentences, _ = split(text, mention(text, "gout"))
    assert [sentence.text for sentence in sentences] == ["First one.", "He has gout.", "Last."]
    assert [[sentence.text[a:b] for a, b in sentence.spans] for sentence in sentences] == [[], ["gout"], []]


def test_each_passage_is_split_alone() -> None:
    both = document("d", ["A title without an end", "A text."])
    assert [sentence.text for sentence in split_documents([both], SplitCounts())] == [
        "A title without an end",
        "A text.",
    ]


def test_a_mention_across_a_boundary_is_dropped_from_both_and_counted_once() -> None:
    text = "Type one. Diabetes is bad. Gout too."
    sentences, counts = split(text, mention(text, "one. Diabetes is bad. Gout"), mention(text, "Gout"))
    assert counts.crossing == 1
    assert [len(sentence.mentions) for sentence in sentences] == [0, 0, 1]


def test_the_longest_of_overlapping_mentions_stays_then_the_leftmost() -> None:
    text = "severe heart failure stage two"
    whole, inner, across = (mention(text, part) for part in ("heart failure", "failure", "failure stage"))
    sentences, counts = split(text, inner, across, whole, whole)
    assert sentences[0].spans == (Span(7, 20),)
    assert len(sentences[0].mentions) == 4
    assert (counts.overlapping, counts.identical) == (2, 1)


def test_a_discontinuous_mention_is_its_hull() -> None:
    text = "ovarian and lung cancer"
    sentences, counts = split(text, mention(text, text, (Span(0, 7), Span(17, 23))))
    assert sentences[0].spans == (Span(0, 23),)
    assert (counts.discontinuous, counts.text_differs) == (1, 0)
    _, counts = split(text, Mention(0, 23, "Disease", "ovarian cancer", parts=(Span(0, 7), Span(17, 23))))
    assert (counts.discontinuous, counts.text_differs) == (1, 0), "the file's text is that of the parts"


def test_differing_texts_and_repeated_documents_are_counted() -> None:
    once = document("d", ["TNF-α is here."], Mention(0, 5, "Gene", "TNF-a"))
    counts = SplitCounts()
    sentences = list(split_documents([once, once], counts))
    assert (counts.text_differs, counts.documents, counts.repeated_documents) == (2, 2, 1)
    assert [sentence.text[a:b] for sentence in sentences for a, b in sentence.spans] == ["TNF-α"] * 2


def test_white_space_makes_no_sentence() -> None:
    assert sentence_bounds(" \u2009\n ") == []
    assert sentence_bounds("") == []


def test_a_whole_passage_keeps_its_sentences_together() -> None:
    whole = single_passage("d", "One. Two.", {"type": SENTENCE})
    assert [sentence.text for sentence in split_documents([whole], SplitCounts())] == ["One. Two."]


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 6)).map(lambda pair: Span(pair[0], sum(pair)))))
def test_resolved_spans_are_sorted_and_do_not_overlap_and_none_could_be_added(mentions: list[Span]) -> None:
    kept = resolve_overlaps(mentions)
    assert all(a.end <= b.start for a, b in pairwise(kept))
    assert set(kept) <= set(mentions)
    for span in mentions:
        assert any(
            span.start < other.end and other.start < span.end and other.end - other.start >= span.end - span.start
            for other in kept
        )


@given(st.text("ab .!?\n\u00a0", max_size=60))
def test_sentences_cover_all_but_white_space(text: str) -> None:
    bounds = sentence_bounds(text)
    joined = "".join(text[start:end] for start, end in bounds)
    assert "".join(joined.split()) == "".join(text.split())
    assert all(text[start:end] == text[start:end].strip() != "" for start, end in bounds)
