"""How long many abstracts take: the arithmetic, from measured shards and from stated rates."""

from pathlib import Path

import pytest
from conftest import ROOT

from markner.files import write_json
from markner.preflight.annotation_hours import annotation_lines
from markner.study.loading import load_study_file
from markner.study.schema.annotations import Annotation, AnnotationRun
from markner.study.schema.study import Study

PAPER = load_study_file(ROOT / "config" / "config.yaml")


def annotated(run: str) -> Study:
    own = Annotation(files=["texts"], runs=[AnnotationRun(run=run)], shards=2)
    return PAPER.model_copy(update={"annotations": {"own": own}})


def test_the_rate_of_the_shards_that_ran_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = tmp_path / "results" / "paper" / "costs" / "annotations" / "own"
    for number, documents, seconds in ((1, 1000, 4.0), (2, 500, 2.0), (3, 0, 0.0)):
        shard = folder / f"{number}-of-3.json"
        write_json(shard, {"documents": documents, "seconds": seconds, "device": "NVIDIA X"})
    (folder / "1-of-3.json.prov.json").write_text("{}")
    (line,) = annotation_lines(annotated("bioner-llama2"), 38_000_000, 2.5)
    assert line == (
        "  own: 42.22 hours of one device, 105.56 dollars (measured on 1,500 documents with NVIDIA X: 250.0 a second)"
    )


def test_without_a_measurement_the_stated_rates_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (line,) = annotation_lines(annotated("bioner-llama2"), 1000, None)
    assert "hours of one device (not measured: by the rates of docs/hpc.md)" in line
    encoder = next(name for name, run in PAPER.runs.items() if run.system == "encoder")
    (unknown,) = annotation_lines(annotated(encoder), 1000, None)
    assert unknown == "  own: not known; tag some texts, which measures the rate"
