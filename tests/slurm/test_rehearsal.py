"""The rehearsal's study: everything of the paper's study is in it, in small."""

from typing import Any

import pytest
from rehearsal import overlay, paper

from markner.study.loading import load_study
from markner.study.schema.study import Study

PORT = 8765
PAPER = load_study(paper())
KEPT = ("corpora", "prompts", "mixtures", "self_instruct", "models", "runs", "tables", "figures", "error_figures")


@pytest.fixture(params=[False, True], ids=["whole", "reduced"])
def study(request: pytest.FixtureRequest) -> Study:
    return load_study(overlay(paper(), PORT, request.param))


@pytest.mark.parametrize("section", [*KEPT, "size_figures"])
def test_every_entry_of_the_papers_study_is_rehearsed(study: Study, section: str) -> None:
    assert list(getattr(study, section)) == list(getattr(PAPER, section)) != []


def test_runs_keep_their_system_corpora_and_settings_but_those_of_size(study: Study) -> None:
    of_size = {"epochs", "batch_size", "device_batch_size"}
    for name, run in PAPER.runs.items():
        small = study.runs[name]
        assert (small.system, small.evaluate) == (run.system, run.evaluate)
        if hasattr(run, "training"):
            ours, theirs = (dict(each.training) for each in (small, run))  # type: ignore[union-attr]
            changed = {key for key in ours if ours[key] != theirs[key]} - of_size
            assert changed == ({"method"} if name == "llama2-qlora" else set()), "4-bit weights alone are stubbed"


def test_no_model_and_no_corpus_comes_from_the_network(study: Study) -> None:
    for name, model in study.models.items():
        if model.source == "api":
            assert model.retired or model.base_url == f"http://127.0.0.1:{PORT}/v1"
        else:
            assert model.source == "folder" and model.path == f"models/{name}"
    files: list[Any] = [corpus.model_dump_json() for corpus in study.corpora.values()]
    assert all("resources/sample/" in text and "http" not in text for text in files)
