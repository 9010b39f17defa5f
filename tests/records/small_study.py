"""A small real workflow for tests: the project's own scripts score answers and write a table."""

import shutil
from pathlib import Path

import pytest
from conftest import ROOT, once
from forked import run_snakemake

from markner.data.documents import Sentence, Span, write_sentences
from markner.files import write_json
from markner.predictions import Prediction, write_predictions

SNAKEFILE = """
from runrecord.code import code_hash
def code(rule):
    return code_hash(f"{workflow.basedir}/scripts/{rule}.py")
rule all:
    input: "results/s/tables/t.csv"
rule score:
    input:
        sentences="results/s/corpora/{corpus}/test.jsonl",
        predictions="results/s/predictions/{run}/seed{seed}/{corpus}.jsonl",
    output: "results/s/scores/{run}/seed{seed}/{corpus}.json"
    params: settings={"scoring": {"resamples": 100, "confidence": 0.95, "seed": 1}}, code=code("score")
    script: "scripts/score.py"
rule table:
    input:
        scores=expand("results/s/scores/{run}/seed{seed}/genes.json", run=["good", "bad"], seed=[1, 2]),
        paper="paper.json",
    output: csv="results/s/tables/t.csv", markdown="results/s/tables/t.md", latex="results/s/tables/t.tex"
    params:
        settings={"cells": [], "retired": {}, "titles": {}, "table": {"title": "T", "corpora": ["genes"], "rows": [
            {"label": "Good, tuned", "runs": ["good"], "paper": None},
            {"label": "Bad", "runs": ["bad"], "paper": None},
            {"label": "Nobody", "runs": [], "paper": "Authors"}], "paper_table": "table1", "authors_partial": False}},
        code=code("table"),
    script: "scripts/table.py"
"""
TABLE = "results/s/tables/t.csv"
GOOD = "results/s/scores/good/seed1/genes.json"
BAD = "results/s/scores/bad/seed1/genes.json"
CELL = "Good, tuned,genes"


def snakemake(folder: Path, *arguments: str) -> None:
    """Run the workflow of a folder."""
    done = run_snakemake(folder, "--cores", "1", *arguments)
    assert done.returncode == 0, done.stdout


def make_study(factory: pytest.TempPathFactory) -> Path:
    """A copy of the finished study, which is made once a session.

    Ten sentences of one gene each; `good` finds 8 (seed 1) and 6 (seed 2) of them, `bad` none but in part.
    An eleventh has no gene; `bad` marks one in it. The last answer of `good` with a gene is another sentence.
    """
    made = once(factory.getbasetemp(), "small", _make)
    return Path(shutil.copytree(made, factory.mktemp("small") / "study"))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The finished study."""
    return make_study(tmp_path_factory)


@pytest.fixture
def study(made: Path, tmp_path: Path) -> Path:
    """A copy of the finished study in another folder, to be changed."""
    return Path(shutil.copytree(made, tmp_path / "moved"))


def _make(folder: Path) -> None:
    folder.mkdir()
    (folder / "Snakefile").write_text(SNAKEFILE)
    (folder / "scripts").mkdir()
    for name in ("score.py", "table.py"):
        shutil.copy(ROOT / "workflow" / "scripts" / name, folder / "scripts" / name)
    rows = {"Authors": {"genes": {"strict": [0.5, 0.5, 0.5]}}}
    write_json(folder / "paper.json", {"columns": {"genes": "Genes of mice"}, "tables": {"table1": rows}})
    gold = [Sentence(f"s{i}", "d", f"The TP53 gene, {i}.", (), (Span(4, 8),)) for i in range(10)]
    gold.append(Sentence("s10", "d", "Nothing to see, 10.", (), ()))
    write_sentences(folder / "results/s/corpora/genes/test.jsonl", gold)
    for run, seed, right in (("good", 1, 8), ("good", 2, 6), ("bad", 1, 0), ("bad", 2, 0)):
        spans = [((Span(4, 8),) if i < right else () if run == "good" else (Span(4, 13),)) for i in range(10)]
        answers = [Prediction(f"s{i}", spans[i], "ok") for i in range(10)]
        if run == "good":
            answers[9] = Prediction("s9", (), "changed_text", "The <mark>p53</mark> gene, 9.")
        answers.append(Prediction("s10", (Span(0, 7),) if run == "bad" else (), "ok"))
        write_predictions(folder / f"results/s/predictions/{run}/seed{seed}/genes.jsonl", answers)
    snakemake(folder)
