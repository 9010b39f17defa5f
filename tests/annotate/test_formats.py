"""Texts are read as they are, and what is written beside them has offsets that fit them."""

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args

import bioc
import pytest

from markner.data.documents import Document, Mention, PassageText, join_passages
from markner.data.formats import plain, pubtator
from markner.data.formats.annotations import ReadOptions
from markner.data.formats.document_files import format_of, read_documents, write_documents
from markner.data.formats.file_formats import FORMATS
from markner.errors import MarknerError
from markner.study.schema.formats import FileFormat, InputFormat, OutputFormat

TEXT = "Ataxia in 🧬 mice\r\n\r\n \tHeart\nfailure is αβ; no <mark>.\n\n\nEnd of ataxia\n"
MENTIONS = [Mention(TEXT.index(word), TEXT.index(word) + len(word), "disease") for word in ("Ataxia", "Heart\nfailure")]
MENTIONS.append(Mention(TEXT.index("αβ"), TEXT.index("αβ") + 2, "gene"))
WRITTEN: tuple[OutputFormat, ...] = ("pubtator", "bioc-xml", "bioc-json", "jsonl")


def read(path: Path, form: InputFormat = "auto") -> list[Document]:
    return list(read_documents([path], form, ReadOptions(mentions=False)))


def the_text(folder: Path) -> Document:
    path = folder / "own.txt"
    path.write_bytes(TEXT.encode())
    (document,) = read(path)
    return document


def write(path: Path, form: OutputFormat, document: Document, mentions: Sequence[Mention] = ()) -> None:
    write_documents([replace(document, mentions=tuple(mentions))], path, form)


def written(folder: Path, document: Document, form: OutputFormat) -> Path:
    path = folder / f"out.{form}"
    write(path, form, document, MENTIONS)
    return path


def test_paragraphs_of_plain_text_keep_their_place(tmp_path: Path) -> None:
    document = the_text(tmp_path)
    assert document.text == TEXT
    parts = [document.text[part.start : part.end] for part in document.passages]
    assert parts == ["Ataxia in 🧬 mice", "Heart\nfailure is αβ; no <mark>.", "End of ataxia"]


@pytest.mark.parametrize("text", ["", "\n", " \r\n\r\n ", "x", "x\n\ny", "\ufeffx", "a\n \n\n b  "])
def test_paragraphs_hold_all_that_is_not_white(text: str) -> None:
    (document,) = plain.read(io.BytesIO(text.encode()), "name", ReadOptions(identifier="id"))
    inside = "".join(document.text[part.start : part.end] for part in document.passages)
    assert "".join(inside.split()) == "".join(text.split())


def test_offsets_of_jsonl_fit_the_text(tmp_path: Path) -> None:
    row = json.loads(written(tmp_path, the_text(tmp_path), "jsonl").read_text(encoding="utf-8"))
    assert row["text"] == TEXT
    assert all(TEXT[mention["start"] : mention["end"]] == mention["text"] for mention in row["mentions"])


def test_offsets_of_pubtator_fit_the_text_whose_line_ends_are_spaces(tmp_path: Path) -> None:
    path = written(tmp_path, the_text(tmp_path), "pubtator")
    title, abstract, *rows = path.read_text(encoding="utf-8").strip().split("\n")
    text = title.removeprefix("own|t|") + " " + abstract.removeprefix("own|a|")
    assert text == TEXT.replace("\r", " ").replace("\n", " ")
    for row in rows:
        _, start, end, surface, *_ = row.split("\t")
        assert text[int(start) : int(end)] == surface
    assert [tuple(row.split("\t")[1:3]) for row in rows] == [(str(item.start), str(item.end)) for item in MENTIONS]
    (again,) = read_documents([path], "pubtator", ReadOptions())
    assert [item[:3] for item in again.mentions] == [item[:3] for item in MENTIONS]


@pytest.mark.parametrize("form", ["bioc-xml", "bioc-json"])
def test_bioc_is_read_by_its_own_library_with_offsets_that_fit_the_file(tmp_path: Path, form: OutputFormat) -> None:
    path = written(tmp_path, the_text(tmp_path), form)
    loader = bioc.biocxml if form == "bioc-xml" else bioc.biocjson
    (document,) = loader.loads(path.read_text(encoding="utf-8")).documents
    mentions = []
    for passage in document.passages:
        assert TEXT[passage.offset : passage.offset + len(passage.text)] == passage.text
        for annotation in passage.annotations:
            place = annotation.total_span
            assert TEXT[place.offset : place.end] == annotation.text
            mentions.append(Mention(place.offset, place.end, annotation.infons["type"]))
    assert mentions == MENTIONS


def test_brat_has_the_text_byte_for_byte_and_a_fragment_for_each_line(tmp_path: Path) -> None:
    folder = written(tmp_path, the_text(tmp_path), "brat")
    assert (folder / "own.txt").read_bytes() == TEXT.encode()
    rows = (folder / "own.ann").read_text(encoding="utf-8").splitlines()
    start = TEXT.index("Heart")
    assert rows[1] == f"T2\tdisease {start} {start + 5};{start + 6} {start + 13}\tHeart failure"


@pytest.mark.parametrize("form", ["pubtator", "bioc-xml", "bioc-json", "jsonl", "brat"])
def test_confidences_stand_where_the_format_has_a_place(tmp_path: Path, form: OutputFormat) -> None:
    document = join_passages("own", [PassageText("Ataxia and gout")], "\n")
    plain, scored = Mention(0, 6, "disease"), Mention(11, 15, "disease", confidence=0.875)
    path = tmp_path / "out"
    write(path, form, document, [plain, scored])
    text = (path / "own.ann" if form == "brat" else path).read_text(encoding="utf-8")
    if form == "jsonl":
        assert [mention.get("score") for mention in json.loads(text)["mentions"]] == [None, 0.875]
    elif form.startswith("bioc"):
        loader = bioc.biocxml if form == "bioc-xml" else bioc.biocjson
        annotations = loader.loads(text).documents[0].passages[0].annotations
        assert [annotation.infons.get("score") for annotation in annotations] == [None, "0.875"]
    elif form == "brat":
        assert text.splitlines()[2:] == ["#2\tAnnotatorNotes T2\tscore 0.875"]
    else:
        assert "0.875" not in text, "PubTator has no column for it"
    (again,) = read_documents([path], form, ReadOptions())
    assert [mention[:3] for mention in again.mentions] == [plain[:3], scored[:3]]


def test_brat_names_are_files_within_the_folder_and_never_the_same(tmp_path: Path) -> None:
    documents = [Document(identifier, "x", ()) for identifier in ("a", "a", "../b", "c/d", "")]
    write_documents(documents, tmp_path / "out", "brat")
    names = sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.txt"))
    assert names == ["a-2.txt", "a.txt", "b.txt", "c/d.txt", "document.txt"]


def test_brat_names_are_no_longer_than_file_systems_take(tmp_path: Path) -> None:
    names = ["x" * 300, "x" * 300, "ü" * 300, f"{'y' * 300}/{'z' * 300}"]
    write_documents([Document(name, "x", ()) for name in names], tmp_path / "out", "brat")
    written = sorted(path.relative_to(tmp_path / "out").as_posix() for path in (tmp_path / "out").rglob("*.txt"))
    assert written == [f"{'x' * 200}-2.txt", f"{'x' * 200}.txt", f"{'y' * 200}/{'z' * 200}.txt", f"{'ü' * 100}.txt"]


def test_passages_of_bioc_keep_their_own_offsets_and_infons(tmp_path: Path) -> None:
    path = tmp_path / "own.json"
    passages = [
        {"offset": 0, "infons": {"section": "TITLE"}, "text": "Ataxia"},
        {"offset": 100, "infons": {}, "text": "Heart failure"},
    ]
    path.write_text(json.dumps({"documents": [{"id": 7, "passages": passages}]}), encoding="utf-8")
    (document,) = read(path)
    out = tmp_path / "out.xml"
    write(out, "bioc-xml", document, [Mention(7, 12, "disease")])
    (again,) = bioc.biocxml.loads(out.read_text(encoding="utf-8")).documents
    assert [(passage.offset, passage.infons) for passage in again.passages] == [(0, {"section": "TITLE"}), (100, {})]
    (annotation,) = again.passages[1].annotations
    assert (annotation.total_span.offset, annotation.text) == (100, "Heart")


RECOGNISED: list[tuple[str, str, InputFormat]] = [
    ("a.txt", "1|t|Title\n1|a|Text\n", "pubtator"),
    ("a", '{"id": "1", "text": "x"}\n', "jsonl"),
    ("a", '{"documents": []}', "bioc-json"),
    ("a", '<?xml version="1.0"?>\n<collection></collection>', "bioc-xml"),
    ("a.md", "A text.", "text"),
    ("a.txt", "my note|t|Title\r\nmy note|a|Text\r\n", "pubtator"),
    ("a.txt", "PAR1 is a gene.", "text"),
    ("a.txt", "The statistic |t| was 2.", "text"),
    ("a.txt", '[Article in German] The "source" of gout.', "text"),
    ("a", '[ {"id": "1", "passages": []}]', "bioc-json"),
]


@pytest.mark.parametrize(("name", "content", "form"), RECOGNISED)
def test_formats_are_recognised(tmp_path: Path, name: str, content: str, form: InputFormat) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    assert read(path) == read(path, form)


@pytest.mark.parametrize(
    ("form", "content", "message"),
    [
        ("pubtator", "1|t|T\n2|a|A\n", "line 2: abstract of 2 without its title line"),
        ("pubtator", "Just a text.\n", "line 1: not a line of a PubTator document"),
        ("jsonl", '{"text": "x"}\n{"id": 1}\n', "line 2: not an object with a text"),
        ("jsonl", '{"text": "\\ud800"}\n', "line 1: character 0 is one half of a surrogate pair"),
        ("jsonl", f'{{"text": "x"}}\n{{"text": "x", "id": {"9" * 5000}}}\n', "line 2: JSON that cannot be read"),
        ("jsonl", "[" * 100_000 + "]" * 100_000, "line 1: JSON that cannot be read"),
        ("bioc-json", f'{{"documents": [{"9" * 5000}]}}', "not JSON"),
        ("bioc-json", "[" * 100_000 + "]" * 100_000, "not JSON"),
        ("bioc-xml", "<collection><document>", "not XML"),
        ("bioc-json", '{"documents": [{"id": "1"}]}', "document 1 has no passages"),
        ("bioc-json", '{"passages": [{"text": "x"}], "id": "1"}', "no offset that is a number"),
    ],
)
def test_a_damaged_file_is_an_error_with_its_place(
    tmp_path: Path, form: InputFormat, content: str, message: str
) -> None:
    path = tmp_path / "own"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(MarknerError, match=message):
        read(path, form)


def test_documents_without_an_id_are_named_by_file_and_line_or_number(tmp_path: Path) -> None:
    lines = '{"text": "x"}\n{"id": null, "text": "x"}\n{"id": "", "text": "x"}\n{"id": 0, "text": "x"}\n'
    for name in ("a.jsonl", "b.jsonl"):
        (tmp_path / name).write_text(lines, encoding="utf-8")
    rows = [{"passages": []}, {"id": None, "passages": []}, {"id": 0, "passages": []}]
    (tmp_path / "c.json").write_text(json.dumps({"documents": rows}), encoding="utf-8")
    names = [document.id for document in read(tmp_path)]
    assert names == ["a#1", "a#2", "a#3", "0", "b#1", "b#2", "b#3", "0", "c#1", "c#2", "0"]


def test_pubtator_names_a_document_without_an_identifier_by_its_number(tmp_path: Path) -> None:
    originals = [join_passages(identifier, [PassageText("Gout")], " ") for identifier in ("7", "", "")]
    write_documents(originals, tmp_path / "out.txt", "pubtator")
    documents = read(tmp_path / "out.txt")
    assert [(document.id, document.text) for document in documents] == [
        ("7", "Gout"),
        ("document#2", "Gout"),
        ("document#3", "Gout"),
    ]


def test_bytes_that_are_not_utf8_are_an_error(tmp_path: Path) -> None:
    (tmp_path / "own.txt").write_bytes(b"A\ncaf\xe9")
    with pytest.raises(MarknerError, match=r"own\.txt, line 2: not UTF-8"):
        read(tmp_path)


def test_a_pubtator_block_without_abstract_is_a_document() -> None:
    content = io.BytesIO(b"1|t|T\n1|a|A\n1\t0\t1\tT\tX\n\n2|t|U\n")
    documents = pubtator.read(content, "name", ReadOptions(mentions=False))
    assert [(document.id, document.text) for document in documents] == [("1", "T A"), ("2", "U")]


def test_the_table_of_formats_has_each_named_format_and_its_writer() -> None:
    assert set(FORMATS) == set(get_args(FileFormat))
    assert {name for name, entry in FORMATS.items() if entry.write is not None} == set(get_args(OutputFormat))
    assert [name for name, entry in FORMATS.items() if entry.read is None] == ["brat"]


def test_the_name_of_the_output_gives_its_format() -> None:
    names = ("a.jsonl", "a.xml", "a.json", "a.PubTator", "a")
    assert [format_of(Path(name)) for name in names] == ["jsonl", "bioc-xml", "bioc-json", "pubtator", "brat"]
    with pytest.raises(MarknerError, match="no format is known"):
        format_of(Path("a.csv"))


def test_a_writer_that_fails_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "out.xml"
    documents = [the_text(tmp_path), join_passages("1", [PassageText("a\0b")], " ")]
    with pytest.raises(MarknerError, match="XML cannot"):
        write_documents(documents, path, "bioc-xml")
    assert not path.exists()
