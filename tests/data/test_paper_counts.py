"""The real corpora: every count that is known of them, and spans that can be trusted."""

from functools import cache
from pathlib import Path
from typing import Any

import pytest

from markner.data.author_marks import write_author_release
from markner.data.documents import Document, Sentence, read_sentences
from markner.data.fetching.fetch import fetch_corpus
from markner.data.formats import bc2gm, iob
from markner.data.formats.annotations import ReadOptions
from markner.data.formats.document_files import read_documents
from markner.data.splits import build_split
from markner.study.schema.corpora import Corpus, Split, Variant

pytestmark = pytest.mark.corpora

MTL = "mtl-bioinformatics-2016"
PARTS = {"train": "train", "dev": "devel", "test": "test"}
CDR = {
    part: f"bc5cdr/CDR_{name}Set.PubTator.txt"
    for part, name in (("train", "Training"), ("dev", "Development"), ("test", "Test"))
}


def tagged(folder: str) -> dict[str, Any]:
    return {"format": "iob", **{split: f"{folder}/{part}.tsv" for split, part in PARTS.items()}}


def gene_mention(folder: str, name: str) -> dict[str, Any]:
    return {"files": [f"bc2gm/{folder}/{name}.in", f"bc2gm/{folder}/GENE.eval", f"bc2gm/{folder}/ALTGENE.eval"]}


def nlm_gene(part: str) -> dict[str, Any]:
    return {"ids": f"nlm-gene/Corpus/Pmidlist.{part}.txt", "pattern": "nlm-gene/Corpus/FINAL/{id}.BioC.XML"}


SOURCES: dict[str, dict[str, Any]] = {
    "ncbi": {
        "tokenized": tagged(f"{MTL}/NCBI-disease-IOB"),
        "raw": {
            "format": "pubtator",
            "types": ["SpecificDisease", "DiseaseClass", "Modifier", "CompositeMention"],
            **{
                split: f"ncbi-disease/NCBI{name}set_corpus.txt"
                for split, name in zip(PARTS, ("train", "develop", "test"), strict=True)
            },
        },
    },
    "chemical": {
        "tokenized": tagged(f"{MTL}/BC5CDR-chem-IOB"),
        "raw": {"format": "pubtator", "types": ["Chemical"], **CDR},
    },
    "disease": {
        "tokenized": tagged(f"{MTL}/BC5CDR-disease-IOB"),
        "raw": {"format": "pubtator", "types": ["Disease"], **CDR},
    },
    "bc2gm": {
        "tokenized": tagged("bc2gm/conll"),
        "raw": {
            "format": "bc2gm",
            "train": gene_mention("devel-split/train", "train"),
            "dev": gene_mention("devel-split/devel", "devel"),
            "test": gene_mention("test", "test"),
        },
    },
    "nlm_chem": {"raw": {"format": "pubtator", "types": ["Chemical"], "test": "nlm-chem/NLMchem_Test.PubTator"}},
    "nlm_gene": {"raw": {"format": "bioc-xml", "train": nlm_gene("Train"), "test": nlm_gene("Test")}},
}


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory, corpora_mirror: Path) -> Any:
    """Build a split of a corpus, once: its sentences and counts."""
    folder = tmp_path_factory.mktemp("corpora")

    @cache
    def raw(name: str) -> tuple[Corpus, Path]:
        variant = "tokenized" if "tokenized" in SOURCES[name] else "raw"
        corpus = Corpus.model_validate({"entity": "thing", "variant": variant, **SOURCES[name]})
        fetch_corpus(corpus, folder / name / "raw", corpora_mirror)
        return corpus, folder / name / "raw"

    @cache
    def build(name: str, variant: Variant, split: Split) -> tuple[list[Sentence], dict[str, Any]]:
        corpus, files = raw(name)
        output = folder / name / variant / f"{split}.jsonl"
        counts = build_split(name, corpus, corpus.sample, variant, split, files, output)
        return list(read_sentences(output)), counts

    return build


@pytest.mark.parametrize(
    ("name", "variant", "split", "expected"),
    [
        ("ncbi", "tokenized", "train", (5424, 5134, 2501)),
        ("ncbi", "tokenized", "dev", (923, 787, 434)),
        ("ncbi", "tokenized", "test", (940, 960, 401)),
        ("ncbi", "raw", "train", (5737, 5141, 2803)),
        ("ncbi", "raw", "test", (963, 960, 425)),
        ("chemical", "tokenized", "train", (4560, 5203, 1609)),
        ("chemical", "tokenized", "dev", (4581, 5347, 1564)),
        ("chemical", "tokenized", "test", (4797, 5385, 1706)),
        ("chemical", "raw", "train", (4662, 5202, 1674)),
        ("chemical", "raw", "test", (4853, 5385, 1744)),
        ("disease", "tokenized", "train", (4560, 4182, 1902)),
        # Two more than the native development set has.
        ("disease", "tokenized", "dev", (4581, 4246, 1854)),
        ("disease", "tokenized", "test", (4797, 4424, 1955)),
        ("disease", "raw", "test", (4853, 4424, 2015)),
        ("bc2gm", "tokenized", "train", (12500, 15197, 6111)),
        ("bc2gm", "tokenized", "dev", (2500, 3061, 1213)),
        ("bc2gm", "tokenized", "test", (5000, 6325, 2453)),
        ("bc2gm", "raw", "train", (12500, 15204, 6111)),
        ("bc2gm", "raw", "dev", (2500, 3061, 1213)),
        ("bc2gm", "raw", "test", (5000, 6331, 2453)),
        ("nlm_chem", "raw", "test", (11887, 11772, 6459)),
        ("nlm_gene", "raw", "test", (1121, 2755, 262)),
    ],
)
def test_counts(built: Any, name: str, variant: Variant, split: Split, expected: tuple[int, int, int]) -> None:
    sentences, counts = built(name, variant, split)
    assert (counts["instances"], counts["mentions"], counts["empty"]) == expected
    assert counts["marked"] == counts["mentions"] - counts["overlapping"] - counts["identical"]
    assert len({sentence.id for sentence in sentences}) == len(sentences)


@pytest.mark.parametrize(
    ("name", "split", "expected", "differing"),
    [
        ("ncbi", "train", (5424, 5132, 2502), 25),
        ("ncbi", "test", (940, 957, 402), 6),
        ("chemical", "train", (4560, 5203, 1609), 8),
        ("chemical", "test", (4797, 5385, 1706), 6),
        ("disease", "train", (4560, 4182, 1902), 5),
        ("disease", "test", (4797, 4424, 1955), 4),
        ("bc2gm", "train", (12500, 15195, 6113), 223),
        ("bc2gm", "test", (4999, 6324, 2452), 87),
    ],
)
def test_the_release_is_repeated(
    built: Any, tmp_path: Path, name: str, split: Split, expected: tuple[int, int, int], differing: int
) -> None:
    sentences, counts = built(name, "tokenized", split)
    assert tuple(counts[f"released_{key}"] for key in ("instances", "mentions", "empty")) == expected
    released = [sentence for sentence in sentences if sentence.released is not None]
    assert sum(sentence.released != marked_by_span(sentence) for sentence in released) == differing
    write_author_release(sentences, tmp_path / "released.txt")
    lines = (tmp_path / "released.txt").read_text(encoding="utf-8").split("\n")
    assert len(lines) == expected[0] + 1
    assert all(line.endswith(" ") for line in lines[:-1])


def marked_by_span(sentence: Sentence) -> str:
    marked, position = "", 0
    for start, end in sentence.spans:
        marked += f"{sentence.text[position:start]}<mark>{sentence.text[start:end]}</mark>"
        position = end
    return marked + sentence.text[position:]


def test_defects_of_the_release_are_repeated(built: Any) -> None:
    lines = {item.released for split in ("train", "test") for item in built("bc2gm", "tokenized", split)[0]}
    assert any(line and "<mark><mark>S2</mark> protein</mark>" in line for line in lines)
    assert [item.id for item in built("bc2gm", "tokenized", "test")[0] if item.released is None] == ["bc2gm.test.05000"]


@pytest.mark.parametrize(
    ("name", "split", "expected"),
    [
        (
            "ncbi",
            "train",
            {"documents": 593, "repeated_documents": 1, "crossing": 4, "text_differs": 1, "overlapping": 0},
        ),
        ("chemical", "train", {"documents": 500, "repeated_documents": 0, "crossing": 1, "text_differs": 0}),
        ("bc2gm", "train", {"documents": 12500, "crossing": 0, "overlapping": 7}),
        ("bc2gm", "test", {"documents": 5000, "crossing": 0, "overlapping": 6}),
        ("nlm_chem", "test", {"documents": 50, "repeated_documents": 0, "crossing": 0, "overlapping": 0}),
        ("nlm_gene", "train", {"documents": 450, "mentions": 12798, "text_differs": 88}),
        ("nlm_gene", "test", {"documents": 100, "mentions": 2755, "text_differs": 18, "overlapping": 26}),
    ],
)
def test_further_counts_of_the_raw_variant(built: Any, name: str, split: Split, expected: dict[str, int]) -> None:
    _, counts = built(name, "raw", split)
    assert {key: counts[key] for key in expected} == expected


def test_the_repeated_document_makes_eight_sentences(built: Any) -> None:
    sentences, _ = built("ncbi", "raw", "train")
    repeated = [sentence for sentence in sentences if sentence.document == "8528200"]
    assert len(repeated) // 2 == 5737 - 5729
    assert sum(len(sentence.mentions) for sentence in repeated) // 2 == 5141 - 5130


@pytest.mark.parametrize("name", SOURCES)
def test_spans_do_not_overlap_and_lie_inside_their_sentence(built: Any, name: str) -> None:
    for variant in SOURCES[name]:
        for sentence in built(name, variant, "test")[0]:
            assert sentence.text == sentence.text.strip() != ""
            bounds = [0, *(offset for span in sentence.spans for offset in span), len(sentence.text)]
            assert bounds == sorted(bounds)
            assert all(start < end for start, end in sentence.spans)
            assert set(sentence.spans) <= set(sentence.mentions)


@pytest.mark.parametrize(
    ("part", "chemicals", "diseases"), [("Training", 5203, 4182), ("Development", 5347, 4244), ("Test", 5385, 4424)]
)
def test_bioc_and_pubtator_hold_the_same(corpora_mirror: Path, part: str, chemicals: int, diseases: int) -> None:
    stem = corpora_mirror / "bc5cdr" / f"CDR_{part}Set"
    in_bioc = [
        contents(document) for document in read_documents([stem.with_suffix(".BioC.xml")], "bioc-xml", ReadOptions())
    ]
    in_pubtator = read_documents([stem.with_suffix(".PubTator.txt")], "pubtator", ReadOptions())
    assert in_bioc == [contents(document) for document in in_pubtator]
    kinds = [mention[2] for document in in_bioc for mention in document[2]]
    assert (kinds.count("Chemical"), kinds.count("Disease")) == (chemicals, diseases)


def contents(document: Document) -> tuple[str, list[str], list[tuple[int, int, str]]]:
    mentions = sorted((item.start, item.end, item.type) for item in document.mentions)
    return document.id, [document.text[part.start : part.end] for part in document.passages], mentions


def test_the_undivided_files_hold_all(corpora_mirror: Path) -> None:
    folder = corpora_mirror / "bc2gm" / "train"
    documents = list(bc2gm.read(folder / "train.in", folder / "GENE.eval"))
    assert (len(documents), sum(len(document.mentions) for document in documents)) == (15000, 18265)
    for split, expected in (("train", (12574, 15197)), ("devel", (2519, 3061)), ("test", (5038, 6325))):
        sentences = list(iob.read(corpora_mirror / MTL / "BC2GM-IOB" / f"{split}.tsv"))
        assert (len(sentences), sum(len(sentence.spans()) for sentence in sentences)) == expected
    for part, expected_genes in (("Train", 12761), ("Test", 2756)):
        path = corpora_mirror / f"nlm-gene/NLMgene_{part}.PubTator"
        copies = read_documents([path], "pubtator", ReadOptions(["Gene", "FamilyName"]))
        assert sum(len(copy.mentions) for copy in copies) == expected_genes
