"""Marked text round-trips; free answers are aligned without losing or inventing a character."""

from itertools import pairwise

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st

from markner.data.documents import Span
from markner.data.instructions import render_prompt
from markner.errors import MarknerError
from markner.markup import MARKS, Marks, align, check_marks, escape_marks, mark, unmark

TEXT = "Mutations in BRCA1 cause breast cancer ."


def test_marks_go_around_spans() -> None:
    spans = [Span(13, 18), Span(25, 38)]
    marked = "Mutations in <mark>BRCA1</mark> cause <mark>breast cancer</mark> ."
    assert mark(TEXT, spans) == marked
    assert unmark(marked) == (TEXT, tuple(spans))


def test_adjacent_mentions_stay_separate() -> None:
    assert unmark(mark("abcd", [Span(0, 2), Span(2, 4)])) == ("abcd", (Span(0, 2), Span(2, 4)))


@pytest.mark.parametrize("spans", [[(0, 0)], [(3, 2)], [(0, 99)], [(-1, 2)], [(0, 5), (4, 6)], [(4, 6), (0, 2)]])
def test_impossible_spans_are_refused(spans: list[tuple[int, int]]) -> None:
    with pytest.raises(MarknerError):
        mark(TEXT, [Span(*span) for span in spans])


def test_marks_in_a_text_are_escaped_and_its_offsets_hold() -> None:
    text = "HTML's <mark> and </mark> in cancer"
    escaped = escape_marks(text)
    assert escaped == "HTML's ‹mark› and ‹/mark› in cancer"
    marked = mark(text, [Span(29, 35)])
    assert marked == "HTML's ‹mark› and ‹/mark› in <mark>cancer</mark>"
    alignment = align(text, marked)
    assert (alignment.spans, alignment.status) == ((Span(29, 35),), "ok")
    assert render_prompt("{instruction}{input}", "", text) == escaped


PAIRS = [
    MARKS,
    Marks("[", "]"),
    Marks("@@", "##"),
    Marks('<span class="disease">', "</span>"),
    Marks("<b>", "</b>"),
    Marks("<e", "e>"),
    Marks("#@", "@#"),
    Marks("(-(", ")-)"),
]


@given(st.sampled_from(PAIRS), st.data())
def test_any_text_with_any_marks_comes_back(marks: Marks, data: st.DataObject) -> None:
    signs = st.sampled_from([*marks, *"".join(marks), *(each[:-1] for each in marks), *"ae ‹［é", "\n"])
    text = "".join(data.draw(st.lists(signs, max_size=12)))
    places = sorted(data.draw(st.sets(st.integers(0, len(text)), max_size=6)))
    # Every other space between two places, or every one: mentions that touch each other too.
    ends = list(pairwise(places))[:: data.draw(st.sampled_from([1, 2]))]
    spans = tuple(Span(*pair) for pair in ends)
    escaped = escape_marks(text, marks)
    assert len(escaped) == len(text)
    marked = mark(text, spans, marks)
    assert unmark(marked, marks) == (escaped, spans)
    aligned = align(text, marked, marks=marks)
    if text and not any(sign.isspace() for sign in text):
        assert (aligned.spans, aligned.status) == (spans, "ok")


def test_marks_that_mingle_have_each_sign_escaped_and_others_only_whole_marks() -> None:
    assert escape_marks("a@b ## [c]", Marks("@@", "##")) == "a＠b ＃＃ [c]"
    assert escape_marks("a@b ## [c]", Marks("[", "]")) == "a@b ## ［c］"
    assert escape_marks("<span> <b>x</b>", Marks("<b>", "</b>")) == "<span> ‹b›x‹/b›"
    assert mark("an @ sign", [Span(3, 4)], Marks("@@", "##")) == "an @@＠## sign"


@pytest.mark.parametrize(
    "marks",
    [("", "]"), ("[", "["), ("<b>", "<b>>"), (" [", "]"), ("[", "] "), ("a[", "]"), ("«", "»"), ("[\t", "]")],
)
def test_marks_that_could_not_be_turned_back_are_refused(marks: tuple[str, str]) -> None:
    with pytest.raises(ValueError, match="mark"):
        check_marks(Marks(*marks))


@pytest.mark.parametrize("marked", ["<mark>a<mark>b</mark></mark>", "<mark>a", "a</mark>", "<mark></mark>a"])
def test_unmark_refuses_broken_marks(marked: str) -> None:
    with pytest.raises(MarknerError):
        unmark(marked)


@pytest.mark.parametrize(
    ("raw", "spans", "status"),
    [
        ("Mutations in <mark>BRCA1</mark> cause breast cancer .", [(13, 18)], "ok"),
        ("  Mutations in <mark> BRCA1 </mark> cause breast cancer .\n", [(13, 18)], "changed_text"),
        ("Mutations in<mark> BRCA1</mark> cause breast cancer .", [(13, 18)], "ok"),
        ("Mutations in <mark>BRCA1 cause breast cancer .", [], "unbalanced"),
        ("Mutations in BRCA1</mark> cause <mark>breast cancer</mark> .", [(25, 38)], "unbalanced"),
        ("Mutations in BRCA1 cause <mark>breast <mark>cancer</mark></mark> .", [(25, 38)], "nested"),
        ("mutations in <mark>BRCA1</mark> cause breast cancer.", [(13, 18)], "changed_text"),
        ("Mutations in <mark>brca1</mark> cause breast cancer .", [], "changed_text"),
        ("", [], "empty"),
        ("<mark></mark>", [], "empty"),
        ("I'm sorry, but I cannot help with that.", [], "refused"),
    ],
)
def test_answers_are_aligned(raw: str, spans: list[tuple[int, int]], status: str) -> None:
    alignment = align(TEXT, raw)
    assert [tuple(span) for span in alignment.spans] == spans
    assert alignment.status == status


def test_an_answer_that_reached_the_limit_keeps_what_it_marked() -> None:
    alignment = align(TEXT, "Mutations in <mark>BRCA1</mark> cause breast", limit_reached=True)
    assert (alignment.spans, alignment.status) == ((Span(13, 18),), "truncated")


def test_a_sentence_that_speaks_of_being_unable_is_no_refusal() -> None:
    text = "I am sorry to say that patients are unable to help ."
    assert align(text, text).status == "ok"


texts = st.text(st.characters(exclude_categories=("Cs",), exclude_characters="<>"), max_size=60)


@st.composite
def texts_with_spans(draw: st.DrawFn) -> tuple[str, list[Span]]:
    text = draw(texts)
    # Between grapheme clusters, where annotators cut.
    borders = [0, *(match.end() for match in regex.finditer(r"\X", text))]
    cuts = sorted(draw(st.sets(st.sampled_from(borders), max_size=8)))
    return text, [Span(a, b) for a, b in zip(cuts[::2], cuts[1::2], strict=False)]


@given(texts_with_spans())
def test_round_trip(case: tuple[str, list[Span]]) -> None:
    text, spans = case
    assert unmark(mark(text, spans)) == (text, tuple(spans))


@example("0", ["<mark>", " ", "</mark>", "0"])
@example("", ["<mark>", " ", "</mark>"])
@given(texts, st.lists(st.sampled_from(["<mark>", "</mark>", "a", " ", "é", "sorry", "<", "\n"]) | texts, max_size=12))
def test_no_answer_breaks_alignment(text: str, pieces: list[str]) -> None:
    spans = align(text, "".join(pieces), limit_reached=len(pieces) == 12).spans
    previous = 0
    for start, end in spans:
        assert previous <= start < end <= len(text)
        previous = end


@given(texts_with_spans(), st.data())
def test_corrupted_answers_stay_inside_the_text(case: tuple[str, list[Span]], data: st.DataObject) -> None:
    text, spans = case
    marked = mark(text, spans)
    start = data.draw(st.integers(0, len(marked)))
    end = data.draw(st.integers(start, len(marked)))
    alignment = align(text, marked[:start] + data.draw(st.text(max_size=5)) + marked[end:])
    assert all(0 <= span.start < span.end <= len(text) for span in alignment.spans)


@given(texts_with_spans())
def test_a_faithful_answer_gives_its_spans(case: tuple[str, list[Span]]) -> None:
    text, spans = case
    expected = [(a, b) for a, b in spans if text[a:b] == text[a:b].strip() and text[a:b]]
    alignment = align(text, mark(text, spans))
    assert set(expected) <= {tuple(span) for span in alignment.spans}


@given(
    texts, st.lists(st.sampled_from(["<mark>", "</mark>", "a", "\u0308", "\u200d", "👩", "🔬"]) | texts, max_size=12)
)
def test_no_span_begins_or_ends_inside_a_grapheme(text: str, pieces: list[str]) -> None:
    text += "".join(piece for piece in pieces if "mark" not in piece)
    borders = {0, *(match.end() for match in regex.finditer(r"\X", text))}
    for start, end in align(text, "".join(pieces)).spans + align(text, "<mark>".join(text) + "</mark>").spans:
        assert {start, end} <= borders


def test_a_mark_inside_a_grapheme_takes_the_whole() -> None:
    decomposed = "Sjo\u0308gren"
    assert align(decomposed, "<mark>Sjo</mark>\u0308gren").spans == (Span(0, 4),)
    assert align(decomposed, "<mark>Sjo</mark><mark>\u0308gren</mark>").spans == (Span(0, 4), Span(4, 8))
