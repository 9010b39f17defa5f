"""The research object of a whole study, made by the workflow: valid for the public validator, and complete."""

import json
import sys
from pathlib import Path

import pytest
from conftest import ROOT
from tiny_study import RESULTS, copy, finished, plan, snakemake, study, write_study

sys.path.insert(0, str(ROOT / "tests" / "crate"))
from crate_validator import issues

NOT_IN_CRATE = {"annotate", "gather_annotation", "taggers", "lineage", "workflow_figure", "report"}

pytestmark = [pytest.mark.models, pytest.mark.slow]


def test_the_crate_of_a_finished_study_is_valid_and_names_every_job(
    tmp_path_factory: pytest.TempPathFactory, tmp_path: Path
) -> None:
    made, jobs = finished(tmp_path_factory.getbasetemp())
    folder = copy(made, tmp_path / "checkout")
    published = {"person": "Ada Example", "organisation": "Example", "url": "https://example.org/"}
    published |= {"orcid": "0000-0002-1825-0097", "licence": "CC-BY-4.0"}
    write_study(folder, study() | {"published": published})
    crate = f"{RESULTS}/crate"
    assert {job.rule for job in plan(folder, "--", crate)} == {"crate"}, "who publishes makes nothing else anew"
    snakemake(folder, "--", crate)
    assert issues(folder / crate, tmp_path / "cache") == []
    graph = json.loads((folder / crate / "ro-crate-metadata.json").read_text(encoding="utf-8"))["@graph"]
    jobs_in_crate = {item["name"] for item in graph if item["@id"].startswith("#job/")}
    assert {rule for rule, *_ in map(str.split, jobs_in_crate)} == {job.rule for job in jobs} - NOT_IN_CRATE
    steps = [item for item in graph if item["@id"].startswith("#step/")]
    assert all(item["description"] for item in steps)
    assert {item["buildInstructions"]["@id"] for item in steps} == {"envs/base.yaml", "envs/torch.yaml"}
    assert plan(folder, "--", crate) == set()
