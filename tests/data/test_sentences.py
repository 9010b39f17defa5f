"""Splitting into sentences, and mentions that do not fit."""

from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from markner.data.documents import Document, Mention, Passage, Span
from markner.data.sentences import Piece, Tally, resolve_overlaps, sentence_bounds, split_documents


def mention(text: str, surface: str, parts: tuple[Span, ...] = ()) -> Mention:
    start = text.index(surface)
    return Mention(start, start + len(surface), "Disease", surface, parts)


def split(text: str, *mentions: Mention) -> tuple[list[Piece], Tally]:
    tally = Tally()
    return list(split_documents([Document("d", (Passage(text, mentions),))], tally)), tally


def test_spans_point_into_their_sentence() -> None:
    text = "First one.  He has gout. Last."
    pieces, _ = split(text, mention(text, "gout"))
    assert [piece.text for piece in pieces] == ["First one.", "He has gout.", "Last."]
    assert [[piece.text[a:b] for a, b in piece.spans] for piece in pieces] == [[], ["gout"], []]


def test_passages_are_split_apart_from_each_other() -> None:
    document = Document("d", (Passage("A title without an end"), Passage("A text.")))
    assert [piece.text for piece in split_documents([document], Tally())] == ["A title without an end", "A text."]


def test_a_mention_across_a_boundary_is_dropped_from_both_and_counted_once() -> None:
    text = "Type one. Diabetes is bad. Gout too."
    pieces, tally = split(text, mention(text, "one. Diabetes is bad. Gout"), mention(text, "Gout"))
    assert tally.crossing == 1
    assert [len(piece.mentions) for piece in pieces] == [0, 0, 1]


def test_the_longest_of_overlapping_mentions_stays_then_the_leftmost() -> None:
    text = "severe heart failure stage two"
    whole, inner, across = (mention(text, part) for part in ("heart failure", "failure", "failure stage"))
    pieces, tally = split(text, inner, across, whole, whole)
    assert pieces[0].spans == (Span(7, 20),)
    assert len(pieces[0].mentions) == 4
    assert (tally.overlapping, tally.identical) == (2, 1)


def test_a_discontinuous_mention_is_its_hull() -> None:
    text = "ovarian and lung cancer"
    pieces, tally = split(text, mention(text, text, (Span(0, 7), Span(17, 23))))
    assert pieces[0].spans == (Span(0, 23),)
    assert (tally.discontinuous, tally.text_differs) == (1, 0)


def test_differing_texts_and_repeated_documents_are_counted() -> None:
    document = Document("d", (Passage("TNF-α is here.", (Mention(0, 5, "Gene", "TNF-a"),)),))
    tally = Tally()
    pieces = list(split_documents([document, document], tally))
    assert (tally.text_differs, tally.documents, tally.repeated_documents) == (2, 2, 1)
    assert [piece.text[a:b] for piece in pieces for a, b in piece.spans] == ["TNF-α"] * 2


def test_white_space_makes_no_sentence() -> None:
    assert sentence_bounds(" \u2009\n ") == []
    assert sentence_bounds("") == []


def test_a_whole_passage_keeps_its_sentences_together() -> None:
    document = Document("d", (Passage("One. Two."),))
    assert [piece.text for piece in split_documents([document], Tally(), whole_passages=True)] == ["One. Two."]


@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 6)).map(lambda pair: Span(pair[0], sum(pair)))))
def test_resolved_spans_are_sorted_apart_and_none_could_be_added(mentions: list[Span]) -> None:
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
