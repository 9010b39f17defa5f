"""The whole graph, every rule of the embedded default, on a few sentences and models of random weights."""

import csv
import json
from pathlib import Path

import pytest
from tiny_study import RESULTS, copy, finished, snakemake

pytestmark = [pytest.mark.models, pytest.mark.slow]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout in which the study has been run, with what the run said in `said.txt`."""
    return finished(tmp_path_factory.getbasetemp())[0]


def test_everything_is_there(folder: Path) -> None:
    results = folder / RESULTS
    for name in ("corpora.csv", "corpora.md", "instructions/all.json", "figures/scores.pdf", "tables/table1.tex"):
        assert (results / name).stat().st_size > 0
    assert (results / "models/smollm2-tuned/seed1/model.safetensors").stat().st_size > 0
    said = (folder / "said.txt").read_text(encoding="utf-8")
    assert "Results:" in said
    assert "SmolLM2-135M tuned" in said


def test_no_sentence_is_dropped_between_prediction_and_table(folder: Path) -> None:
    results = folder / RESULTS
    for run_name in ("smollm2-untuned", "smollm2-tuned", "minilm-disease"):
        path = results / "predictions" / run_name / "seed1" / "sample_disease.jsonl"
        assert len(path.read_text(encoding="utf-8").splitlines()) == 6
        score = json.loads((results / "scores" / run_name / "seed1" / "sample_disease.json").read_text())
        assert score["sentences"] == sum(score["status"].values()) == 6
    with open(results / "tables" / "table1.csv", encoding="utf-8") as stream:
        rows = [row for row in csv.DictReader(stream) if row["match"] == "strict" and row["f1"]]
    assert {row["label"] for row in rows} == {
        "SmolLM2-135M (zero-shot chat)",
        "SmolLM2-135M (five-shot chat)",
        "SmolLM2-135M untuned",
        "List of terms",
        "MiniLM (BIO tags)",
        "SmolLM2-135M tuned on three types",
        "SmolLM2-135M tuned on diseases",
        "the same, constrained marking",
    }


def test_a_model_writes_and_another_training_learns_from_it(folder: Path) -> None:
    results = folder / RESULTS
    report = json.loads((results / "self_instruct" / "gene_self" / "report.json").read_text(encoding="utf-8"))
    assert report["candidates"] == report["kept"] + sum(report["refused"].values()) == 16
    rows = json.loads((results / "instructions" / "gene_self.json").read_text(encoding="utf-8"))
    assert len(rows) == report["instances"] == report["seed_sentences"] + report["kept"]
    with open(results / "costs.csv", encoding="utf-8") as stream:
        costs = {row["run"]: row for row in csv.DictReader(stream)}
    assert costs["smollm2-self-instruct"]["instructions"] == "gene_self"
    share = {run: int(row["trained_parameters"]) / int(row["parameters"]) for run, row in costs.items()}
    assert share["smollm2-tuned"] == 1
    assert 0 < share["smollm2-lora"] < 0.5


def test_a_second_run_has_nothing_to_do(folder: Path, tmp_path: Path) -> None:
    assert "Nothing to be done" in snakemake(copy(folder, tmp_path / "checkout"))
