"""BioC XML files."""

from pathlib import Path

import pytest

from markner.data.documents import Document, Span
from markner.data.formats.annotations import ReadOptions
from markner.data.formats.document_files import read_documents
from markner.errors import MarknerError
from markner.study.schema.formats import InputFormat

FRAME = "<collection><source/><date/><key/><document><id>9</id>{}</document></collection>"
PASSAGE = "<passage><offset>{}</offset><text>{}</text>{}</passage>"


def annotation(kind: str, text: str, *locations: tuple[int, int], role: str = "") -> str:
    infons = f'<infon key="type">{kind}</infon>' + (f'<infon key="CompositeRole">{role}</infon>' if role else "")
    places = "".join(f'<location offset="{start}" length="{length}"/>' for start, length in locations)
    return f'<annotation id="1">{infons}{places}<text>{text}</text></annotation>'


def read(tmp_path: Path, *passages: str, types: list[str] | None = None) -> Document:
    path = tmp_path / "x.xml"
    path.write_text(FRAME.format("".join(passages)), encoding="utf-8")
    (document,) = read_documents([path], "bioc-xml", ReadOptions(types))
    return document


def test_offsets_count_from_the_start_of_the_document(tmp_path: Path) -> None:
    document = read(
        tmp_path, PASSAGE.format(0, "Title.", ""), PASSAGE.format(7, "Has gout.", annotation("D", "gout", (11, 4)))
    )
    (mention,) = document.mentions
    assert document.text[mention.start : mention.end] == "gout"


def test_individual_mentions_of_composites_are_left_out(tmp_path: Path) -> None:
    whole = annotation("D", "ovarian and lung cancer", (0, 23), role="CompositeMention")
    part = annotation("D", "ovarian cancer", (0, 7), (17, 6), role="IndividualMention")
    document = read(tmp_path, PASSAGE.format(0, "ovarian and lung cancer", whole + part))
    assert [mention.text for mention in document.mentions] == ["ovarian and lung cancer"]


def test_a_discontinuous_annotation_keeps_its_parts(tmp_path: Path) -> None:
    document = read(
        tmp_path, PASSAGE.format(0, "ovarian and lung cancer", annotation("D", "ovarian cancer", (17, 6), (0, 7)))
    )
    (mention,) = document.mentions
    assert (mention.start, mention.end, mention.parts) == (0, 23, (Span(0, 7), Span(17, 23)))


def test_entities_that_were_escaped_twice_stay_as_the_offsets_count_them(tmp_path: Path) -> None:
    document = read(tmp_path, PASSAGE.format(0, "p &amp;lt; 1 in TNF", annotation("Gene", "TNF", (12, 3))))
    assert document.text == "p &lt; 1 in TNF"
    assert document.text[document.mentions[0].start : document.mentions[0].end] == "TNF"


def test_types_choose_annotations(tmp_path: Path) -> None:
    both = annotation("Gene", "TNF", (0, 3)) + annotation("Other", "in", (4, 2))
    assert len(read(tmp_path, PASSAGE.format(0, "TNF in", both)).mentions) == 2
    assert len(read(tmp_path, PASSAGE.format(0, "TNF in", both), types=["Gene"]).mentions) == 1


@pytest.mark.parametrize("location", [(0, 99), (0, 0), (-3, 2)])
def test_offsets_outside_of_the_passage_name_file_and_document(tmp_path: Path, location: tuple[int, int]) -> None:
    with pytest.raises(MarknerError, match=r"x\.xml, document 9: annotation 1"):
        read(tmp_path, PASSAGE.format(0, "TNF in", annotation("Gene", "TNF", location)))


def test_broken_xml_names_the_line(tmp_path: Path) -> None:
    path = tmp_path / "x.xml"
    path.write_text("<collection>\n<document>\n</collection>")
    with pytest.raises(MarknerError, match=r"x\.xml, line 3"):
        list(read_documents([path], "bioc-xml", ReadOptions()))


TEI = '<?xml version="1.0"?>\n<TEI xmlns="http://www.tei-c.org/ns/1.0"><text><p>Gout.</p></text></TEI>'


@pytest.mark.parametrize(
    ("content", "form", "message"),
    [
        (TEI, "auto", "the XML of <TEI> has no <document>"),
        ("<html><body/></html>", "auto", "the XML of <html> has no <document>"),
        ("<collection/>", "pubmed", "the XML of <collection> has no <PubmedArticle> or <PubmedBookArticle>"),
        ("<PubmedArticleSet/>", "jats", "the XML of <PubmedArticleSet> has no <article>"),
    ],
)
def test_xml_of_another_kind_is_an_error(tmp_path: Path, content: str, form: InputFormat, message: str) -> None:
    path = tmp_path / "x.xml"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(MarknerError, match=rf"x\.xml: {message}"):
        list(read_documents([path], form, ReadOptions()))


@pytest.mark.parametrize(
    ("content", "form"),
    [("<collection/>", "bioc-xml"), ("<PubmedArticleSet/>", "pubmed"), ("<pmc-articleset/>", "jats")],
)
def test_a_collection_without_documents_is_empty(tmp_path: Path, content: str, form: InputFormat) -> None:
    path = tmp_path / "x.xml"
    path.write_text(content, encoding="utf-8")
    assert list(read_documents([path], form, ReadOptions())) == []


@pytest.mark.parametrize("identifier", ["", "<id/>"])
def test_documents_without_an_identifier_are_named_by_file_and_number(tmp_path: Path, identifier: str) -> None:
    for name in ("a.xml", "b.xml"):
        (tmp_path / name).write_text(FRAME.replace("<id>9</id>", identifier), encoding="utf-8")
    assert [document.id for document in read_documents([tmp_path], "auto", ReadOptions())] == ["a#1", "b#1"]


def test_annotations_inside_sentences_are_refused(tmp_path: Path) -> None:
    with pytest.raises(MarknerError, match="<sentence>"):
        read(tmp_path, "<passage><offset>0</offset><sentence><offset>0</offset><text>TNF</text></sentence></passage>")
