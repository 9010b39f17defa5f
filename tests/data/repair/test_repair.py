"""A repair as a job does it: files in, predictions and counts out."""

from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import ValidationError

from markner.data.documents import Sentence, Span, read_sentences, write_sentences
from markner.data.params import RepairParams
from markner.data.repair.repair import read_terms, repair_predictions
from markner.errors import MarknerError
from markner.files import read_json
from markner.predictions import Prediction, read_predictions, write_predictions
from markner.study.schema.corpora import CorpusSource
from markner.study.schema.repaired_runs import RepairedRun

TEXTS = {"d1": ["Gout .", "gout and", "no gout"], "d2": ["gout", "no gout", "gout"]}
MARKED = {"d1": [[Span(0, 4)], [Span(0, 4)], []], "d2": [[Span(0, 4)], [], []]}


def files(folder: Path, *, named: bool) -> tuple[Path, Path]:
    """Write two documents with their predictions; without names the sentences name a file."""
    rows = [
        Sentence(f"{name}.{number}", name if named else "test.tsv", text)
        for name, texts in TEXTS.items()
        for number, text in enumerate(texts)
    ]
    spans = [tuple(each) for marked in MARKED.values() for each in marked]
    write_sentences(folder / "test.jsonl", rows)
    answers = [
        Prediction(row.id, each, "truncated", "raw", (0.5,) * len(each)) for row, each in zip(rows, spans, strict=True)
    ]
    write_predictions(folder / "base.jsonl", answers)
    return folder / "test.jsonl", folder / "base.jsonl"


def spans_of(path: Path) -> list[list[Span]]:
    return [list(prediction.spans) for prediction in read_predictions(path)]


REPAIRED = [[Span(0, 4)], [Span(0, 4)], [Span(3, 7)], [], [], []]


def test_documents_are_repaired_one_by_one(tmp_path: Path) -> None:
    sentences, predictions = files(tmp_path, named=True)
    params = RepairParams(steps=["consistency"], variant="raw", native=None)
    counts = repair_predictions(sentences, predictions, None, None, params, tmp_path / "out.jsonl")
    assert spans_of(tmp_path / "out.jsonl") == REPAIRED
    assert counts == {"documents": 2, "alone": 0, "consistency": {"added": 1, "removed": 1}}
    assert read_json(tmp_path / "out.counts.json") == counts
    repaired = {(each.status, each.raw, each.confidences) for each in read_predictions(tmp_path / "out.jsonl")}
    assert repaired == {("truncated", "raw", None)}


def test_sentences_without_documents_get_them_from_the_native_files(tmp_path: Path) -> None:
    texts = ["Gout ( Gx ) .", "Gout in men", "Some gout", "No gout", "Rats without gout"]
    rows = [Sentence(str(number), "test.tsv", text) for number, text in enumerate(texts)]
    write_sentences(tmp_path / "test.jsonl", rows)
    spans = [(Span(0, 4),), (Span(0, 4),), (), (), ()]
    answers = (Prediction(row.id, each, "ok") for row, each in zip(rows, spans, strict=True))
    write_predictions(tmp_path / "base.jsonl", answers)
    (tmp_path / "local").mkdir()
    native = "1|t|Gout (Gx).\n1|a|Gout in men. Some gout.\n\n2|t|No gout\n2|a|No mice.\n\n"
    (tmp_path / "local" / "native.txt").write_text(native, encoding="utf-8")
    source = CorpusSource(format="pubtator", test="native.txt")
    params = RepairParams(steps=["consistency"], variant="tokenized", native=source)
    places = (tmp_path / "test.jsonl", tmp_path / "base.jsonl", tmp_path, None)
    counts = repair_predictions(*places, params, tmp_path / "out.jsonl")
    assert counts == {"documents": 3, "alone": 1, "consistency": {"added": 1, "removed": 0}}
    assert spans_of(tmp_path / "out.jsonl") == [[Span(0, 4)], [Span(0, 4)], [Span(5, 9)], [], []]


def test_without_native_files_each_sentence_is_a_document(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    sentences, predictions = files(tmp_path, named=False)
    params = RepairParams(steps=["consistency"], variant="tokenized", native=None)
    with caplog.at_level("INFO"):
        counts = repair_predictions(sentences, predictions, None, None, params, tmp_path / "out.jsonl")
    assert counts == {"documents": 6, "alone": 6, "consistency": {"added": 0, "removed": 0}}
    assert "the corpus has no `raw:` files: each is a document of its own" in caplog.text
    assert spans_of(tmp_path / "out.jsonl") == spans_of(predictions)


def test_a_file_without_documents_is_no_document_beside_one_with(tmp_path: Path) -> None:
    sentences, predictions = files(tmp_path, named=True)
    rows = [replace(row, document="a.tsv" if row.document == "d1" else "b.tsv#1") for row in read_sentences(sentences)]
    write_sentences(sentences, rows)
    params = RepairParams(steps=["consistency"], variant="tokenized", native=None)
    counts = repair_predictions(sentences, predictions, None, None, params, tmp_path / "out.jsonl")
    assert counts == {"documents": 4, "alone": 3, "consistency": {"added": 0, "removed": 1}}


def test_a_gazetteer_marks_its_terms(tmp_path: Path) -> None:
    sentences, predictions = files(tmp_path, named=True)
    (tmp_path / "terms.txt").write_text("gout\r\n\n  no gout \n", encoding="utf-8")
    params = RepairParams(steps=["gazetteer"], variant="raw", native=None)
    repair_predictions(sentences, predictions, None, tmp_path / "terms.txt", params, tmp_path / "out.jsonl")
    assert spans_of(tmp_path / "out.jsonl") == [
        [Span(0, 4)], [Span(0, 4)], [Span(0, 7)], [Span(0, 4)], [Span(0, 7)], [Span(0, 4)],
    ]  # fmt: skip


def test_a_gazetteer_without_terms_and_predictions_of_other_sentences_are_errors(tmp_path: Path) -> None:
    (tmp_path / "terms.txt").write_text("\n \n", encoding="utf-8")
    with pytest.raises(MarknerError, match=r"terms\.txt: holds no term"):
        read_terms(tmp_path / "terms.txt")
    sentences, predictions = files(tmp_path, named=True)
    write_predictions(predictions, list(read_predictions(predictions))[1:])
    params = RepairParams(steps=["consistency"], variant="raw", native=None)
    with pytest.raises(MarknerError, match=r"base\.jsonl: not the predictions of .*test\.jsonl"):
        repair_predictions(sentences, predictions, None, None, params, tmp_path / "out.jsonl")
    assert not (tmp_path / "out.jsonl").exists()


@pytest.mark.parametrize("changed", [{"steps": []}, {"steps": ["gazetteer"]}, {"gazetteer": "terms.txt"}, {"of": None}])
def test_a_repair_without_steps_or_with_a_file_that_no_step_reads_is_refused(changed: dict[str, object]) -> None:
    settings = {"system": "repaired", "of": "base", "steps": ["consistency"]}
    assert RepairedRun.model_validate(settings).gazetteer is None
    with pytest.raises(ValidationError):
        RepairedRun.model_validate(settings | changed)
