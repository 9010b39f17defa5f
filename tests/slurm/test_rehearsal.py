"""The rehearsal's study is the paper's in small, and what its jobs ask SLURM for is held against their need."""

import os
from pathlib import Path
from typing import Any

import pytest
import yaml
from cluster import ASKED_FOR
from paper_study import one_of_each_kind, paper
from rehearsal import chat_port, overlay, real_study, rehearse_on_slurm
from submitted import job_of, report

from markner.files import write_json
from markner.study.loading import load_study
from markner.study.schema.study import Study

PORT = 8765
PAPER = load_study(paper())
KEPT = ("corpora", "prompts", "mixtures", "self_instruct", "models", "runs", "tables", "figures", "error_figures")
REDUCED = one_of_each_kind(paper())


@pytest.fixture(params=[False, True], ids=["whole", "reduced"])
def reduced(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture
def real(reduced: bool) -> Study:
    """The study with its real models."""
    return load_study(REDUCED if reduced else paper())


@pytest.fixture
def study(reduced: bool) -> Study:
    """The study that runs."""
    return load_study(overlay(real_study(reduced), PORT))


@pytest.mark.parametrize("section", [*KEPT, "size_figures"])
def test_every_entry_of_the_study_is_rehearsed(study: Study, real: Study, section: str) -> None:
    assert list(getattr(study, section)) == list(getattr(real, section)) != []


def test_runs_keep_their_system_corpora_and_settings_but_those_of_size(study: Study, real: Study) -> None:
    of_size = {"epochs", "batch_size", "device_batch_size"}
    for name, run in real.runs.items():
        small = study.runs[name]
        assert (small.system, small.evaluate) == (run.system, run.evaluate)
        if hasattr(run, "training"):
            settings, expected = (dict(each.training) for each in (small, run))  # type: ignore[union-attr]
            changed = {key for key in settings if settings[key] != expected[key]} - of_size
            assert changed == ({"method"} if name == "llama2-qlora" else set()), "4-bit weights alone are stubbed"


def test_models_keep_what_their_jobs_ask_for(study: Study, real: Study) -> None:
    for name, model in real.models.items():
        assert getattr(study.models[name], "hardware", None) == getattr(model, "hardware", None)


def test_no_model_and_no_corpus_comes_from_the_network(study: Study) -> None:
    for name, model in study.models.items():
        if model.source == "api":
            assert model.retired or model.base_url == f"http://127.0.0.1:{PORT}/v1"
        else:
            assert model.source == "folder" and model.path == f"models/{name}"
    files: list[Any] = [corpus.model_dump_json() for corpus in study.corpora.values()]
    assert all("resources/sample/" in text and "http" not in text for text in files)


def test_an_interrupted_rehearsal_goes_on_with_the_port_of_its_chat_server(tmp_path: Path) -> None:
    assert chat_port(tmp_path) == 0
    (tmp_path / "config").mkdir()
    study = yaml.safe_dump(overlay(real_study(True), PORT), sort_keys=False)
    (tmp_path / "config/config.yaml").write_text(study, encoding="utf-8")
    assert chat_port(tmp_path) == PORT


def test_the_reduced_study_has_every_model_and_every_kind_of_run_of_the_paper() -> None:
    small = load_study(REDUCED)
    assert {model for model in PAPER.models if model not in small.models} == {"gpt-3.5", "gpt-4", "gpt-4.1-mini"}
    kinds = {(run.system, getattr(getattr(run, "training", None), "method", "")) for run in PAPER.runs.values()}
    assert kinds <= {(run.system, getattr(getattr(run, "training", None), "method", "")) for run in small.runs.values()}


SUBMITTED = {
    "Comment": "rule_predict_wildcards_bioner-llama1-10pct_1_ncbi_disease",
    "JobState": "COMPLETED",
    "Partition": "gpu",
    "NumNodes": "1",
    "TRES": "cpu=8,mem=40G,node=1,billing=8",
    "TresPerJob": "gres:gpu:1",
    "TimeLimit": "04:00:00",
    "RunTime": "00:00:12",
}


def test_a_submitted_job_is_read() -> None:
    job = job_of(SUBMITTED, PAPER)
    assert (job.rule, job.wildcards) == ("predict", {"run": "bioner-llama1-10pct", "corpus": "ncbi_disease"})
    assert job.asked == {"gpu": "1", "mem_mb": "40960", "runtime": "240", "slurm_partition": "gpu", "cpus": "8"}


def test_a_submitted_job_below_its_need_is_reported(tmp_path: Path) -> None:
    write_json(
        tmp_path / "jobs.json", {"1": SUBMITTED, "2": SUBMITTED | {"TRES": "cpu=8,mem=8000M,node=1", "TresPerJob": ""}}
    )
    table, faults = report(tmp_path / "jobs.json", PAPER)
    assert "| predict | 1 | COMPLETED | 1 | 8 | 40960 | 240 | 12 |" in table
    assert len(faults) == 2 and "1 GPUs needed, 0 asked for" in faults[0] and "GB of memory needed" in faults[1]


@pytest.mark.slow
@ASKED_FOR
@pytest.mark.skipif("MARKNER_REHEARSAL" not in os.environ, reason="set MARKNER_REHEARSAL=1: it takes 7 to 36 minutes")
def test_a_run_of_every_kind_comes_out_on_slurm(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    assert rehearse_on_slurm(tmp_path / "rehearsal", True, "--jobs", "4") == 0, capfd.readouterr()[0][-8000:]
    results = tmp_path / "rehearsal/results/paper"
    for part in ("tables/table1.csv", "report/index.html", "annotations/abstracts", "figures/confidence.pdf"):
        assert (results / part).exists(), part
