"""PubTator files with every oddity that the real ones have."""

from pathlib import Path

import pytest

from markner.data.documents import Document, Mention
from markner.data.formats.annotations import ReadOptions
from markner.data.formats.document_files import read_documents
from markner.errors import MarknerError

PLAIN = "7|t|Gout and colchicine.\n7|a|It hurts.\n7\t0\t4\tGout\tDisease\tD006073\n7\t24\t29\thurts\tSymptom\t-\n"


def read(tmp_path: Path, content: str | bytes, types: list[str] | None = None) -> list[Document]:
    path = tmp_path / "x.PubTator"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(read_documents([path], "pubtator", ReadOptions(types)))


def passages(document: Document) -> list[str]:
    return [document.text[part.start : part.end] for part in document.passages]


def test_offsets_count_in_title_space_abstract(tmp_path: Path) -> None:
    (document,) = read(tmp_path, PLAIN)
    assert (document.id, passages(document)) == ("7", ["Gout and colchicine.", "It hurts."])
    assert document.mentions == (
        Mention(0, 4, "Disease", "Gout", concept="D006073"),
        Mention(24, 29, "Symptom", "hurts"),
    )
    assert document.text[24:29] == "hurts"


def test_types_choose_annotations(tmp_path: Path) -> None:
    (document,) = read(tmp_path, PLAIN, ["Disease"])
    assert [mention.type for mention in document.mentions] == ["Disease"]


@pytest.mark.parametrize(
    "content", ["\ufeff" + PLAIN, PLAIN.replace("\n", "\r\n"), "\n\n" + PLAIN + "\n\n", PLAIN.strip()]
)
def test_bom_crlf_and_empty_lines_change_nothing(tmp_path: Path, content: str) -> None:
    assert read(tmp_path, content) == read(tmp_path, PLAIN)


def test_relation_lines_and_the_seventh_column_are_not_used(tmp_path: Path) -> None:
    composite = "7\t0\t4\tGout\tDisease\tD1|D2\tGo|ut\n7\tCID\tD003078\tD006073\n7\tAssociation\tD1\tD2\tNovel\n"
    (document,) = read(tmp_path, PLAIN + composite, ["Disease"])
    assert len(document.mentions) == 2


def test_a_repeated_document_is_read_twice(tmp_path: Path) -> None:
    assert [document.id for document in read(tmp_path, PLAIN + "\n" + PLAIN)] == ["7", "7"]


def test_blocks_without_abstract_are_passages_of_one_document(tmp_path: Path) -> None:
    title = "7|t|Zinc title\n7|a|\n7\t0\t4\tZinc\tChemical\n\n"
    content = title + "7|t|A zinc passage\n7|a|\n7\t2\t6\tzinc\tChemical\n\n8|t|Other\n8|a|\n"
    first, second = read(tmp_path, content)
    assert passages(first) == ["Zinc title", "A zinc passage"]
    assert [first.text[mention.start : mention.end] for mention in first.mentions] == ["Zinc", "zinc"]
    assert (second.id, len(second.passages)) == ("8", 1)


def test_a_text_that_differs_is_kept_at_its_offsets(tmp_path: Path) -> None:
    (document,) = read(tmp_path, PLAIN.replace("4\tGout", "4\tGOUT"), ["Disease"])
    assert document.mentions == (Mention(0, 4, "Disease", "GOUT", concept="D006073"),)


def test_only_line_ends_end_a_line(tmp_path: Path) -> None:
    (document,) = read(tmp_path, "7|t|a\u2028b\u0085c\n7|a|d\n")
    assert passages(document)[0] == "a\u2028b\u0085c"


@pytest.mark.parametrize(
    ("line", "number", "what"),
    [
        ("7\t0\t99\tGout\tDisease", 5, "not a part of the text"),
        ("7\t4\t4\t\tDisease", 5, "not a part of the text"),
        ("7\t-1\t4\tGout\tDisease", 5, "not a part of the text"),
        ("7\t9\t25\tcolchicine. It h\tDisease", 5, "over the end of the title"),
        ("7\t0\tx\tGout\tDisease", 5, "must be numbers"),
        ("7\t0\t4\tGout", 5, "not a title, abstract, annotation"),
        ("8\t0\t4\tGout\tDisease", 5, "outside of its document"),
        ("8|a|text", 5, "without its title"),
        ("7|a|text", 5, "once"),
    ],
)
def test_damaged_lines_are_named(tmp_path: Path, line: str, number: int, what: str) -> None:
    with pytest.raises(MarknerError, match=what) as caught:
        # Damage is an error for annotations of other types, too.
        read(tmp_path, PLAIN + line + "\n", ["Symptom"])
    assert f"x.PubTator, line {number}" in caught.value.message


def test_other_encodings_are_named(tmp_path: Path) -> None:
    with pytest.raises(MarknerError, match="line 2: not UTF-8"):
        read(tmp_path, b"7|t|Gout\n7|a|caf\xe9\n")
