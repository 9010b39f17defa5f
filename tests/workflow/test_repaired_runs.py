"""Repaired runs in the workflow: scores and paired tests beside those of the run they repair, records, planning."""

import csv
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT
from tiny_study import PARTS, command, plan, snakemake

from markner.data.formats.iob import read
from markner.files import read_json, write_jsonl
from markner.markup import mark

pytestmark = pytest.mark.slow

TEST = "resources/sample/iob/disease/test.tsv"
CONFIG = "study.yaml"


def write_study(folder: Path) -> None:
    """Write a study of answers that lack every other mention, and of two runs that repair them."""
    folder.mkdir()
    for name in PARTS:
        (folder / name).symlink_to(ROOT / name)
    rows = [{"text": row.text, "answer": mark(row.text, list(row.spans())[::2])} for row in read(ROOT / TEST)]
    write_jsonl(folder / "answers.jsonl", rows)
    mentions = {row.text[slice(*span)] for row in read(ROOT / TEST) for span in row.spans()}
    (folder / "terms.txt").write_text("\n".join(sorted(mentions)), encoding="utf-8")
    base = {"system": "predictions", "format": "marked", "files": {"sample": "answers.jsonl"}, "evaluate": ["sample"]}
    runs: dict[str, Any] = {
        "base": base,
        "consistent": {"system": "repaired", "of": "base", "steps": ["abbreviations", "consistency"]},
        "known": {"system": "repaired", "of": "base", "steps": ["gazetteer"], "gazetteer": "terms.txt"},
    }
    native = {"format": "pubtator", "types": ["Disease"], "test": "resources/sample/pubtator/test.PubTator"}
    corpus = {
        "entity": "disease",
        "variant": "tokenized",
        "tokenized": {"format": "iob", "test": TEST},
        "raw": native,
    }
    table = {"title": "Repaired", "corpora": ["sample"], "rows": [{"label": name, "runs": [name]} for name in runs]}
    study = {"study": "repair", "corpora": {"sample": corpus}, "runs": runs, "tables": {"table1": table}}
    (folder / CONFIG).write_text(yaml.safe_dump(study), encoding="utf-8")


def test_repaired_runs_are_scored_and_tested_beside_their_run(tmp_path: Path) -> None:
    folder = tmp_path / "checkout"
    write_study(folder)
    snakemake(folder, config=CONFIG)
    results = folder / "results" / "repair"
    counts = read_json(results / "predictions/consistent/seed1/sample.counts.json")
    assert (counts["documents"], counts["alone"]) == (24, 0)
    recall = {
        name: read_json(results / f"scores/{name}/seed1/sample.json")["strict"]["recall"]
        for name in ("base", "consistent", "known")
    }
    assert recall["base"] <= recall["consistent"] < recall["known"] == 1
    with (results / "significance/sample.csv").open(encoding="utf-8", newline="") as stream:
        pairs = {(row["run_a"], row["run_b"]) for row in csv.DictReader(stream)}
    assert {("base", "consistent"), ("base", "known")} <= pairs
    audit = command(folder, "-m", "markner.cli.main", "audit", "results", "--configfile", CONFIG)
    assert audit.stdout.startswith("FRESH")
    assert plan(folder, config=CONFIG) == set()
    with (folder / "terms.txt").open("a", encoding="utf-8") as stream:
        stream.write("\nmen\n")
    repaired = {
        str(job) for job in plan(folder, config=CONFIG) if job.rule in ("repair_predictions", "import_predictions")
    }
    assert repaired == {"repair_predictions run=known seed=1 corpus=sample"}
