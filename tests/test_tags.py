"""Spans <-> words with BIO tags."""

import re
import unicodedata
from pathlib import Path
from typing import get_args

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st
from seqeval.metrics.sequence_labeling import get_entities

from markner.data.documents import Span
from markner.data.formats.iob import read
from markner.tags import Tag, spans_from_tags, tags_from_spans, words

TAGS: st.SearchStrategy[list[Tag]] = st.lists(st.sampled_from(get_args(Tag)), max_size=12)


def cut(text: str) -> list[str]:
    return [text[span.start : span.end] for span in words(text)]


def test_words_are_runs_of_letters_and_digits_and_single_signs() -> None:
    assert cut("IL-2 (TNFα), x_1\u00a05'-α→β") == [
        *("IL", "-", "2", "(", "TNFα", ")", ",", "x", "_", "1", "5", "'", "-", "α", "→", "β")
    ]
    assert words("") == [] == words(" \n\t")


@given(st.text(st.characters(exclude_categories=("Cs", "Cn"))))
@example(" \u0e31")
@example("\u0600 x")
def test_words_hold_every_sign_but_white_space_in_order(text: str) -> None:
    assert "".join("".join(cut(text)).split()) == "".join(text.split())
    assert all(len(regex.findall(r"\X", piece)) == 1 for piece in cut(text) if re.search(r"\s", piece))
    for piece in cut(text):
        clusters = [each for each in regex.findall(r"\X", piece) if unicodedata.category(each[0]) != "Cf"]
        assert len(clusters) <= 1 or all(each[0].isalnum() for each in clusters)


@pytest.mark.parametrize(
    "text, expected",
    [
        ("Sjo\u0308gren syndrome", ["Sjo\u0308gren", "syndrome"]),
        ("iva\u200dcaftor", ["iva\u200dcaftor"]),
        ("carci\u00adnoma, 5\u0301", ["carci\u00adnoma", ",", "5\u0301"]),
        ("👩\u200d🔬 x", ["👩\u200d🔬", "x"]),
        ("the \u200b colitis", ["the", "\u200b", "colitis"]),
    ],
)
def test_accents_and_invisible_characters_split_no_word(text: str, expected: list[str]) -> None:
    assert cut(text) == expected


def test_a_word_that_overlaps_a_mention_belongs_to_it() -> None:
    text = "colon cancers-free ADs"
    pieces = words(text)
    spans = [Span(0, 12), Span(19, 21)]
    tags = tags_from_spans(pieces, spans)
    assert tags == ["B", "I", "O", "O", "B"]
    assert spans_from_tags(pieces, tags) == (Span(0, 13), Span(19, 22))


def test_adjacent_mentions_stay_two() -> None:
    pieces = words("cancer,cancer tumour")
    spans = (Span(0, 6), Span(6, 7), Span(7, 13), Span(14, 20))
    assert tags_from_spans(pieces, spans) == ["B", "B", "B", "B"]
    assert spans_from_tags(pieces, ["B", "B", "B", "B"]) == spans


def test_of_two_mentions_in_one_word_the_first_has_it() -> None:
    pieces = words("abcdef ghi jkl")
    assert tags_from_spans(pieces, [Span(0, 3), Span(3, 10)]) == ["B", "B", "O"]
    assert tags_from_spans(pieces, [Span(0, 3), Span(3, 6), Span(7, 14)]) == ["B", "B", "I"]


@given(TAGS)
def test_invalid_tags_are_read_as_conlleval_reads_them(tags: list[Tag]) -> None:
    pieces = [Span(3 * number, 3 * number + 2) for number in range(len(tags))]
    expected = tuple(
        Span(pieces[first].start, pieces[last].end)
        for _, first, last in get_entities([tag if tag == "O" else f"{tag}-X" for tag in tags])
    )
    assert spans_from_tags(pieces, tags) == expected


@given(TAGS)
def test_spans_on_word_bounds_come_back(tags: list[Tag]) -> None:
    pieces = words("a b,c (d) e-f g h")[: len(tags)]
    spans = spans_from_tags(pieces, tags[: len(pieces)])
    assert spans_from_tags(pieces, tags_from_spans(pieces, spans)) == spans


def test_each_word_has_one_tag() -> None:
    with pytest.raises(ValueError, match="shorter"):
        spans_from_tags(words("two words"), ["B"])


@pytest.mark.corpora
@pytest.mark.parametrize("corpus", ["NCBI-disease", "BC5CDR-chem", "BC5CDR-disease", "BC2GM"])
def test_words_of_iob_text_are_its_tokens(corpora_mirror: Path, corpus: str) -> None:
    files = sorted((corpora_mirror / "mtl-bioinformatics-2016" / f"{corpus}-IOB").glob("*.tsv"))
    assert len(files) == 3
    for path in files:
        for sentence in read(path):
            pieces = words(sentence.text)
            assert tuple(sentence.text[span.start : span.end] for span in pieces) == sentence.tokens
            tags = tags_from_spans(pieces, sentence.spans())
            assert tuple(tags) == sentence.tags
            assert spans_from_tags(pieces, tags) == tuple(sentence.spans())
