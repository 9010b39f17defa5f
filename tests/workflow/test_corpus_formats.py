"""A corpus in any format is added by its entry in the config: fetched, split, counted in the card and trained on."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT
from models.tiny_encoder import tiny_encoder
from tiny_study import PARTS, snakemake

from markner.data.documents import Document, read_sentences
from markner.data.formats.annotations import ReadOptions
from markner.data.formats.document_files import file_in, read_documents, write_documents
from markner.files import read_json
from markner.models.encoder.train import train_point
from markner.study.grid import Point
from markner.study.schema.formats import OutputFormat
from markner.study.schema.systems import EncoderTraining

SAMPLE = ROOT / "resources" / "sample" / "pubtator" / "test.PubTator"
WRITTEN: tuple[OutputFormat, ...] = ("pubtator", "bioc-xml", "bioc-json", "jsonl", "spacy", "parquet", "brat")


def source(form: str, path: str, **more: Any) -> dict[str, Any]:
    raw = {"format": form, "types": ["Disease"], "test": path, **more}
    return {"entity": "disease", "variant": "raw", "raw": raw}


def checkout(folder: Path) -> dict[str, dict[str, Any]]:
    """Write the sample's test set in each format; return the corpora of a study."""
    for name in PARTS:
        (folder / name).symlink_to(ROOT / name)
    documents = list(read_documents([SAMPLE], "pubtator", ReadOptions()))
    corpora = {}
    for form in WRITTEN:
        path = file_in(Path("own"), form)
        write_documents(documents, folder / path, form)
        corpora[form] = source(form, str(path))
    for path in sorted((folder / "own" / "brat").glob("*.ann"))[:2]:
        path.write_text(path.read_text() + "R1\tCauses Arg1:T1 Arg2:T2\n#1\tAnnotatorNotes T1\tSee there.\n")
    (folder / "own/tasks.json").write_text(json.dumps([task(document) for document in documents]), encoding="utf-8")
    corpora["label-studio"] = source("label-studio", "own/tasks.json")
    return corpora


def task(document: Document) -> dict[str, Any]:
    """A task as Label Studio exports it, with a list of results."""
    results = [
        {"type": "labels", "value": {"start": item.start, "end": item.end, "labels": [item.type]}}
        for item in document.mentions
    ]
    return {"id": document.id, "data": {"text": document.text}, "annotations": [{"result": results}]}


@pytest.mark.usefixtures("one_thread")
def test_each_format_is_added_by_one_entry_gives_the_same_corpus_and_is_trained_on(tmp_path: Path) -> None:
    corpora = checkout(tmp_path)
    (tmp_path / "study.yaml").write_text(yaml.safe_dump({"study": "own", "corpora": corpora}), encoding="utf-8")
    snakemake(tmp_path, "--", "corpora", config="study.yaml")
    with (tmp_path / "results/own/corpora.csv").open(encoding="utf-8", newline="") as stream:
        card = {row.pop("corpus"): row for row in csv.DictReader(stream)}
    assert set(card) == set(corpora)
    assert (card["pubtator"]["instances"], int(card["pubtator"]["mentions"]) > 30) == ("109", True)
    ignored = {name: row.pop("ignored") for name, row in card.items()}
    assert {name: row for name, row in card.items() if row != card["pubtator"]} == {}
    assert {name: count for name, count in ignored.items() if count != "0"} == {"brat": "4"}
    counts = read_json(tmp_path / "results/own/corpora/brat/raw/test.counts.json")
    assert counts["ignored"] == {"notes": 2, "relations": 2}
    # An encoder learns from each of them, and from the same sentences it learns the same.
    weights = tiny_encoder(tmp_path / "weights", positions=128)
    point = Point(learning_rate=1e-3, max_length=128, batch_size=16, dropout=0.1)
    settings = EncoderTraining(epochs=1, warmup=0.1, weight_decay=0.01, precision="fp32")
    reports = {}
    for name in corpora:
        sentences = tmp_path / "results/own/corpora" / name / "raw" / "test.jsonl"
        assert any(row.spans for row in read_sentences(sentences))
        output, report = tmp_path / "models" / name, tmp_path / "models" / f"{name}.json"
        train_point(weights, sentences, sentences, point, settings, 1, output, report)
        reports[name] = read_json(report)
    assert set(reports) == set(corpora)
    assert {name: report for name, report in reports.items() if report != reports["pubtator"]} == {}
