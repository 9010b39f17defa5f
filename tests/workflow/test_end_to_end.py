"""The whole graph, every rule of it, on a few sentences: what the embedded default does, in a minute or two."""

import csv
import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT

pytestmark = [pytest.mark.models, pytest.mark.slow]

RUN = [sys.executable, "-m", "snakemake", "-c2", "--snakefile", str(ROOT / "Snakefile"), "--configfile", "study.yaml"]


def small_study() -> dict[str, Any]:
    """The embedded default with a dozen sentences of each kind and as few steps."""
    shared = yaml.safe_load((ROOT / "config" / "demo.yaml").read_text(encoding="utf-8"))
    # Each section on its own: what the file says once and means twice would else change twice.
    study: dict[str, Any] = json.loads(json.dumps(shared))
    study["study"] = "small"
    for corpus in study["corpora"].values():
        corpus["sample"] = {"train": 48, "dev": 8, "test": 6}
    study["mixes"]["disease"]["fraction"] = 0.33
    for name, run in study["runs"].items():
        # Genes in both forms: the native one has the alternatives that official scores need.
        run["evaluate"] = run["evaluate"][: 2 if name == "minilm-gene" else 1]
        if run["system"] == "encoder":
            run["epochs"] = 1
    tables = study["tables"]
    tables["table2"] |= {"corpora": ["sample_disease"], "rows": [{"label": "Untuned", "runs": ["smollm2-untuned"]}]}
    return study


def run(folder: Path, *arguments: str) -> str:
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "COLUMNS": "120"}
    done = subprocess.run(
        [*RUN, *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        env=environment,
    )
    assert done.returncode == 0, done.stdout[-6000:]
    return done.stdout


def planned(output: str) -> set[str]:
    return set(re.findall(r"^(\w+) +\d+$", output, re.MULTILINE)) - {"total", "all"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder in which the study has been run, with what the run said in `said.txt`."""
    folder = tmp_path_factory.mktemp("study")
    (folder / "resources").symlink_to(ROOT / "resources")
    (folder / "study.yaml").write_text(yaml.safe_dump(small_study(), sort_keys=False), encoding="utf-8")
    (folder / "said.txt").write_text(run(folder), encoding="utf-8")
    return folder


def test_everything_is_there(folder: Path) -> None:
    results = folder / "results" / "small"
    for name in ("corpora.csv", "corpora.md", "instructions/all.json", "figures/scores.pdf", "tables/table1.tex"):
        assert (results / name).stat().st_size > 0
    assert (results / "models/smollm2-tuned/seed1/model.safetensors").stat().st_size > 500_000_000
    said = (folder / "said.txt").read_text(encoding="utf-8")
    assert "Where everything lies" in said
    assert "SmolLM2-135M tuned" in said


def test_no_sentence_is_dropped_between_prediction_and_table(folder: Path) -> None:
    results = folder / "results" / "small"
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
        "MiniLM (BIO tags)",
        "SmolLM2-135M tuned on disease",
    }


def test_a_model_writes_and_another_training_learns_from_it(folder: Path) -> None:
    results = folder / "results" / "small"
    report = json.loads((results / "self_instruct" / "gene_self" / "report.json").read_text(encoding="utf-8"))
    assert report["candidates"] == report["kept"] + sum(report["refused"].values()) == 16
    rows = json.loads((results / "instructions" / "gene_self.json").read_text(encoding="utf-8"))
    assert len(rows) == report["instances"] == report["seed_sentences"] + report["kept"]
    with open(results / "costs.csv", encoding="utf-8") as stream:
        costs = {row["run"]: row for row in csv.DictReader(stream)}
    assert costs["smollm2-self-instruct"]["instructions"] == "gene_self"
    share = {run: int(row["trained_parameters"]) / int(row["parameters"]) for run, row in costs.items()}
    assert share["smollm2-tuned"] == 1
    assert share["smollm2-lora"] < 0.05


def test_a_second_run_has_nothing_to_do_whatever_is_touched(folder: Path) -> None:
    assert "Nothing to be done" in run(folder)
    os.utime(ROOT / "workflow" / "scripts" / "train.py")
    assert "Nothing to be done" in run(folder, "-n")


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (
            lambda study: study["figures"]["scores"].update(palette=["#000000", "#777777", "#BBBBBB"]),
            {"figure", "report"},
        ),
        (
            lambda study: study["tables"]["table1"].update(title="Another title"),
            {"table", "figure", "error_figure", "report"},
        ),
        (
            lambda study: study.update(scoring={"resamples": 200}),
            {"score", "significance", "official", "table", "figure", "size_figure", "report"},
        ),
        (
            lambda study: study["runs"]["smollm2-tuned"]["training"].update(learning_rate=1e-4),
            {
                *("train", "predict", "score", "errors", "significance", "table", "figure", "error_figure", "costs"),
                *("size_figure", "report"),
            },
        ),
        (lambda study: study.update(question="Another question?"), {"report"}),
    ],
    ids=["colours of a figure", "title of a table", "scoring", "a training's rate", "the question"],
)
def test_a_change_runs_what_depends_on_it(folder: Path, change: Any, expected: set[str]) -> None:
    study = small_study()
    change(study)
    (folder / "changed.yaml").write_text(yaml.safe_dump(study, sort_keys=False), encoding="utf-8")
    arguments = [*RUN[:-1], "changed.yaml", "-n"]
    done = subprocess.run(
        arguments, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=True
    )
    assert planned(done.stdout) == expected


def test_the_audit_finds_results_fresh_and_a_changed_byte(folder: Path) -> None:
    def audit(path: str) -> int:
        command = [sys.executable, "-m", "markner.cli", "audit", path, "--configfile", "study.yaml"]
        return subprocess.run(command, cwd=folder, capture_output=True, check=False).returncode

    assert audit("results/small/tables/table1.csv") == 0
    table = folder / "results" / "small" / "tables" / "table1.csv"
    content = table.read_bytes()
    table.write_bytes(content.replace(b"0", b"1", 1))
    assert audit("results/small/tables/table1.csv") == 2
    table.write_bytes(content)
