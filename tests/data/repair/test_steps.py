"""The steps of repair on small documents, and what holds for any document."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from markner.data.documents import Span
from markner.data.repair.steps import DocumentWords, make_consistent, mark_terms, resolve_abbreviations
from markner.data.repair.surfaces import Surface, Words
from markner.markup import check_spans


def parsed(*marked: str) -> tuple[DocumentWords, list[list[Span]]]:
    """Return the sentences and mentions of a document that is written with square brackets around its mentions."""
    texts, mentions = [], []
    for sentence in marked:
        text, spans, start = "", [], 0
        for piece in re.split(r"([\[\]])", sentence):
            if piece == "[":
                start = len(text)
            elif piece == "]":
                spans.append(Span(start, len(text)))
            else:
                text += piece
        texts.append(text)
        mentions.append(spans)
    return [Words(text) for text in texts], mentions


def written(document: DocumentWords, mentions: list[list[Span]]) -> list[str]:
    """Return a document as `parsed` takes it."""
    result = []
    for words, spans in zip(document, mentions, strict=True):
        text = words.text
        check_spans(text, spans)
        for start, end in reversed(spans):
            text = f"{text[:start]}[{text[start:end]}]{text[end:]}"
        result.append(text)
    return result


def terms(*surfaces: str) -> set[Surface]:
    found = set()
    for text in surfaces:
        surface = Words(text).surface(Span(0, len(text)))
        assert surface is not None
        found.add(surface)
    return found


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # Two of three: marked everywhere, in any case of the words and with any white space.
        (
            ["[Wilson disease] .", "[Wilson  disease] and", "wilson disease"],
            ["[Wilson disease] .", "[Wilson  disease] and", "[wilson disease]"],
        ),
        # One of two is no majority, and one place is too few.
        (["[gout] and", "gout"], ["[gout] and", "gout"]),
        # Two of four is no majority.
        (["[gout] [gout]", "gout gout"], ["[gout] [gout]", "gout gout"]),
        # One of three: removed.
        (["[gout] and", "gout", "gout"], ["gout and", "gout", "gout"]),
        # Places inside a longer mention, or that touch one, are none.
        (
            ["[gout] and", "[acute gout]", "[gout]", "[acute gout]"],
            ["[gout] and", "[acute gout]", "[gout]", "[acute gout]"],
        ),
        (["[gout] and [acute gout]", "[gout] gout"], ["[gout] and [acute gout]", "[gout] [gout]"]),
        # Capitals after the first letter are another word; a part of a word is none.
        (["[WAS] [WAS]", "was Was"], ["[WAS] [WAS]", "was Was"]),
        # So is a capital of one or two letters.
        (["[As] [As] [E]", "as i.e. [E]"], ["[As] [As] [E]", "as i.e. [E]"]),
        # A letter and its accent are a letter.
        (
            ["[Sjo\u0308gren] and", "[sj\u00f6gren] and", "Sj\u00f6gren"],
            ["[Sjo\u0308gren] and", "[sj\u00f6gren] and", "[Sj\u00f6gren]"],
        ),
        (["[gout] [gout]", "goutlike gout-like"], ["[gout] [gout]", "goutlike [gout]-like"]),
    ],
)
def test_a_surface_is_marked_as_at_most_of_its_places(before: list[str], after: list[str]) -> None:
    document, mentions = parsed(*before)
    assert written(document, make_consistent(document, mentions)) == after


@pytest.mark.parametrize(
    ("before", "after"),
    [
        # Both forms are mentions where they are defined: the short form is one everywhere.
        (["[ataxia telangiectasia] ([AT])", "an AT patient"], ["[ataxia telangiectasia] ([AT])", "an [AT] patient"]),
        (
            ["[hereditary ataxia telangiectasia] ( [A - T] )", "A-T"],
            ["[hereditary ataxia telangiectasia] ( [A - T] )", "[A-T]"],
        ),
        # The long form alone does not mark the short one.
        (["[ataxia telangiectasia] (AT)", "AT"], ["[ataxia telangiectasia] (AT)", "AT"]),
        # Less than half of the places of both forms: the short form is no mention.
        (["ataxia telangiectasia (AT)", "[AT] AT"], ["ataxia telangiectasia (AT)", "AT AT"]),
        (["ataxia telangiectasia (AT)", "[AT] [AT] AT"], ["ataxia telangiectasia (AT)", "AT AT AT"]),
        (["ataxia telangiectasia ([AT])", "[AT] [AT] AT"], ["ataxia telangiectasia ([AT])", "[AT] [AT] AT"]),
        # The long form stays.
        (["[ataxia telangiectasia] (AT)", "AT [AT] AT"], ["[ataxia telangiectasia] (AT)", "AT AT AT"]),
        # Another mention is not touched, and a surface without a definition stays as it is.
        (
            ["[ataxia telangiectasia] ([AT])", "[AT gene]", "[XY]", "XY XY"],
            ["[ataxia telangiectasia] ([AT])", "[AT gene]", "[XY]", "XY XY"],
        ),
    ],
)
def test_a_short_form_follows_its_definition(before: list[str], after: list[str]) -> None:
    document, mentions = parsed(*before)
    assert written(document, resolve_abbreviations(document, mentions)) == after


def test_terms_are_marked_where_no_mention_is_the_longest_first() -> None:
    document, mentions = parsed("Acute [gout] and acute gout , Gout", "GOUT and goutlike")
    marked = mark_terms(document, mentions, terms("gout", "acute gout"))
    assert written(document, marked) == ["Acute [gout] and [acute gout] , [Gout]", "GOUT and goutlike"]


@st.composite
def documents(draw: st.DrawFn) -> tuple[DocumentWords, list[list[Span]]]:
    word = st.sampled_from(
        ["gout", "Gout", "acute", "AT", "(AT)", "(", ")", "ataxia", "telangiectasia", "é", "-", "  "]
    )
    texts = [" ".join(words) for words in draw(st.lists(st.lists(word, max_size=12), min_size=1, max_size=5))]
    mentions = []
    for text in texts:
        places = sorted(draw(st.sets(st.integers(0, len(text)), max_size=6)))
        mentions.append([Span(*pair) for pair in zip(places[::2], places[1::2], strict=False)])
    return [Words(text) for text in texts], mentions


@given(documents())
def test_repaired_mentions_are_mentions_and_only_consistency_and_abbreviations_remove_any(
    case: tuple[DocumentWords, list[list[Span]]],
) -> None:
    document, mentions = case
    marked = mark_terms(document, mentions, terms("gout", "acute gout"))
    for each in (marked, resolve_abbreviations(document, mentions), make_consistent(document, mentions)):
        for words, spans in zip(document, each, strict=True):
            check_spans(words.text, spans)
    assert all(set(old) <= set(new) for old, new in zip(mentions, marked, strict=True))
    # A repaired document has nothing left to repair.
    assert mark_terms(document, marked, terms("gout", "acute gout")) == marked
