"""Offsets in characters, bytes and UTF-16 units: a wrong unit is an error, never a shifted gold."""

import gzip
import json
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from markner.data.documents import Document, read_sentences
from markner.data.fetching.fetch import fetch_corpus
from markner.data.formats.annotations import ReadOptions, character_positions
from markner.data.formats.document_files import read_documents
from markner.data.splits import build_split
from markner.errors import MarknerError
from markner.study.schema.corpora import Corpus, CorpusSource, OffsetUnit

TITLE = "Interféron-γ and 🧬 L-6"
ABSTRACT = "CFTR is mutated; 🧬 CFTR again."
TEXT = f"{TITLE} {ABSTRACT}"
Form = Literal["pubtator", "bioc-xml", "bioc-json", "jsonl", "brat", "parquet"]
FORMS: tuple[Form, ...] = ("pubtator", "bioc-xml", "bioc-json", "jsonl", "brat", "parquet")


def size(text: str, unit: OffsetUnit) -> int:
    return {"characters": len(text), "utf8": len(text.encode()), "utf16": len(text.encode("utf-16-le")) // 2}[unit]


def spans(unit: OffsetUnit) -> list[tuple[int, int, str]]:
    """Each gene of the text, with offsets in a unit."""
    places = [(TEXT.index("L-6"), "L-6"), (TEXT.index("CFTR"), "CFTR"), (TEXT.rindex("CFTR"), "CFTR")]
    return [(size(TEXT[:at], unit), size(TEXT[: at + len(gene)], unit), gene) for at, gene in places]


def write(path: Path, form: Form, unit: OffsetUnit) -> Path:
    if form == "pubtator":
        lines = "".join(f"1\t{start}\t{end}\t{text}\tGene\n" for start, end, text in spans(unit))
        path.write_text(f"1|t|{TITLE}\n1|a|{ABSTRACT}\n{lines}", encoding="utf-8")
    elif form == "brat":
        path.mkdir()
        lines = "".join(f"T1\tGene {start} {end}\t{text}\n" for start, end, text in spans(unit))
        (path / "1.txt").write_text(TEXT, encoding="utf-8")
        (path / "1.ann").write_text(lines, encoding="utf-8")
    elif form == "parquet":
        entities = [{"id": "1", "type": "Gene", "text": [text], "offsets": [span]} for *span, text in spans(unit)]
        titles = [{"id": "1", "type": "title", "text": [TEXT], "offsets": [[0, size(TEXT, unit)]]}]
        pq.write_table(pa.Table.from_pylist([{"id": "1", "passages": titles, "entities": entities}]), path)
    elif form == "jsonl":
        rows = [{"start": start, "end": end, "label": "Gene", "text": text} for start, end, text in spans(unit)]
        path.write_text(json.dumps({"id": "1", "text": TEXT, "spans": rows}) + "\n", encoding="utf-8")
    else:
        begin = size(f"{TITLE} ", unit)
        passages = [{"offset": 0, "text": TITLE, "annotations": spans(unit)[:1]}]
        passages.append({"offset": begin, "text": ABSTRACT, "annotations": spans(unit)[1:]})
        path.write_text(as_json(passages) if form == "bioc-json" else as_xml(passages), encoding="utf-8")
    return path


def as_json(passages: list[dict[str, Any]]) -> str:
    def annotation(start: int, end: int, text: str) -> dict[str, Any]:
        place = {"offset": start, "length": end - start}
        return {"id": "1", "infons": {"type": "Gene"}, "text": text, "locations": [place]}

    rows = [
        {**row, "infons": {}, "annotations": [annotation(*span) for span in row["annotations"]]} for row in passages
    ]
    return json.dumps({"documents": [{"id": "1", "infons": {}, "passages": rows}]})


def as_xml(passages: list[dict[str, Any]]) -> str:
    parts = []
    for row in passages:
        annotations = "".join(
            f'<annotation id="1"><infon key="type">Gene</infon><location offset="{start}" length="{end - start}"/>'
            f"<text>{text}</text></annotation>"
            for start, end, text in row["annotations"]
        )
        parts.append(f"<passage><offset>{row['offset']}</offset><text>{row['text']}</text>{annotations}</passage>")
    return f"<collection><document><id>1</id>{''.join(parts)}</document></collection>"


def read(path: Path, form: Form, unit: OffsetUnit) -> list[str]:
    (document,) = read_documents([path], form, ReadOptions(offsets=unit))
    return surfaces(document)


def surfaces(document: Document) -> list[str]:
    return [document.text[mention.start : mention.end] for mention in document.mentions]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("unit", ["characters", "utf8", "utf16"])
def test_the_configured_unit_gives_the_annotated_texts(tmp_path: Path, form: Form, unit: OffsetUnit) -> None:
    assert read(write(tmp_path / "x", form, unit), form, unit) == ["L-6", "CFTR", "CFTR"]


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("unit", ["characters", "utf8", "utf16"])
@pytest.mark.parametrize("configured", ["characters", "utf8", "utf16"])
def test_another_unit_is_an_error_that_names_the_setting(
    tmp_path: Path, form: Form, unit: OffsetUnit, configured: OffsetUnit
) -> None:
    if unit == configured:
        return
    with pytest.raises(MarknerError, match=r"/x.*: the offsets count") as caught:
        read(write(tmp_path / "x", form, unit), form, configured)
    assert f"`offsets: {unit}`" in caught.value.fix


@pytest.mark.parametrize("form", ["brat", "jsonl"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
@pytest.mark.parametrize("unit", ["characters", "utf8"])
def test_line_ends_and_byte_order_marks_that_are_not_counted_are_an_error(
    tmp_path: Path, form: Form, mark: str, line_end: str, unit: OffsetUnit
) -> None:
    counted = "γγ: Gout.\nNo fever.\nAspirin for asthma.\n"
    text = mark + counted.replace("\n", line_end)
    for base in dict.fromkeys((text, counted)):
        places = [(size(base[: base.index(each)], unit), each) for each in ("Gout", "Aspirin", "asthma")]
        path = tmp_path / ("right" if base == text else "shifted")
        if form == "brat":
            path.mkdir()
            (path / "1.txt").write_bytes(text.encode())
            rows = "".join(f"T1\tX {at} {at + len(each)}\t{each}\n" for at, each in places)
            (path / "1.ann").write_text(rows, encoding="utf-8")
        else:
            spans = [{"start": at, "end": at + len(each), "label": "X", "text": each} for at, each in places]
            path.write_text(json.dumps({"text": text, "spans": spans}), encoding="utf-8")
        if base == text:
            assert read(path, form, unit) == ["Gout", "Aspirin", "asthma"]
            continue
        causes = [cause for cause, there in (("CRLF", line_end == "\r\n"), (r"U\+FEFF", bool(mark))) if there]
        message = f"shifted.*: the offsets do not count .*{'.*'.join(causes)}.*: 3 of the annotated texts"
        with pytest.raises(MarknerError, match=message):
            read(path, form, unit)


@pytest.mark.parametrize("unit", ["characters", "utf8"])
def test_offsets_that_count_crlf_in_a_text_of_lf_are_an_error(tmp_path: Path, unit: OffsetUnit) -> None:
    text = "γγ: Gout.\nNo fever.\nAspirin for asthma.\n"
    counted = text.replace("\n", "\r\n")
    places = [(size(counted[: counted.index(each)], unit), each) for each in ("Gout", "Aspirin", "asthma")]
    (tmp_path / "1.txt").write_bytes(text.encode())
    rows = "".join(f"T1\tX {at} {at + len(each)}\t{each}\n" for at, each in places)
    (tmp_path / "1.ann").write_text(rows, encoding="utf-8")
    with pytest.raises(MarknerError, match=r"1\.txt: the offsets count line ends as two characters \(CRLF\).*: 3 of"):
        read(tmp_path, "brat", unit)
    (tmp_path / "1.txt").write_bytes(counted.encode())
    assert read(tmp_path, "brat", unit) == ["Gout", "Aspirin", "asthma"]


def test_an_offset_inside_a_character_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_text('{"text": "γ-GT", "spans": [[1, 2, "Gene"]]}\n', encoding="utf-8")
    with pytest.raises(MarknerError, match="x, line 1: offsets 1 to 2 are not a part of the text"):
        list(read_documents([path], "jsonl", ReadOptions(offsets="utf8")))


@pytest.mark.parametrize("form", ["iob", "bc2gm"])
def test_formats_without_such_offsets_refuse_the_setting(form: str) -> None:
    with pytest.raises(ValueError, match="`offsets` has no meaning"):
        CorpusSource.model_validate({"format": form, "offsets": "utf8", "test": "x"})


def test_existing_annotations_are_ignored_without_mentions(tmp_path: Path) -> None:
    path = write(tmp_path / "x", "pubtator", "utf8")
    (document,) = read_documents([path], "pubtator", ReadOptions(mentions=False))
    assert (document.text, document.mentions) == (TEXT, ())


@given(st.text())
def test_positions_are_those_of_the_encoded_text(text: str) -> None:
    for unit, encoding, width in (("utf8", "utf-8", 1), ("utf16", "utf-16-le", 2)):
        positions = character_positions(text, unit)  # type: ignore[arg-type]
        for place in range(len(text) + 1):
            offset = len(text[:place].encode(encoding)) // width
            assert (offset if positions is None else positions[offset]) == place


SPANS: dict[str, dict[str, Any]] = {
    "MarkNER": {"mentions": [{"start": 0, "end": 4, "type": "Gene", "text": "CFTR"}]},
    "Prodigy": {"spans": [{"start": 0, "end": 4, "label": "Gene"}], "answer": "accept"},
    "doccano": {"label": [[0, 4, "Gene"]]},
    "doccano, relations": {"entities": [{"id": 1, "label": "Gene", "start_offset": 0, "end_offset": 4}]},
}


@pytest.mark.parametrize("tool", SPANS)
@pytest.mark.parametrize("packed", [False, True])
def test_json_lines_of_spans_are_a_corpus(tmp_path: Path, tool: str, packed: bool) -> None:
    rows = [{"text": "CFTR is mutated. Nothing here.", **SPANS[tool]}, {"text": "None.", "answer": "reject"}]
    content = "\n".join(map(json.dumps, rows if tool == "Prodigy" else rows[:1])).encode()
    path = tmp_path / ("x.jsonl.gz" if packed else "x.jsonl")
    path.write_bytes(gzip.compress(content) if packed else content)
    raw = {"format": "jsonl", "types": ["Gene"], "test": str(path)}
    corpus = Corpus.model_validate({"entity": "gene", "variant": "raw", "raw": raw})
    fetch_corpus(corpus, tmp_path / "native", None)
    build_split("mine", corpus, corpus.sample, "raw", "test", tmp_path / "native", tmp_path / "test.jsonl")
    sentences = list(read_sentences(tmp_path / "test.jsonl"))
    assert [[item.text[start:end] for start, end in item.spans] for item in sentences] == [["CFTR"], []]


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ('{"text": "CFTR"}', "line 2: no list of spans"),
        ('{"text": "CFTR", "spans": [[0, 4]]}', "line 2: not a span"),
        ('{"text": "CFTR", "spans": [{"start": Infinity, "end": 4, "label": "A"}]}', "line 2: not a span"),
        ('{"text": "CFTR", "spans": [[0, 5, "Gene"]]}', "line 2: offsets 0 to 5 are not a part of the text"),
    ],
)
def test_damaged_spans_are_named(tmp_path: Path, line: str, message: str) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text(f'{{"text": "CFTR", "spans": []}}\n{line}\n', encoding="utf-8")
    with pytest.raises(MarknerError, match=message):
        list(read_documents([path], "auto", ReadOptions()))


def test_gzipped_texts_are_unpacked_and_keep_their_names(tmp_path: Path) -> None:
    folder = tmp_path / "texts"
    folder.mkdir()
    (folder / "a.txt.gz").write_bytes(gzip.compress(b"A text."))
    (folder / "b.PubTator.gz").write_bytes(gzip.compress(b"1|t|T\n1|a|A\n"))
    documents = list(read_documents([folder], "auto", ReadOptions(mentions=False)))
    assert [(document.id, document.text) for document in documents] == [("a", "A text."), ("1", "T A")]


def test_a_damaged_gzipped_file_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "a.txt.gz"
    path.write_bytes(gzip.compress(b"A text. " * 100)[:-12])
    with pytest.raises(MarknerError, match=r"a\.txt\.gz: the gzipped file is damaged"):
        list(read_documents([path], "auto", ReadOptions()))
