"""Every format that is written keeps the mentions of real documents; what it loses is counted by kind."""

from pathlib import Path
from typing import get_args

import pytest
from conftest import ROOT

from markner.cli.main import main
from markner.data.documents import Document, Mention, PassageText, Span, join_passages
from markner.data.formats.annotations import ReadOptions
from markner.data.formats.conversion import convert, losses
from markner.data.formats.document_files import file_in, read_documents, write_documents
from markner.errors import MarknerError
from markner.study.schema.formats import InputFormat, OutputFormat

SAMPLE = ROOT / "resources" / "sample" / "pubtator" / "test.PubTator"
EXACT: tuple[OutputFormat, ...] = ("pubtator", "bioc-xml", "bioc-json", "jsonl", "spacy", "parquet", "brat")


def read(path: Path, form: InputFormat) -> dict[str, tuple[str, list[tuple[int, int, str, str | None]]]]:
    documents = read_documents([path], form, ReadOptions())
    return {
        item.id: (
            " ".join(item.text.split("\n")),
            sorted(((*each[:3], each.concept) for each in item.mentions), key=repr),
        )
        for item in documents
    }


def round_trip(source: Path, form: InputFormat, folder: Path) -> None:
    """Go through all formats in a row, and back to the first."""
    expected = read(source, form)
    assert len(expected) > 5
    assert sum(len(mentions) for _, mentions in expected.values()) > 50
    before, before_form = source, form
    for step, to in enumerate((*EXACT, "pubtator")):
        path = file_in(folder / str(step), to)
        path.parent.mkdir()
        count, lost = convert([before], before_form, path, to, ReadOptions())
        assert count == len(expected)
        assert set(lost) <= {
            "relations",
            "bounds of passages",
            "properties of passages",
            "properties of documents",
            "documents whose white space changed",
        }
        assert read(path, to) == expected, to
        before, before_form = path, to


def test_the_sample_goes_through_all_formats(tmp_path: Path) -> None:
    round_trip(SAMPLE, "pubtator", tmp_path)


@pytest.mark.corpora
@pytest.mark.parametrize("name", ["bc5cdr", "ncbi-disease"])
def test_real_corpora_go_through_all_formats(corpora_mirror: Path, tmp_path: Path, name: str) -> None:
    source = CORPORA[name]
    round_trip(corpora_mirror / source, "pubtator", tmp_path)


CORPORA = {
    "bc5cdr": "bc5cdr/CDR_TestSet.PubTator.txt",
    "ncbi-disease": "ncbi-disease/NCBItestset_corpus.txt",
}


def test_columns_keep_mentions_of_whole_tokens(tmp_path: Path) -> None:
    _, lost = convert([SAMPLE], "pubtator", tmp_path / "a.conll", "iob", ReadOptions())
    assert lost["mentions"] == lost["documents"] == lost["documents whose identifier changed"] == 0
    assert lost["documents whose white space changed"] > 5
    count, again = convert([tmp_path / "a.conll"], "auto", tmp_path / "b.conll", "iob", ReadOptions())
    assert count > 5
    assert (tmp_path / "b.conll").read_bytes() == (tmp_path / "a.conll").read_bytes()
    assert again["mentions"] == 0


def odd() -> Document:
    """Two passages; a discontinuous, a nested and a crossing mention, and one of two types; a relation."""
    document = join_passages(
        "a b", [PassageText("Breast and ovarian\ncancer", None, {"type": "x"}), PassageText("Gout")], "\n"
    )
    parts = (Span(0, 6), Span(19, 25))
    mentions = (
        Mention(0, 25, "D", None, parts),
        Mention(11, 25, "D"),
        Mention(19, 30, "D"),
        Mention(26, 30, "D"),
        Mention(26, 30, "G", concept="MESH:D1|2", confidence=0.5),
    )
    return Document(document.id, document.text, document.passages, mentions, {"key": "1"}, {"relations": 2})


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        (
            "pubtator",
            {
                "scores": 1,
                "parts of discontinuous mentions": 2,
                "documents whose identifier changed": 1,
                "documents whose white space changed": 1,
                "bounds of passages": 2,
                "properties of passages": 1,
                "properties of documents": 1,
            },
        ),
        ("bioc-xml", {"mentions": 1}),
        ("bioc-json", {"mentions": 1}),
        ("jsonl", {"bounds of passages": 2, "properties of passages": 1, "properties of documents": 1}),
        ("parquet", {"scores": 1, "properties of documents": 1, "documents whose white space changed": 1}),
        (
            "brat",
            {
                "documents whose identifier changed": 1,
                "bounds of passages": 2,
                "properties of passages": 1,
                "properties of documents": 1,
            },
        ),
        (
            "spacy",
            {
                "scores": 1,
                "parts of discontinuous mentions": 2,
                "bounds of passages": 2,
                "properties of passages": 1,
                "properties of documents": 1,
            },
        ),
    ],
)
def test_what_a_format_cannot_hold_is_counted_by_kind(
    tmp_path: Path, form: OutputFormat, expected: dict[str, int]
) -> None:
    path = file_in(tmp_path, form)
    write_documents([odd()], path, form)
    assert losses([odd()], read_documents([path], form, ReadOptions())) == {"relations": 2, **expected}


def test_columns_lose_concepts(tmp_path: Path) -> None:
    write_documents([odd()], tmp_path / "a.conll", "iob")
    lost = losses([odd()], read_documents([tmp_path / "a.conll"], "iob", ReadOptions()))
    assert (lost["concepts"], lost["mentions"]) == (1, 3)


def test_the_command_prints_what_is_lost(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = tmp_path / "a.PubTator"
    source.write_text(
        "1|t|Gout\n1|a|Aspirin\n1\t0\t4\tGout\tDisease\n1\t5\t12\tAspirin\tDrug\tD2\n1\tCID\tD1\tD2\n", encoding="utf-8"
    )
    assert main(["convert", str(source), str(tmp_path / "a.jsonl"), "--types", "Drug"]) == 0
    assert capsys.readouterr().err == (
        f"1 document written: {tmp_path / 'a.jsonl'}\n"
        "lost: bounds of passages (2), properties of passages (2), relations (1)\n"
    )
    assert read(tmp_path / "a.jsonl", "jsonl") == {"1": ("Gout Aspirin", [(5, 12, "Drug", "D2")])}
    assert main(["convert", str(source), str(tmp_path / "a.csv")]) == 64
    assert "no format is known by .csv" in capsys.readouterr().err


def test_types_that_the_input_lacks_are_an_error(tmp_path: Path) -> None:
    output = tmp_path / "a.jsonl"
    with pytest.raises(MarknerError, match="no mention of the types disease, drug") as caught:
        convert([SAMPLE], "pubtator", output, "jsonl", ReadOptions(["disease", "drug"]))
    assert "the files have Chemical, Disease, Gene" in caught.value.fix
    assert not output.exists()
    texts = tmp_path / "a.txt"
    texts.write_text("Gout.", encoding="utf-8")
    assert convert([texts], "text", output, "jsonl", ReadOptions(["disease"]))[0] == 1


@pytest.mark.parametrize("form", get_args(OutputFormat))
def test_no_documents_are_no_error(tmp_path: Path, form: OutputFormat) -> None:
    source, output = tmp_path / "empty.jsonl", file_in(tmp_path / "out", form)
    source.touch()
    assert convert([source], "auto", output, form, ReadOptions()) == (0, {})
    assert output.exists()
