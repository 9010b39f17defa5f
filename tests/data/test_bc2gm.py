"""BioCreative II GM files."""

from pathlib import Path

import pytest

from markner.data.documents import Document
from markner.data.formats import bc2gm
from markner.errors import MarknerError


def read(tmp_path: Path, sentences: str, genes: str) -> list[Document]:
    (tmp_path / "x.in").write_text(sentences, encoding="utf-8", newline="")
    (tmp_path / "GENE.eval").write_text(genes, encoding="utf-8", newline="")
    return list(bc2gm.read(tmp_path / "x.in", tmp_path / "GENE.eval"))


def surfaces(document: Document) -> list[str]:
    return [document.text[mention.start : mention.end] for mention in document.mentions]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_offsets_leave_out_spaces_and_the_end_is_inclusive(tmp_path: Path, end: str) -> None:
    first, second = read(
        tmp_path, f"S1 The  beta actin gene and TNF{end}S2 Nothing{end}", f"S1|3 11|beta actin{end}S1|19 21|TNF{end}"
    )
    assert surfaces(first) == ["beta actin", "TNF"]
    assert (first.id, surfaces(second)) == ("S1", [])


def test_overlapping_annotations_are_all_read(tmp_path: Path) -> None:
    (document,) = read(tmp_path, "S1 beta actin\n", "S1|0 8|beta actin\nS1|4 8|actin\n")
    assert surfaces(document) == ["beta actin", "actin"]


@pytest.mark.parametrize(
    ("sentences", "genes", "what"),
    [
        ("S1 TNF\n", "S1|0 3|TNF\n", r"GENE\.eval, line 1: characters 0 to 3"),
        ("S1 TNF\n", "S1|2 1|TNF\n", r"GENE\.eval, line 1: characters 2 to 1"),
        ("S1 TNF\n", "S2|0 2|TNF\n", r"GENE\.eval, line 1: annotation of S2"),
        ("S1 TNF\n", "S1|0-2|TNF\n", r"GENE\.eval, line 1: expected ID"),
        ("S1 TNF\nS1 TNF\n", "", r"x\.in, line 2: the identifier S1"),
        ("S1\n", "", r"x\.in, line 1: expected an identifier"),
    ],
)
def test_damage_is_named(tmp_path: Path, sentences: str, genes: str, what: str) -> None:
    with pytest.raises(MarknerError, match=what):
        read(tmp_path, sentences, genes)
