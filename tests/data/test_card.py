"""The dataset card."""

import csv
from pathlib import Path

import pytest

from markner.data.dataset_card import COLUMNS, write_card
from markner.data.fetching.fetch import fetch_corpus
from markner.data.splits import build_split
from markner.study.schema.corpora import Corpus

TRAIN = "the\tO\ngout\tB-D\n\nsame\tO\n\nsame\tO\n\n"
TEST = "same\tO\n\nother\tB-D\nx\tO\n\n"


@pytest.fixture
def card(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[list[dict[str, str]], str]:
    monkeypatch.chdir(tmp_path)
    Path("train.tsv").write_text(TRAIN)
    Path("test.tsv").write_text(TEST)
    Path("x.PubTator").write_text("1|t|The gout\n1|a|same\n1\t4\t8\tgout\tD\n")
    paper = {
        "train": {"instances": 1000, "mentions": 0, "empty": 2, "note": "One is at the end."},
        "test": {"instances": 2, "mentions": 1},
    }
    settings = {
        "entity": "disease",
        "variant": "tokenized",
        "tokenized": {"format": "iob", "train": "train.tsv", "test": "test.tsv"},
        "raw": {"format": "pubtator", "test": "x.PubTator"},
        "paper": paper,
    }
    corpora = {"mine": Corpus.model_validate(settings)}
    for name, corpus in corpora.items():
        fetch_corpus(corpus, tmp_path / name / "raw", None)
        for variant in corpus.variants():
            source = corpus.source(variant)
            assert source is not None
            for split in source.splits():
                output = tmp_path / name / variant / f"{split}.jsonl"
                build_split(name, corpus, corpus.sample, variant, split, tmp_path / name / "raw", output)
    write_card("demo", corpora, tmp_path, tmp_path / "corpora.csv", tmp_path / "corpora.md")
    with open("corpora.csv", newline="") as stream:
        return list(csv.DictReader(stream)), Path("corpora.md").read_text()


def test_a_row_for_each_split_route_and_marking(card: tuple[list[dict[str, str]], str]) -> None:
    rows, _ = card
    assert tuple(rows[0]) == COLUMNS
    found = [tuple(row[key] for key in COLUMNS[1:7]) for row in rows]
    assert found == [
        ("train", "tokenized", "span", "3", "1", "2"),
        # The mention of one token at the end is lost.
        ("train", "tokenized", "released", "3", "0", "3"),
        ("test", "tokenized", "span", "2", "1", "1"),
        ("test", "tokenized", "released", "2", "1", "1"),
        ("test", "raw", "span", "2", "1", "1"),
    ]


def test_differences_are_named_and_explained(card: tuple[list[dict[str, str]], str]) -> None:
    rows, markdown = card
    assert rows[0]["difference"] == "instances -997, mentions +1"
    assert rows[0]["explanation"] == "One is at the end."
    assert (rows[2]["difference"], rows[2]["explanation"], rows[2]["paper_empty"]) == ("", "", "")
    assert "- **mine, train**: One is at the end." in markdown
    assert "1,000" in markdown


def test_sentences_shared_with_training_are_counted_without_themselves(
    card: tuple[list[dict[str, str]], str],
) -> None:
    rows, _ = card
    assert [row["shared_with_training"] for row in rows] == ["2", "2", "1", "1", "0"]
    assert [row["duplicate_sentences"] for row in rows] == ["1", "1", "0", "0", "0"]
    assert [row["documents"] for row in rows] == ["", "", "", "", "1"]
