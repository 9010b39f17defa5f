"""Raw text in the tokens of the IOB corpora: the rule against the real files, and spans moved by offset."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from markner.data.documents import Document, Sentence, Span
from markner.data.formats import bc2gm, iob
from markner.data.formats.annotations import ReadOptions
from markner.data.formats.document_files import read_documents
from markner.data.tokens import token_text, tokenized
from markner.errors import MarknerError
from markner.tags import words


def sentence(text: str, *spans: tuple[int, int]) -> Sentence:
    gold = tuple(Span(*span) for span in spans)
    return Sentence("", "d", text, gold, gold)


def surfaces(moved: Sentence) -> list[str]:
    return [moved.text[start:end] for start, end in moved.spans]


def test_signs_stand_alone_and_spans_follow() -> None:
    text = "Parkinson's  and IL-4/STAT6 (5-HT_2A)."
    moved = tokenized(sentence(text, (0, 11), (17, 21), (22, 27), (29, 36)))
    assert moved.text == "Parkinson ' s and IL - 4 / STAT6 ( 5 - HT _ 2A ) ."
    assert surfaces(moved) == ["Parkinson ' s", "IL - 4", "STAT6", "5 - HT _ 2A"]
    assert moved.mentions == moved.spans


def test_a_border_inside_a_token_stays_inside_it() -> None:
    moved = tokenized(sentence("antip53 α-actin", (4, 7), (8, 9)))
    assert (moved.text, surfaces(moved)) == ("antip53 α - actin", ["p53", "α"])


@pytest.mark.parametrize("text", ["Sjo\u0308gren", "iva\u200dcaftor", "hyper\u00adtension", "\u0915\u094d\u0937"])
def test_accents_and_invisible_signs_divide_no_token(text: str) -> None:
    moved = tokenized(sentence(f"{text} (x)", (0, len(text))))
    assert (moved.text, surfaces(moved)) == (f"{text} ( x )", [text])


def test_an_invisible_sign_at_the_end_of_a_word_is_a_token() -> None:
    moved = tokenized(sentence("7 mL\u2009min\u2061\u22121 gout", (12, 16)))
    assert (moved.text, surfaces(moved)) == ("7 mL min \u2061 \u2212 1 gout", ["gout"])


def test_a_space_that_carries_the_accent_of_a_token_is_where_the_token_begins() -> None:
    tokens = token_text("a\n\u0301x y")
    space = tokens.text.index(" \u0301")
    assert tokens.given_spans([Span(space, space + 4)]) == (Span(2, 4),)


@pytest.mark.parametrize("accent", ["\u0301", "\uaaf5"])
def test_an_accent_that_no_letter_carries_is_a_token(accent: str) -> None:
    for text in (f"\x1b{accent} gout", f"\x1b {accent} gout"):
        moved = tokenized(sentence(text))
        assert moved.text == f"\x1b {accent} gout"
        assert tokenized(moved) == moved


def test_white_space_alone_is_no_mention() -> None:
    with pytest.raises(MarknerError, match="white space"):
        tokenized(sentence("a  b", (1, 3)))


@given(st.text(min_size=1), st.data())
def test_nothing_but_white_space_changes(text: str, data: st.DataObject) -> None:
    solid = [place for place, sign in enumerate(text) if not sign.isspace()]
    if not solid:
        return
    start = data.draw(st.sampled_from(solid))
    end = data.draw(st.integers(start + 1, len(text)))
    moved = tokenized(sentence(text, (start, end)))
    assert "".join(moved.text.split()) == "".join(text.split())
    assert "".join(surfaces(moved)[0].split()) == "".join(text[start:end].split())
    assert surfaces(moved)[0].strip() == surfaces(moved)[0]
    assert tokenized(sentence(moved.text)).text == moved.text


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])), st.data())
def test_tokens_for_a_model_know_their_place_in_the_raw_text(text: str, data: st.DataObject) -> None:
    read = token_text(text)
    assert "".join(read.text.split(" ")) == "".join(text[start:end] for start, end in read.tokens)
    if not read.tokens:
        return
    first = data.draw(st.integers(0, len(read.tokens) - 1))
    last = data.draw(st.integers(first, len(read.tokens) - 1))
    ends = [start + token.end - token.start for start, token in zip(read.starts, read.tokens, strict=True)]
    assert read.given_spans([Span(read.starts[first], ends[last])]) == (
        Span(read.tokens[first].start, read.tokens[last].end),
    )


def test_a_part_of_a_token_and_a_space_have_their_place_too() -> None:
    read = token_text("antip53,  IL-4")
    assert read.text == "antip53 , IL - 4"
    assert read.given_spans([Span(4, 7), Span(4, 10), Span(10, 16)]) == (Span(4, 7), Span(4, 8), Span(10, 14))
    assert token_text("Sjo\u0308gren's").text == "Sjo\u0308gren ' s", "no token ends inside a letter with its accent"


def native(mirror: Path, corpus: str) -> list[Document]:
    if corpus == "bc2gm":
        return list(bc2gm.read(mirror / "bc2gm/test/test.in", mirror / "bc2gm/test/GENE.eval"))
    return list(read_documents([mirror / corpus], "pubtator", ReadOptions()))


@pytest.mark.corpora
@pytest.mark.parametrize(
    ("corpus", "tagged", "sentences"),
    [
        ("ncbi-disease/NCBItestset_corpus.txt", "mtl-bioinformatics-2016/NCBI-disease-IOB/test.tsv", 940),
        ("bc5cdr/CDR_TestSet.PubTator.txt", "mtl-bioinformatics-2016/BC5CDR-chem-IOB/test.tsv", 4797),
        ("bc2gm", "bc2gm/conll/test.tsv", 5000),
    ],
)
def test_the_rule_is_the_training_corpora_s(corpora_mirror: Path, corpus: str, tagged: str, sentences: int) -> None:
    """Every sentence of the IOB file is found in the native text by its signs, and divided there by the rule."""
    passages = [
        document.text[passage.start : passage.end]
        for document in native(corpora_mirror, corpus)
        for passage in document.passages
    ]
    places = [
        (number, at) for number, text in enumerate(passages) for at, sign in enumerate(text) if not sign.isspace()
    ]
    signs = "".join(passages[number][at] for number, at in places)
    rows = list(iob.read(corpora_mirror / tagged))
    assert len(rows) == sentences
    for row in rows:
        found = "".join(row.tokens)
        at = signs.index(found)
        (number, start), (last, end) = places[at], places[at + len(found) - 1]
        assert number == last
        surface = passages[number][start : end + 1]
        assert tuple(surface[a:b] for a, b in words(surface)) == row.tokens
