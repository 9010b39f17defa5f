"""Every cell of the paper's tables and every point of its Figures 3 and 4 against the plan of config/config.yaml.

The plan is what `snakemake -n` lists. Both ways: no cell without a job, no score without a cell.
"""

import re
from pathlib import Path

import pytest
from conftest import ROOT
from forked import run_snakemake

from markner.files import read_json
from markner.study.loading import load_study_file
from markner.study.queries import size_points, table_runs

CONFIG = ROOT / "config" / "config.yaml"
STUDY = load_study_file(CONFIG)
PAPER = read_json(ROOT / "resources" / "paper" / "tables.json")
THREE = ["ncbi_disease", "bc5cdr_chemical", "bc2gm"]
Place = tuple[str, int, str]
"""Run, seed, corpus."""


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Output files of all jobs that `all` plans."""
    folder = tmp_path_factory.mktemp("plan")
    (folder / "resources").symlink_to(ROOT / "resources")
    done = run_snakemake(folder, "-n", "--snakefile", str(ROOT / "Snakefile"), "--configfile", str(CONFIG), "--", "all")
    assert done.returncode == 0, done.stdout
    return "\n".join(re.findall(r"^    output: (.*)$", done.stdout, re.MULTILINE))


def places(plan: str, folder: str, ending: str) -> set[Place]:
    """Run, seed and corpus of the files of a kind that the plan makes."""
    found = re.findall(rf"results/paper/{folder}/([^/\s]+)/seed(\d+)/([^/\s,]+)\.{ending}(?=,|\s|$)", plan)
    return {(run, int(seed), corpus) for run, seed, corpus in found}


def seeds(cells: list[tuple[str, str]]) -> set[Place]:
    """Runs and corpora with each of the runs' seeds."""
    return {(run, seed, corpus) for run, corpus in cells for seed in STUDY.runs[run].seeds}


@pytest.mark.parametrize("name", ["table1", "table2", "table3", "table4"])
def test_every_cell_of_the_paper_has_a_job_or_a_model_that_is_gone(plan: str, name: str) -> None:
    table, scores = STUDY.tables[name], places(plan, "scores", "json")
    rows = {row.paper: row for row in table.rows if row.paper is not None}
    assert set(rows) == set(PAPER["tables"][name])
    for paper, row in rows.items():
        for corpus in PAPER["tables"][name][paper]:
            assert corpus in table.corpora
            cells = [(run, at) for label, run, at in table_runs(STUDY, table) if (label, at) == (row.label, corpus)]
            if cells:
                assert seeds(cells[:1]) <= scores, (paper, corpus)
            else:
                assert row.runs, f"{paper}, {corpus}: no run"
                assert all(STUDY.retired(run) for run in row.runs), f"{paper}, {corpus}: no job"
    for kind in ("csv", "md", "tex"):
        assert f"results/paper/tables/{name}.{kind}" in plan


def test_each_set_of_table_2_that_is_raw_text_is_also_tokenized(plan: str) -> None:
    scores = places(plan, "scores", "json")
    trained = {run for row in STUDY.tables["table2"].rows for run in row.runs if STUDY.runs[run].system != "chat"}
    for corpus in ("nlm_chem", "nlm_gene"):
        raw = {(run, seed) for run, seed, at in scores if at == corpus and run in trained}
        assert raw
        assert raw == {(run, seed) for run, seed, at in scores if at == f"{corpus}_tokenized"}
        assert f"results/paper/corpora/{corpus}_tokenized/raw/test.jsonl" in plan


def test_every_point_of_figure_4_has_its_jobs(plan: str) -> None:
    points = size_points(STUDY, STUDY.size_figures["sizes"])
    wanted = {(line, corpus, part) for line in ("BioNER-LLaMA1", "PubMedBERT") for corpus in THREE for part in
              (0.1, 0.25, 0.5, 1.0)}  # fmt: skip
    assert {point[:3] for point in points} == wanted
    assert seeds([(run, corpus) for _, corpus, _, run in points]) <= places(plan, "scores", "json")
    assert all(len(STUDY.runs[run].seeds) >= 3 for *_, run in points)
    assert set(STUDY.size_figures["sizes"].metrics) == {"precision", "recall", "f1"}
    for kind in ("csv", "pdf", "svg", "png"):
        assert f"results/paper/figures/sizes.{kind}" in plan


def test_every_bar_of_figure_3_has_its_jobs(plan: str) -> None:
    table = STUDY.tables[STUDY.error_figures["errors"].table]
    wanted = seeds([(run, corpus) for _, run, corpus in table_runs(STUDY, table)])
    assert {(run, corpus) for run, _, corpus in wanted} >= {
        *((run, corpus) for run in ("bioner-llama1", "bioner-llama2") for corpus in THREE),
        *((f"pubmedbert-{corpus}", corpus) for corpus in THREE),
    }
    assert wanted <= places(plan, "errors", "csv")
    for kind in ("pdf", "svg", "png"):
        assert f"results/paper/figures/errors.{kind}" in plan


def test_no_score_and_no_answer_is_without_a_cell(plan: str) -> None:
    cells = [(run, corpus) for table in STUDY.tables.values() for _, run, corpus in table_runs(STUDY, table)]
    cells += [
        (run, corpus) for figure in STUDY.size_figures.values() for _, corpus, _, run in size_points(STUDY, figure)
    ]
    assert places(plan, "scores", "json") == seeds(cells)
    assert places(plan, "predictions", "jsonl") == seeds(cells)


def test_the_plan_names_no_other_study(plan: str) -> None:
    assert set(re.findall(r"results/([^/]+)/", plan)) == {Path("results/paper").name}
