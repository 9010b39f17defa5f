"""Files of annotation tools and data set libraries: Label Studio, spaCy, Parquet and Arrow of Hugging Face."""

import json
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.ipc as ipc
import pyarrow.parquet as pq
import pytest
import spacy
from spacy.tokens import DocBin

from markner.data.documents import Document
from markner.data.fetching.fetch import fetch_corpus
from markner.data.formats.annotations import ReadOptions
from markner.data.formats.document_files import read_documents
from markner.errors import MarknerError
from markner.study.schema.corpora import Corpus
from markner.study.schema.formats import InputFormat

TEXT = "BRCA1 and 🧬 breast cancer."
START = TEXT.index("breast")


def read(path: Path, form: InputFormat = "auto", **options: Any) -> list[Document]:
    return list(read_documents([path], form, ReadOptions(**options)))


def found(document: Document) -> list[tuple[str, str]]:
    return [(document.text[mention.start : mention.end], mention.type) for mention in document.mentions]


def label(start: int, end: int, kind: str) -> dict[str, Any]:
    value = {"start": start, "end": end, "text": TEXT[START : START + 13] if start else "BRCA1", "labels": [kind]}
    return {"id": "x", "type": "labels", "from_name": "label", "to_name": "text", "value": value}


RESULTS = [label(0, 5, "Gene"), label(START + 1, START + 14, "Disease"), {"type": "relation", "from_id": "x"}]
TASK = {
    "id": 7,
    "annotations": [{"was_cancelled": True, "result": [label(0, 5, "Wrong")]}, {"result": RESULTS}],
    "data": {"text": TEXT},
}
MINIMAL = {"id": 7, "text": TEXT, "label": [result["value"] for result in RESULTS[:2]], "annotator": 1}
LONG = {"text": "Gout. " * 2000, "id": 6, "label": [{"start": 0, "end": 4, "labels": ["Disease"]}]}


@pytest.mark.parametrize(
    ("name", "content", "ignored"),
    [
        ("a.json", json.dumps([TASK], indent=1), {"relations": 1}),
        ("a.json", json.dumps([MINIMAL]), {}),
        pytest.param("a.json", json.dumps([LONG, MINIMAL], indent=1), {}, id="a long first text"),
        ("lines", json.dumps(TASK) + "\n", {"relations": 1}),
    ],
)
def test_label_studio_is_recognized_and_read(tmp_path: Path, name: str, content: str, ignored: dict[str, int]) -> None:
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    document = read(path, offsets="utf16")[-1]
    assert (document.id, found(document)) == ("7", [("BRCA1", "Gene"), ("breast cancer", "Disease")])
    assert document.ignored == ignored
    assert read(path, "label-studio", mentions=False)[-1].text == TEXT
    assert found(read(path, "label-studio", offsets="utf16", types=["Gene"])[-1]) == [("BRCA1", "Gene")]
    with pytest.raises(MarknerError, match="task 7: the offsets count UTF-16 units"):
        read(path, "label-studio")


def test_tasks_that_nobody_annotated_are_left_out_of_a_corpus(tmp_path: Path) -> None:
    annotations = {"done": [{"result": []}], "skipped": [{"was_cancelled": True, "result": []}], "open": []}
    tasks = [{"id": name, "annotations": each, "data": {"text": "Gout."}} for name, each in annotations.items()]
    (tmp_path / "a.json").write_text(json.dumps(tasks), encoding="utf-8")
    assert [document.id for document in read(tmp_path / "a.json", "label-studio")] == ["done"]
    assert [document.id for document in read(tmp_path / "a.json", "label-studio", mentions=False)] == [*annotations]


@pytest.mark.parametrize("lines", [False, True])
def test_the_last_row_of_a_task_counts_in_json_min(tmp_path: Path, lines: bool) -> None:
    first, last = label(0, 5, "Wrong")["value"], label(0, 5, "Gene")["value"]
    rows = [MINIMAL | {"label": [first]}, {"id": 8, "text": "Gout.", "label": []}, MINIMAL | {"label": [last]}]
    path = tmp_path / "a.json"
    path.write_text("\n".join(map(json.dumps, rows)) if lines else json.dumps(rows), encoding="utf-8")
    documents = read(path, "label-studio", offsets="utf16")
    assert [(document.id, found(document)) for document in documents] == [("7", [("BRCA1", "Gene")]), ("8", [])]


def test_rows_of_json_min_without_an_id_and_tasks_of_json_all_stay(tmp_path: Path) -> None:
    rows = [{"text": "x"}, {"id": None, "text": "y"}, TASK, TASK]
    (tmp_path / "a.json").write_text(json.dumps(rows), encoding="utf-8")
    names = [document.id for document in read(tmp_path / "a.json", "label-studio", mentions=False)]
    assert names == ["a#1", "a#2", "7", "7"]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("[1", "a.json, line 1: not valid JSON"),
        (f"[{'9' * 5000}]", "a.json: JSON that cannot be read"),
        ('[{"id": 3, "data": {"body": "x"}}]', "task 3: has no `text`"),
        ('[{"id": 3, "text": "x", "label": [{"labels": ["A"]}]}]', "task 3, result 1: not a span"),
        ('[{"id": 3, "text": "x", "spans": [{"start": 0, "end": 1, "label": "A"}]}]', "result 1: a label that is not"),
        ('[{"id": 3, "data": {"text": "x"}, "annotations": [{"result": [1]}]}]', "task 3: results that are not"),
        ('[{"id": 3, "data": {"text": "x"}, "annotations": [{"result": null}]}]', "task 3: results that are not"),
        ('[{"id": 3, "text": "x", "label": [{"start": 0, "end": 1, "labels": "AB"}]}]', "result 1: its labels are not"),
    ],
)
def test_damaged_label_studio_is_named(tmp_path: Path, content: str, message: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(content, encoding="utf-8")
    with pytest.raises(MarknerError, match=message):
        read(path, "label-studio")


def test_docbin_of_spacy_is_read(tmp_path: Path) -> None:
    doc = spacy.blank("en")(TEXT)
    doc.ents = [doc.char_span(0, 5, label="Gene")]  # type: ignore[list-item]
    doc.spans["sc"] = [doc.char_span(START, START + 13, label="Disease"), doc.char_span(0, 5, label="Gene")]  # type: ignore[list-item]
    DocBin(docs=[doc]).to_disk(tmp_path / "a.spacy")
    (document,) = read(tmp_path / "a.spacy")
    assert (document.id, document.text) == ("a#1", TEXT)
    assert found(document) == [("BRCA1", "Gene"), ("breast cancer", "Disease")]
    (tmp_path / "a.spacy").write_bytes(b"not spaCy")
    with pytest.raises(MarknerError, match=r"a\.spacy: not a DocBin"):
        read(tmp_path / "a.spacy")


BIGBIO = {
    "id": "0",
    "document_id": "123",
    "passages": [
        {"id": "1", "type": "title", "text": ["On BRCA1"], "offsets": [[0, 8]]},
        {"id": "2", "type": "abstract", "text": ["Breast and ovarian cancer."], "offsets": [[9, 35]]},
    ],
    "entities": [
        {"id": "3", "type": "Gene", "text": ["BRCA1"], "offsets": [[3, 8]], "normalized": []},
        {"id": "4", "type": "Disease", "text": ["Breast", "cancer"], "offsets": [[9, 15], [28, 34]], "normalized": []},
    ],
    "events": [],
    "coreferences": [],
    "relations": [{"id": "5", "type": "x", "arg1_id": "3", "arg2_id": "4", "normalized": []}],
}
LABELS = {"names": ["O", "B-Gene", "I-Gene", "B-Disease", "I-Disease"], "_type": "ClassLabel"}
FEATURES = {"info": {"features": {"ner_tags": {"feature": LABELS, "_type": "Sequence"}}}}
TOKENS = {"id": "9", "tokens": ["BRCA1", "and", "breast", "cancer", "."], "ner_tags": [1, 0, 3, 4, 0]}


def write_table(path: Path, rows: list[dict[str, Any]], metadata: dict[str, Any] | None = None) -> None:
    table = pa.Table.from_pylist(rows)
    if metadata is not None:
        table = table.replace_schema_metadata({"huggingface": json.dumps(metadata)})
    if path.suffix == ".parquet":
        pq.write_table(table, path)
    else:
        with ipc.new_stream(path, table.schema) as stream:
            stream.write_table(table)


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow"])
def test_bigbio_is_read(tmp_path: Path, name: str) -> None:
    write_table(tmp_path / name, [BIGBIO])
    (document,) = read(tmp_path / name)
    assert (document.id, document.text) == ("123", "On BRCA1 Breast and ovarian cancer.")
    assert [part.infons["type"] for part in document.passages] == ["title", "abstract"]
    assert found(document) == [("BRCA1", "Gene"), ("Breast and ovarian cancer", "Disease")]
    assert len(document.mentions[1].parts) == 2
    assert document.ignored == {"relations": 1}


@pytest.mark.parametrize("name", ["a.parquet", "a.arrow"])
def test_tokens_with_class_labels_are_read(tmp_path: Path, name: str) -> None:
    write_table(tmp_path / name, [TOKENS], FEATURES)
    (document,) = read(tmp_path / name)
    assert document.text == "BRCA1 and breast cancer ."
    assert found(document) == [("BRCA1", "Gene"), ("breast cancer", "Disease")]
    write_table(tmp_path / name, [TOKENS])
    with pytest.raises(MarknerError, match="row 1: `ner_tags` are numbers without names"):
        read(tmp_path / name)


def test_a_text_with_spans_and_other_columns(tmp_path: Path) -> None:
    write_table(tmp_path / "a.parquet", [{"text": TEXT, "entities": [{"start": 0, "end": 5, "label": "Gene"}]}])
    assert found(read(tmp_path / "a.parquet")[0]) == [("BRCA1", "Gene")]
    write_table(tmp_path / "a.parquet", [{"sentence": TEXT}])
    with pytest.raises(MarknerError, match="row 1: the columns are sentence"):
        read(tmp_path / "a.parquet")
    (tmp_path / "a.parquet").write_bytes(b"PAR1 damaged")
    with pytest.raises(MarknerError, match="not a Parquet or Arrow file"):
        read(tmp_path / "a.parquet")


def test_a_data_set_saved_to_a_folder_is_a_corpus(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "own/test").mkdir(parents=True)
    write_table(tmp_path / "own/test/data-00000-of-00001.arrow", [BIGBIO])
    (tmp_path / "own/test/state.json").write_text("{}", encoding="utf-8")
    raw = {"format": "parquet", "test": "own/test"}
    corpus = Corpus.model_validate({"entity": "gene", "variant": "raw", "raw": raw})
    rows = fetch_corpus(corpus, tmp_path / "native", None)
    assert [row["name"] for row in rows] == [f"local/own/test/{n}" for n in ("data-00000-of-00001.arrow", "state.json")]
    (document,) = read(tmp_path / "native/local/own/test", "parquet")
    assert document.id == "123"


def test_rows_without_an_id_are_named_by_file_and_row_and_0_is_an_id(tmp_path: Path) -> None:
    write_table(tmp_path / "a.parquet", [{"id": number, "text": "x"} for number in (0, 1, None)])
    write_table(tmp_path / "b.parquet", [{"document_id": name, "id": "7", "text": "x"} for name in ("", "9")])
    assert [document.id for document in read(tmp_path, mentions=False)] == ["0", "1", "a#3", "7", "9"]


@pytest.mark.parametrize("tag", [-1, -100, 5])
def test_a_number_that_is_no_class_label_is_named(tmp_path: Path, tag: int) -> None:
    row = TOKENS | {"ner_tags": [1, tag, 3, 4, 0]}
    write_table(tmp_path / "a.parquet", [TOKENS, row], FEATURES)
    message = rf"a\.parquet, row 2: `ner_tags` has {tag}, but the class labels are 0 to 4"
    with pytest.raises(MarknerError, match=message):
        read(tmp_path / "a.parquet")


@pytest.mark.parametrize(
    ("row", "message"),
    [
        ({"tokens": ["gout"], "ner_tags": [None]}, "`ner_tags` has None, which is not a tag"),
        ({"tokens": ["gout"], "ner_tags": [1.0]}, r"`ner_tags` has 1\.0, which is not a tag"),
        ({"tokens": ["gout", None], "ner_tags": [0, 0]}, "a token is not a text"),
    ],
)
def test_tags_and_tokens_that_are_no_text_are_named(tmp_path: Path, row: dict[str, Any], message: str) -> None:
    write_table(tmp_path / "a.parquet", [row], FEATURES)
    with pytest.raises(MarknerError, match=rf"a\.parquet, row 1: {message}"):
        read(tmp_path / "a.parquet")


def test_a_text_that_is_not_utf8_is_named(tmp_path: Path) -> None:
    text = pa.array([b"caf\xe9"], pa.binary()).view(pa.string())
    pq.write_table(pa.table({"text": text}), tmp_path / "a.parquet")
    with pytest.raises(MarknerError, match=r"a\.parquet: a text after row 0 is not UTF-8"):
        read(tmp_path / "a.parquet", mentions=False)


@pytest.mark.parametrize("metadata", [{"info": None}, {"info": {"features": None}}])
def test_a_file_may_have_no_information_of_the_hub(tmp_path: Path, metadata: dict[str, Any]) -> None:
    write_table(
        tmp_path / "a.parquet", [TOKENS | {"ner_tags": ["B-Gene", "O", "B-Disease", "I-Disease", "O"]}], metadata
    )
    assert found(read(tmp_path / "a.parquet")[0]) == [("BRCA1", "Gene"), ("breast cancer", "Disease")]


COMMIT = "0123456789abcdef0123456789abcdef01234567"


def hub_corpus(url: str) -> Corpus:
    raw = {"format": "parquet", "test": {"files": [{"url": url}]}}
    return Corpus.model_validate({"entity": "gene", "variant": "raw", "raw": raw})


def test_a_data_set_of_the_hub_is_fetched_from_its_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_OFFLINE", True)
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path / "hub"))
    corpus = hub_corpus(f"hf://datasets/bigbio/own@{COMMIT}/data/test.parquet")
    with pytest.raises(MarknerError, match="not in the local cache of the Hugging Face hub"):
        fetch_corpus(corpus, tmp_path / "native", None)
    cached = tmp_path / "hub/datasets--bigbio--own/snapshots" / COMMIT / "data/test.parquet"
    cached.parent.mkdir(parents=True)
    write_table(cached, [BIGBIO])
    (row,) = fetch_corpus(corpus, tmp_path / "native", None)
    assert (tmp_path / "native" / row["name"]).read_bytes() == cached.read_bytes()


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("hf://datasets/bigbio/own@main/test.parquet", "`url` needs the file's `sha256`"),
        ("hf://bigbio/own/test.parquet", "write hf://datasets/OWNER/NAME@REVISION/FILE"),
    ],
)
def test_a_data_set_of_the_hub_needs_a_commit_or_a_hash(url: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        hub_corpus(url)
