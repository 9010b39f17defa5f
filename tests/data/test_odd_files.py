"""Odd files from public bug reports: read, or refused with their place."""

import os
from pathlib import Path

import pytest

from markner.data.documents import Document
from markner.data.formats.annotations import ReadOptions
from markner.data.formats.document_files import read_documents
from markner.errors import MarknerError
from markner.study.schema.formats import InputFormat

BOMB = '<!DOCTYPE c [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'
OUTSIDE = '<!DOCTYPE c [<!ENTITY a SYSTEM "file:///etc/hostname">]>'
BIOC = "<collection><document><id>1</id><passage><offset>0</offset><text>{}</text></passage></document></collection>"


def read(tmp_path: Path, content: str, file_format: InputFormat, *, mentions: bool = True) -> list[Document]:
    path = tmp_path / "x"
    path.write_bytes(content.encode(errors="surrogateescape"))
    return list(read_documents([path], file_format, ReadOptions(mentions=mentions)))


def surfaces(document: Document) -> list[str]:
    return [document.text[mention.start : mention.end] for mention in document.mentions]


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param("1|t|A\0B gout\n1|a|Text\n1\t4\t8\tgout\tD\n", ["gout"], id="NUL"),
        pytest.param("1|t|p|q|a|gout\n1|a|Text\n1\t6\t10\tgout\tD\n", ["gout"], id="pipes in the title"),
        pytest.param("1|t|A\u2028gout\n1|a|Text\n1\t2\t6\tgout\tD\n", ["gout"], id="U+2028"),
        pytest.param("1|t|Title\n1|a|\n1\t0\t5\tTitle\tD\n", ["Title"], id="an empty abstract"),
        pytest.param("1|t|\n1|a|gout\n1\t1\t5\tgout\tD\n", ["gout"], id="an empty title"),
        pytest.param("1|t|gout\n1\t0\t4\tgout\tD\n", ["gout"], id="no abstract"),
        pytest.param("1|t|GOUT\n1|a|T\n1\t0\t4\tarthritis, gouty\tD\tMESH:D1\n", ["GOUT"], id="a normalized name"),
        pytest.param("1|t|gout\n1|a|T\n1\tAssociation\tD1\tD2\tNovel\n1\t0\t4\tgout\tD\n", ["gout"], id="a relation"),
    ],
)
def test_odd_pubtator_is_read(tmp_path: Path, content: str, expected: list[str]) -> None:
    (document,) = read(tmp_path, content, "pubtator")
    assert surfaces(document) == expected


@pytest.mark.parametrize("target", ["nothing", "elsewhere"])
def test_a_link_in_a_folder_that_is_not_followed_is_an_error(tmp_path: Path, target: str) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "texts").mkdir()
    for name in ("texts/a.txt", "elsewhere/b.txt"):
        (tmp_path / name).write_text("Gout.")
    (tmp_path / "texts" / "c.txt").symlink_to(tmp_path / "elsewhere" / "b.txt")
    documents = read_documents([tmp_path / "texts"], "text", ReadOptions())
    assert [document.id for document in documents] == ["a", "c"]
    (tmp_path / "texts" / "d").symlink_to(tmp_path / target)
    with pytest.raises(MarknerError, match="texts/d: a link to a folder or to nothing, which is not followed"):
        list(read_documents([tmp_path / "texts"], "text", ReadOptions()))


def test_a_text_of_brat_without_its_annotation_file_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("Gout.")
    with pytest.raises(MarknerError, match=r"a\.ann: no such file beside its text"):
        list(read_documents([tmp_path], "brat", ReadOptions()))
    assert list(read_documents([tmp_path], "brat", ReadOptions(mentions=False)))


@pytest.mark.parametrize("line", ["<html>", " T1\tD 0 4\tGout", "\x1a"])
def test_another_line_in_an_annotation_file_of_brat_is_an_error(tmp_path: Path, line: str) -> None:
    (tmp_path / "1.txt").write_text("Gout.")
    (tmp_path / "1.ann").write_text(f"T1\tD 0 4\tGout\n{line}{'x' * 500}\n")
    with pytest.raises(MarknerError, match=r"1\.ann, line 2: not a text-bound annotation: '.{,90}'\n"):
        list(read_documents([tmp_path], "brat", ReadOptions()))


@pytest.mark.parametrize("file_format", ["text", "brat"])
def test_a_folder_is_read_whole_without_hidden_files_or_refused(tmp_path: Path, file_format: InputFormat) -> None:
    (tmp_path / "Thumbs.db").write_bytes(b"\xff")
    for name in ("b/c", "a", "._a", ".DS_Store", ".ipynb_checkpoints/a", "b/.hidden/d"):
        for ending in ("txt", "ann"):
            path = tmp_path / f"{name}.{ending}"
            if ending == "ann" and file_format == "text":
                continue
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(b"\xff" if "/." in str(path) else b"Gout." if ending == "txt" else b"")
    documents = list(read_documents([tmp_path], file_format, ReadOptions()))
    assert [document.id for document in documents] == ["a", "b/c"]
    (tmp_path / "b").chmod(0)
    try:
        if os.access(tmp_path / "b", os.R_OK):
            pytest.skip("the permissions of root are not limited")
        with pytest.raises(MarknerError, match="b: cannot be read: Permission denied"):
            list(read_documents([tmp_path], file_format, ReadOptions()))
    finally:
        (tmp_path / "b").chmod(0o755)


@pytest.mark.parametrize(
    ("content", "file_format"),
    [("1|t|gout\r1|a|T\r1\t0\t4\tgout\tD\r", "pubtator"), ("The O\rgout B-D\r", "iob"), ('{"text": ""}\r{}', "jsonl")],
)
def test_lines_that_end_with_cr_alone_are_an_error(tmp_path: Path, content: str, file_format: InputFormat) -> None:
    with pytest.raises(MarknerError, match="/x: its lines end with CR alone"):
        read(tmp_path, content, file_format)
    assert read(tmp_path, content.replace("\r", "\r\n").replace("{}", ""), file_format, mentions=False)


def test_documents_need_no_empty_line_between_them(tmp_path: Path) -> None:
    documents = read(tmp_path, "1|t|gout\n1|a|T\n1\t0\t4\tgout\tD\n2|t|pain\n2|a|T\n2\t0\t4\tpain\tD\n", "pubtator")
    assert [surfaces(document) for document in documents] == [["gout"], ["pain"]]


def test_bioc_without_documents_is_empty(tmp_path: Path) -> None:
    assert read(tmp_path, "<collection><source/></collection>", "bioc-xml") == []
    assert read(tmp_path, '{"documents": []}', "bioc-json") == []


@pytest.mark.parametrize("declaration", [BOMB, OUTSIDE])
def test_entities_of_xml_are_not_expanded(tmp_path: Path, declaration: str) -> None:
    name = "&b;" if declaration == BOMB else "&a;"
    documents = read(tmp_path, declaration + BIOC.format(f"gout {name}"), "bioc-xml")
    assert [document.text.strip() for document in documents] == ["gout"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            '{"documents": [{"id": "1", "passages": [{"offset": 0, "text": "gout", "annotations": [{"id": "T1"}]}]}]}',
            "T1",
        ),
        ("[1, 2]", "document 1 has no passages"),
        ('["\udce9"]', "not UTF-8: .* at byte 2"),
        ("{", "not JSON"),
        ("5", "not a collection"),
    ],
)
def test_damaged_bioc_json_is_an_error(tmp_path: Path, content: str, message: str) -> None:
    with pytest.raises(MarknerError, match=rf"/x.*{message}"):
        read(tmp_path, content, "bioc-json")
