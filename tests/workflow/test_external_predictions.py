"""Answers of another system, in every format that they can have, scored by the workflow as a run."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT, mirror
from tiny_study import PARTS, command, plan, snakemake

from markner.data.documents import read_sentences
from markner.data.formats import pubtator
from markner.data.formats.annotations import ReadOptions
from markner.data.formats.iob import read
from markner.files import read_json, write_jsonl
from markner.markup import mark

pytestmark = pytest.mark.slow

SAMPLE = ROOT / "resources" / "sample"
CONFIG = "study.yaml"
FORMATS = ("marked", "jsonl", "iob", "pubtator", "bioc-xml", "brat")
SCORES = {
    # From the README beside the files: a published 8B model, scored here against the tokenized gold.
    "ncbi_disease": ("mtl-bioinformatics-2016/NCBI-disease-IOB/test.tsv", "disease", 0.895, 4),
    "bc5cdr_chemical": ("mtl-bioinformatics-2016/BC5CDR-chem-IOB/test.tsv", "chemical", 0.934, 0),
    "bc2gm": ("bc2gm/conll/test.tsv", "gene", 0.829, 1),
}


def checkout(folder: Path) -> Path:
    folder.mkdir()
    for name in PARTS:
        (folder / name).symlink_to(ROOT / name)
    return folder


def write_answers(folder: Path) -> dict[str, str]:
    """Write the gold of the sample's disease test set as answers; return a file for each format."""
    sentences = list(read(SAMPLE / "iob/disease/test.tsv"))
    marked = [{"text": row.text, "answer": mark(row.text, row.spans())} for row in sentences]
    for row in marked:
        row["answer"] = row["answer"].replace("<mark>", "[[").replace("</mark>", "]]").replace(" .", ".")
    write_jsonl(folder / "marked.jsonl", marked)
    spans = [{"text": row.text, "spans": [[*span, "Disease"] for span in row.spans()]} for row in sentences]
    write_jsonl(folder / "spans.jsonl", spans)
    (folder / "brat").mkdir()
    with (SAMPLE / "pubtator/test.PubTator").open("rb") as stream:
        for document in pubtator.read(stream, "test", ReadOptions()):
            text = document.text
            lines = [
                f"T{number}\t{mention.type} {mention.start} {mention.end}\t{text[mention.start : mention.end]}\n"
                for number, mention in enumerate(document.mentions, start=1)
            ]
            (folder / f"brat/{document.id}.txt").write_text(text, encoding="utf-8")
            (folder / f"brat/{document.id}.ann").write_text("".join(lines), encoding="utf-8")
    return {
        "marked": "marked.jsonl",
        "jsonl": "spans.jsonl",
        "iob": "resources/sample/iob/disease/test.tsv",
        "pubtator": "resources/sample/pubtator/test.PubTator",
        "bioc-xml": "resources/sample/bioc/test.xml",
        "brat": "brat",
    }


def write_study(folder: Path, files: dict[str, str], **changed: Any) -> None:
    runs: dict[str, Any] = {}
    for name, path in files.items():
        runs[name] = {"system": "predictions", "format": name, "files": {"sample": path}, "evaluate": ["sample"]}
        if name in ("pubtator", "bioc-xml", "brat"):
            runs[name]["types"] = {"sample": ["Disease"]}
    runs["marked"] |= {"marks": ["[[", "]]"]} | changed
    corpus = {
        "entity": "disease",
        "variant": "tokenized",
        "tokenized": {"format": "iob", "test": "resources/sample/iob/disease/test.tsv"},
    }
    table = {"title": "Others", "corpora": ["sample"], "rows": [{"label": name, "runs": [name]} for name in files]}
    study = {"study": "others", "corpora": {"sample": corpus}, "runs": runs, "tables": {"table1": table}}
    (folder / CONFIG).write_text(yaml.safe_dump(study), encoding="utf-8")


def test_gold_in_every_format_has_every_score_one_and_a_changed_file_runs_its_run_alone(tmp_path: Path) -> None:
    folder = checkout(tmp_path / "checkout")
    files = write_answers(folder)
    write_study(folder, files)
    snakemake(folder, config=CONFIG)
    for name in FORMATS:
        scores = read_json(folder / f"results/others/scores/{name}/seed1/sample.json")
        assert scores["strict"]["f1"] == 1, name
    audit = command(folder, "-m", "markner.cli.main", "audit", "results", "--configfile", CONFIG)
    assert audit.stdout.startswith("FRESH")
    rows = [json.loads(line) for line in (folder / "marked.jsonl").read_text("utf-8").splitlines()]
    rows[0]["answer"] = rows[0]["text"]
    write_jsonl(folder / "marked.jsonl", rows)
    import_jobs = {str(job) for job in plan(folder, config=CONFIG) if job.rule in ("import_predictions", "score")}
    assert import_jobs == {
        "import_predictions run=marked seed=1 corpus=sample",
        "score run=marked seed=1 corpus=sample",
    }


def test_too_few_answers_are_an_error_that_names_the_file_and_the_setting(tmp_path: Path) -> None:
    folder = checkout(tmp_path / "checkout")
    write_study(folder, write_answers(folder))
    lines = (folder / "marked.jsonl").read_text("utf-8").splitlines(keepends=True)
    (folder / "marked.jsonl").write_text("".join(lines[10:]), encoding="utf-8")
    target = "results/others/scores/marked/seed1/sample.json"
    message = snakemake(folder, target, config=CONFIG, code=1)
    share = int(1000 * (len(lines) - 10) / len(lines)) / 1000
    assert f"marked.jsonl: answers {len(lines) - 10} of {len(lines)} sentences" in message
    assert f"min_matched: {share:g}" in message
    assert not (folder / "results/others/predictions/marked/seed1/sample.jsonl").exists()
    write_study(folder, {"marked": "marked.jsonl"}, min_matched=share)
    snakemake(folder, target, config=CONFIG)
    predictions = [
        json.loads(line)["status"]
        for line in (folder / "results/others/predictions/marked/seed1/sample.jsonl").read_text("utf-8").splitlines()
    ]
    assert predictions.count("missing") == 10
    assert len(list(read_sentences(folder / "results/others/corpora/sample/tokenized/test.jsonl"))) == len(predictions)


@pytest.mark.corpora
def test_a_published_systems_answers_have_the_scores_that_were_measured_by_hand(tmp_path: Path) -> None:
    corpora_folder = mirror()
    assert corpora_folder is not None
    external = corpora_folder.parent / "external" / "nerllama31"
    if not external.is_dir():
        pytest.skip("the published answers are not here")
    folder = checkout(tmp_path / "checkout")
    shutil.copytree(external, folder / "answers")
    corpora = {
        name: {"entity": entity, "variant": "tokenized", "tokenized": {"format": "iob", "test": path}}
        for name, (path, entity, _, _) in SCORES.items()
    }
    run = {
        "system": "predictions",
        "format": "marked",
        "marks": ["@@", "##"],
        "files": {name: f"answers/{name}.jsonl" for name in SCORES},
        "evaluate": list(SCORES),
    }
    study = {"study": "others", "corpora": corpora, "runs": {"public": run}}
    (folder / CONFIG).write_text(yaml.safe_dump(study), encoding="utf-8")
    targets = [f"results/others/scores/public/seed1/{name}.json" for name in SCORES]
    snakemake(folder, *targets, "--config", f"mirror={corpora_folder}", config=CONFIG)
    for name, (_, _, f1, missing) in SCORES.items():
        scores = read_json(folder / f"results/others/scores/public/seed1/{name}.json")
        assert scores["strict"]["f1"] == pytest.approx(f1, abs=0.001), name
        assert scores["answers"]["missing"] == missing
