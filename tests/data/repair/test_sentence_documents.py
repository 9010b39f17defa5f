"""Sentences without a document get it back from the native text."""

from itertools import pairwise
from pathlib import Path

import pytest

from markner.data.documents import Document, Passage, Sentence
from markner.data.formats import iob
from markner.data.formats.annotations import ReadOptions
from markner.data.formats.document_files import read_documents
from markner.data.repair.documents import documents_of


def sentence(text: str) -> Sentence:
    return Sentence(text, "test.tsv", text)


def document(name: str, text: str) -> Document:
    return Document(name, text, (Passage(0, len(text), 0),))


def test_a_sentence_is_found_without_white_space_and_an_ambiguous_one_beside_its_neighbors() -> None:
    documents = [
        document("1", "Gout. METHODS Ten men. RESULTS Fine."),
        document("2", "Ataxia-telangiectasia (A-T). METHODS Two men. RESULTS Ill."),
        document("3", "Nothing. RESULTS"),
    ]
    texts = [
        "RESULTS",
        "Gout .",
        "METHODS",
        "Ten men .",
        "RESULTS",
        "Ataxia - telangiectasia ( A - T ) .",
        "METHODS",
        "Not there",
        "",
    ]
    expected = ["1", "1", "1", "1", "1", "2", "2", None, None]
    assert documents_of([sentence(text) for text in texts], documents) == expected


def test_a_sentence_is_in_no_document_across_two() -> None:
    assert documents_of([sentence("one two")], [document("1", "one"), document("2", "two")]) == [None]
    assert documents_of([sentence("one")], []) == [None]


@pytest.mark.corpora
@pytest.mark.parametrize(
    ("tokens", "native", "sentences", "documents"),
    [
        ("NCBI-disease-IOB/test.tsv", "ncbi-disease/NCBItestset_corpus.txt", 940, 100),
        ("BC5CDR-chem-IOB/test.tsv", "bc5cdr/CDR_TestSet.PubTator.txt", 4797, 500),
    ],
)
def test_every_sentence_of_the_real_test_sets_has_its_document(
    corpora_mirror: Path, tokens: str, native: str, sentences: int, documents: int
) -> None:
    rows = [sentence(row.text) for row in iob.read(corpora_mirror / "mtl-bioinformatics-2016" / tokens)]
    names = documents_of(rows, read_documents([corpora_mirror / native], "pubtator", ReadOptions()))
    assert (len(names), names.count(None), len(set(names))) == (sentences, 0, documents)
    # The files have the documents one after the other.
    assert sum(left != right for left, right in pairwise(names)) == documents - 1
