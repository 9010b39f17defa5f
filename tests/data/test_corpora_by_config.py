"""A corpus as annotation tools and the Hugging Face hub write it is added by one config entry, and trained on."""

import json
import sys
from collections.abc import Callable, Iterator
from io import StringIO
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

sys.path.append(str(ROOT / "tests" / "models"))

from test_tool_formats import COMMIT, write_table
from tiny_encoder import tiny_encoder

from markner.data.documents import Document, Sentence, read_sentences
from markner.data.fetching.fetch import fetch_corpus
from markner.data.formats import iob
from markner.data.formats.annotations import ReadOptions
from markner.data.formats.document_files import read_documents, write_documents
from markner.data.splits import build_split
from markner.errors import MarknerError
from markner.files import read_json
from markner.models.encoder.train import train_point
from markner.study.grid import Point
from markner.study.schema.corpora import Corpus, Variant
from markner.study.schema.systems import EncoderTraining

SAMPLE = ROOT / "resources" / "sample" / "pubtator" / "test.PubTator"
DOCUMENTS = list(read_documents([SAMPLE], "pubtator", ReadOptions()))
POINT = Point(learning_rate=1e-3, max_length=128, batch_size=16, dropout=0.1)
TRAINING = EncoderTraining(epochs=1, warmup=0.1, weight_decay=0.01, precision="fp32")


def trained(folder: Path, variant: Variant, file_format: str, test: Any) -> tuple[list[Sentence], Any]:
    """Add the diseases of a file with several types to a study by one entry; return its sentences and what trains."""
    section = {"format": file_format, "types": ["Disease"], "test": test}
    corpus = Corpus.model_validate({"entity": "disease", "variant": variant, variant: section})
    fetch_corpus(corpus, folder / "native", None)
    sentences, report = folder / "test.jsonl", folder / "report.json"
    build_split("own", corpus, corpus.sample, variant, "test", folder / "native", sentences)
    weights = tiny_encoder(folder / "weights", positions=128)
    train_point(weights, sentences, sentences, POINT, TRAINING, 1, folder / "model", report)
    return list(read_sentences(sentences)), read_json(report)


def test_an_error_names_the_file_as_the_study_does(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for place in ("data", f"{tmp_path}/data"):
        Path(place).mkdir(exist_ok=True)
        Path(place, "notes.jsonl").write_text("{}\n")
        section = {"format": "jsonl", "test": f"{place}/notes.jsonl"}
        corpus = Corpus.model_validate({"entity": "disease", "variant": "raw", "raw": section})
        fetch_corpus(corpus, tmp_path / "native", None)
        with pytest.raises(MarknerError) as raised:
            build_split("own", corpus, corpus.sample, "raw", "test", tmp_path / "native", tmp_path / "test.jsonl")
        assert raised.value.message == f"{place}/notes.jsonl, line 1: not an object with a text"


@pytest.mark.parametrize(
    ("variant", "file_format", "contents"),
    [
        ("tokenized", "iob", ["-DOCSTART-\n\n", "\n"]),
        ("raw", "jsonl", ['{"text": "Gout.", "spans": [], "answer": "reject"}\n']),
        ("raw", "label-studio", ['[{"id": 1, "data": {"text": "Gout."}, "annotations": []}]']),
    ],
)
def test_a_split_without_a_sentence_is_an_error(
    tmp_path: Path, variant: Variant, file_format: str, contents: list[str]
) -> None:
    files = [str(tmp_path / f"{number}.file") for number in range(len(contents))]
    for path, content in zip(files, contents, strict=True):
        Path(path).write_text(content)
    section = {"format": file_format, "types": ["Disease"], "test": {"files": files}}
    corpus = Corpus.model_validate({"entity": "disease", "variant": variant, variant: section})
    fetch_corpus(corpus, tmp_path / "native", None)
    with pytest.raises(MarknerError) as raised:
        build_split("own", corpus, corpus.sample, variant, "test", tmp_path / "native", tmp_path / "test.jsonl")
    others = " and 1 other file" if len(files) > 1 else ""
    assert raised.value.message == f"own, test: no sentence in {files[0]}{others}"
    assert not (tmp_path / "test.jsonl").exists()


def spans(document: Document, *keys: str) -> list[dict[str, Any]]:
    return [dict(zip(keys, mention[:3], strict=True)) for mention in document.mentions]


def prodigy(document: Document) -> dict[str, Any]:
    return {"text": document.text, "spans": spans(document, "start", "end", "label"), "answer": "accept"}


def doccano(document: Document) -> dict[str, Any]:
    return {"text": document.text, "label": [list(mention[:3]) for mention in document.mentions]}


def doccano_with_relations(document: Document) -> dict[str, Any]:
    entities = spans(document, "start_offset", "end_offset", "label")
    return {"text": document.text, "entities": entities, "relations": [{"from_id": 1, "to_id": 2, "type": "x"}]}


def label_studio(document: Document) -> dict[str, Any]:
    labels = [{"start": start, "end": end, "labels": [kind]} for start, end, kind, *_ in document.mentions]
    return {"id": document.id, "text": document.text, "label": labels, "annotator": 1}


def write_lines(row: Callable[[Document], dict[str, Any]]) -> Callable[[Path], str]:
    def write(folder: Path) -> str:
        rows = "".join(json.dumps(row(document)) + "\n" for document in DOCUMENTS)
        (folder / "own.jsonl").write_text(rows, encoding="utf-8")
        return str(folder / "own.jsonl")

    return write


def write_saved_folder(folder: Path) -> str:
    """Write a data set as `save_to_disk` of the library `datasets` does."""
    (folder / "own").mkdir()
    rows = [{"text": each.text, "entities": spans(each, "start", "end", "label")} for each in DOCUMENTS]
    write_table(folder / "own" / "data-00000-of-00001.arrow", rows)
    (folder / "own" / "state.json").write_text("{}", encoding="utf-8")
    return str(folder / "own")


def write_bigbio(path: Path) -> Path:
    """Write the documents as `bigbio_kb`, each as one passage."""
    write_documents(read_documents([write_lines(prodigy)(path.parent)], "jsonl", ReadOptions()), path, "parquet")
    return path


RAW: dict[str, tuple[str, Callable[[Path], Any]]] = {
    "Prodigy": ("jsonl", write_lines(prodigy)),
    "doccano": ("jsonl", write_lines(doccano)),
    "doccano with relations": ("jsonl", write_lines(doccano_with_relations)),
    "Label Studio": ("label-studio", write_lines(label_studio)),
    "a saved data set": ("parquet", write_saved_folder),
    "bigbio_kb": ("parquet", lambda folder: str(write_bigbio(folder / "own.parquet"))),
}


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Sentence], Any]:
    folder = tmp_path_factory.mktemp("expected")
    documents = read_documents([write_lines(prodigy)(folder)], "jsonl", ReadOptions())
    write_documents(documents, folder / "own.json", "bioc-json")
    return trained(folder, "raw", "bioc-json", str(folder / "own.json"))


def texts(sentences: list[Sentence]) -> list[tuple[str, Any]]:
    return [(sentence.text, sentence.spans) for sentence in sentences]


@pytest.mark.usefixtures("one_thread")
@pytest.mark.parametrize("tool", RAW)
def test_files_of_tools_are_trained_on(tmp_path: Path, tool: str, expected: tuple[list[Sentence], Any]) -> None:
    file_format, write = RAW[tool]
    sentences, report = trained(tmp_path, "raw", file_format, write(tmp_path))
    assert texts(sentences) == texts(expected[0])
    assert sum(len(sentence.spans) for sentence in sentences) > 30
    assert report == expected[1]


@pytest.mark.usefixtures("one_thread")
def test_a_data_set_of_the_hub_is_trained_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, expected: tuple[list[Sentence], Any]
) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    cached = tmp_path / "hub/datasets--bigbio--own/snapshots" / COMMIT / "data/test.parquet"
    cached.parent.mkdir(parents=True)
    write_bigbio(cached)
    url = f"hf://datasets/bigbio/own@{COMMIT}/data/test.parquet"
    sentences, report = trained(tmp_path, "raw", "parquet", {"files": [{"url": url}]})
    assert (texts(sentences), report) == (texts(expected[0]), expected[1])


SCHEMES = {"IOB2": "BIIB", "IOB1": "IIII", "IOBES": "BIES", "BILOU": "BILU"}
"""Letters of the first, of a middle, of the last and of a single token of an entity that touches no other."""

PLACES = {("B", True): 0, ("I", True): 1, ("I", False): 2, ("B", False): 3}
"""Which of them a token has, by its letter in IOB2 and by whether the entity goes on after it."""


def tagged_sentences() -> Iterator[list[tuple[str, str, str]]]:
    """Sentences of tokens, each with its letter in IOB2 and its type."""
    rows: list[tuple[str, str, str]] = []
    for token, letter, kind in tagged_tokens():
        if token:
            rows.append((token, letter, kind))
        elif rows:
            yield rows
            rows = []


def tagged_tokens() -> Iterator[tuple[str, str, str]]:
    stream = StringIO()
    iob.write(stream, DOCUMENTS)
    for line in stream.getvalue().split("\n"):
        token, _, tag = line.partition("\t")
        letter, _, kind = tag.partition("-")
        yield ("" if token == "-DOCSTART-" else token), letter, kind


def columns(scheme: str, separator: str) -> str:
    """Return the sentences in four columns, with tags of a scheme."""
    lines = [f"-DOCSTART-{separator}-X-{separator}O{separator}O", ""]
    for rows in tagged_sentences():
        before = ""
        for (token, letter, kind), (_, following, _) in pairwise([*rows, ("", "O", "")]):
            tag = "O"
            if letter != "O":
                touches = scheme == "IOB1" and letter == "B" and before == kind
                own = SCHEMES[scheme][PLACES[letter, following == "I"]]
                tag = f"{'B' if touches else own}-{kind}"
            lines.append(separator.join([token, "NN", "O", tag]))
            before = kind
        lines.append("")
    return "\n".join(lines)


@pytest.mark.usefixtures("one_thread")
def test_columns_of_every_scheme_are_trained_on(tmp_path: Path) -> None:
    results = {}
    for scheme in SCHEMES:
        for name, separator in (("spaces", " "), ("tabs", "\t")):
            folder = tmp_path / f"{scheme}-{name}"
            folder.mkdir()
            (folder / "own.conll").write_text(columns(scheme, separator), encoding="utf-8")
            results[scheme, name] = trained(folder, "tokenized", "iob", str(folder / "own.conll"))
    first = results["IOB2", "tabs"]
    assert sum(len(sentence.spans) for sentence in first[0]) > 30
    assert {key for key, value in results.items() if value != first} == set()
