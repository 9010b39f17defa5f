"""Snakemake's own report: each result has a caption that says what it asks and how to read it; it costs no job."""

import re
from pathlib import Path
from types import SimpleNamespace

import docutils.core
import jinja2
import pytest
import yaml
from conftest import ROOT
from tiny_study import copy, finished, plan, snakemake

from markner.rules import current_settings
from markner.study.loading import load_study

CAPTIONS = ROOT / "workflow" / "report"
SAYS = ("Question.", "Method.", "n.", "Test.", "How to read it.")
JOBS = {
    "table": ("table", {"table": "table1"}),
    "figure": ("figure", {"figure": "scores"}),
    "error_figure": ("error_figure", {"error_figure": "errors"}),
    "strata_table": ("strata_table", {"strata_table": "strata"}),
    "strata_figure": ("strata_figure", {"strata_figure": "generalisation"}),
    "calibration": ("calibration", {"calibration": "confidence"}),
    "significance": ("significance", {"family": "", "corpus": "sample_gene"}),
    "strata": ("strata", {"family": "", "corpus": "sample_gene"}),
    "suspects": ("suspects", {"suspects": "diseases"}),
    "errors": ("errors", {"run": "minilm-gene", "seed": "1", "corpus": "sample_gene"}),
    "official": ("official", {"run": "minilm-gene", "seed": "1", "corpus": "raw_gene"}),
    "corpora": ("card", {}),
    "costs": ("costs", {}),
}
"""A rule and the wildcards of one of its jobs in the demo, by caption."""


OWN_STUDY = """
study: own
question: What is a disease?
corpora:
  diseases:
    entity: disease
    variant: tokenized
    tokenized: {format: iob, train: resources/sample/iob/disease/train.tsv}
"""


def test_every_caption_is_used_and_tried_here() -> None:
    rules = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "workflow" / "rules").glob("*.smk"))
    assert set(re.findall(r"report/(\w+)\.rst", rules)) == {path.stem for path in CAPTIONS.glob("*.rst")}
    assert set(JOBS) == {path.stem for path in CAPTIONS.glob("*.rst")} - {"study"}


@pytest.mark.parametrize("caption", JOBS)
def test_a_caption_says_question_method_n_test_and_reading(caption: str) -> None:
    rule, wildcards = JOBS[caption]
    place = ROOT / "config" / "demo.yaml"
    study = load_study(yaml.safe_load(place.read_text(encoding="utf-8")), [place])
    settings = current_settings(study, rule, wildcards)
    job = SimpleNamespace(params=SimpleNamespace(settings=settings), wildcards=SimpleNamespace(**wildcards))
    environment = jinja2.Environment(undefined=jinja2.StrictUndefined)
    text = environment.from_string((CAPTIONS / f"{caption}.rst").read_text(encoding="utf-8")).render(snakemake=job)
    strict = {"halt_level": 2, "report_level": 5}
    body = docutils.core.publish_parts(text, writer="html", settings_overrides=strict)["body"]
    assert all(f"<em>{part}</em>" in body for part in SAYS)
    for value in wildcards.values():
        assert value in body or rule in {
            "table",
            "figure",
            "error_figure",
            "strata_table",
            "strata_figure",
            "calibration",
        }


def test_a_report_is_made_without_the_network_and_leaves_nothing_to_do(tmp_path: Path) -> None:
    for name in ("Snakefile", "workflow", "config", "resources", "envs", "src"):
        (tmp_path / name).symlink_to(ROOT / name)
    (tmp_path / "study.yaml").write_text(OWN_STUDY, encoding="utf-8")
    snakemake(tmp_path, "--", "corpora", config="study.yaml")
    snakemake(tmp_path, "--report", "report.html", "--", "corpora", config="study.yaml")
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "Are these the paper" in page
    assert "What is a disease?" in page
    assert "Nothing to be done" in snakemake(tmp_path, "-n", "--", "corpora", config="study.yaml")


@pytest.mark.slow
def test_the_report_of_a_finished_study_shows_every_kind_of_result(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    folder = copy(finished(tmp_path_factory.getbasetemp())[0], tmp_path / "checkout")
    snakemake(folder, "--report", str(tmp_path / "report.html"))
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    for category in ("Tables", "Figures", "Corpora", "Costs", "Comparisons", "Errors", "Official scores"):
        assert f'"{category}"' in page
    for text in (
        "Precision, recall and F1 on the sample corpus",
        "Paired permutation test, two-sided, 10000 draws",
        "Errors of smollm2-tuned, seed 1, on sample_disease",
    ):
        assert text in page
    assert re.search(r'"sentences": ?"6"', page), "the number of test sentences, read from the results"
    assert plan(folder) == set()
