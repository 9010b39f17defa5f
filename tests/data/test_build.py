"""A corpus of one's own by settings alone, in each format; samples; wrong settings."""

from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

from markner.data.documents import Sentence, read_sentences
from markner.data.fetching.fetch import fetch_corpus
from markner.data.splits import build_split, counts_path
from markner.errors import MarknerError
from markner.files import read_json, write_json
from markner.study.schema.corpora import Corpus, Split, Variant

SAMPLE = "resources/sample"
TEXT_SOURCES: list[dict[str, Any]] = [
    {"format": "pubtator", "types": ["Gene"], "test": f"{SAMPLE}/pubtator/test.PubTator"},
    {"format": "bioc-xml", "types": ["Gene"], "test": {"path": f"{SAMPLE}/bioc/test.xml"}},
    {"format": "bc2gm", "test": {"files": [f"{SAMPLE}/bc2gm/test/{name}" for name in ("test.in", "GENE.eval")]}},
]


def build(
    tmp_path: Path, settings: dict[str, Any], variant: Variant = "raw", split: Split = "test", name: str = "mine"
) -> tuple[list[Sentence], dict[str, Any]]:
    corpus = Corpus.model_validate({"entity": "gene", "variant": variant, **settings})
    raw, output = tmp_path / "raw", tmp_path / variant / f"{split}.jsonl"
    fetch_corpus(corpus, raw, None)
    counts = build_split(name, corpus, corpus.sample, variant, split, raw, output)
    assert read_json(counts_path(output)) == counts
    return list(read_sentences(output)), counts


@pytest.fixture(autouse=True)
def in_the_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    """Local paths are relative to the working directory."""
    monkeypatch.chdir(ROOT)


def test_the_sample_corpus_is_the_same_in_all_formats(tmp_path: Path) -> None:
    seen = []
    for number, source in enumerate(TEXT_SOURCES):
        sentences, counts = build(tmp_path / str(number), {"raw": source})
        assert (counts["instances"], counts["mentions"], counts["marked"]) == (109, 45, 45)
        assert (counts["crossing"], counts["overlapping"], counts["text_differs"]) == (0, 0, 0)
        seen.append([(sentence.text, sentence.spans) for sentence in sentences])
    assert seen[0] == seen[1] == seen[2]
    iob = {"format": "iob", "test": f"{SAMPLE}/iob/gene/test.tsv"}
    sentences, counts = build(tmp_path, {"tokenized": iob}, variant="tokenized")
    assert (counts["instances"], counts["mentions"], counts["released_instances"]) == (109, 45, 109)
    spaceless = [["".join(text[start:end].split()) for start, end in spans] for text, spans in seen[0]]
    assert [["".join(s.text[a:b].split()) for a, b in s.spans] for s in sentences] == spaceless


def test_names_hold_corpus_variant_and_split(tmp_path: Path) -> None:
    sentences, _ = build(tmp_path, {"raw": TEXT_SOURCES[0]})
    assert sentences[0].id == "mine.raw.test.00001"
    assert sentences[0].document == "90000110"
    assert sentences[0].released is None
    iob, _ = build(
        tmp_path, {"tokenized": {"format": "iob", "test": f"{SAMPLE}/iob/gene/test.tsv"}}, variant="tokenized"
    )
    assert iob[-1].id == "mine.test.00109"
    assert iob[0].document == "test.tsv"


def test_a_sample_is_drawn_by_seed_in_order_and_keeps_names(tmp_path: Path) -> None:
    everything, _ = build(tmp_path, {"raw": TEXT_SOURCES[0]})
    drawn = {}
    for seed in (1, 2):
        sample = {"test": 20, "seed": seed}
        drawn[seed], counts = build(tmp_path, {"raw": TEXT_SOURCES[0], "sample": sample})
        assert (counts["instances"], counts["read"]) == (20, 109)
        assert [sentence for sentence in everything if sentence in drawn[seed]] == drawn[seed]
        assert build(tmp_path, {"raw": TEXT_SOURCES[0], "sample": sample})[0] == drawn[seed]
    assert drawn[1] != drawn[2]
    whole, _ = build(tmp_path, {"raw": TEXT_SOURCES[0], "sample": {"test": 10_000}})
    assert whole == everything


def test_sentences_that_the_release_lacks_are_not_released(tmp_path: Path) -> None:
    corpus = Corpus.model_validate(
        {
            "entity": "gene",
            "variant": "tokenized",
            "tokenized": {"format": "iob", "test": f"{SAMPLE}/iob/gene/test.tsv"},
        }
    )
    (row,) = fetch_corpus(corpus, tmp_path, None)
    write_json(tmp_path / "files.json", [{**row, "released_lacks": [109]}])
    counts = build_split("mine", corpus, corpus.sample, "tokenized", "test", tmp_path, tmp_path / "test.jsonl")
    sentences = list(read_sentences(tmp_path / "test.jsonl"))
    assert [sentence.id for sentence in sentences if sentence.released is None] == ["mine.test.00109"]
    assert (counts["instances"], counts["released_instances"]) == (109, 108)


@pytest.mark.parametrize(
    "source", [TEXT_SOURCES[0], TEXT_SOURCES[1], {"format": "iob", "test": f"{SAMPLE}/iob/gene/test.tsv"}]
)
def test_misspelt_types_are_an_error(tmp_path: Path, source: dict[str, Any]) -> None:
    variant: Variant = "tokenized" if source["format"] == "iob" else "raw"
    with pytest.raises(MarknerError, match="no mention of the types gene") as caught:
        build(tmp_path, {variant: source | {"types": ["gene"]}}, variant=variant)
    assert "Gene" in caught.value.fix


def test_bc2gm_needs_its_annotations(tmp_path: Path) -> None:
    with pytest.raises(MarknerError, match="takes 2 or 3 files"):
        build(tmp_path, {"raw": {"format": "bc2gm", "test": f"{SAMPLE}/bc2gm/test/test.in"}})


def test_a_split_without_files_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(MarknerError, match="no train split"):
        build(tmp_path, {"raw": TEXT_SOURCES[0]}, split="train")
