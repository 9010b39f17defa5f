"""Figures of training sizes whose runs cannot give a point."""

from collections.abc import Mapping
from typing import Any

import pytest
from conftest import ROOT

from markner.study.checks.references import reference_problems
from markner.study.loading import load_study_file
from markner.study.schema.study import Study

DEMO = load_study_file(ROOT / "config" / "demo.yaml")


def problems(figure: Mapping[str, Any], name: str = "sizes") -> str:
    content = DEMO.model_dump()
    content["size_figures"] = {name: {"corpora": ["sample_disease"], **figure}}
    return "\n".join(
        f"{problem.location}: {problem.what} {problem.fix}" for problem in reference_problems(Study(**content))
    )


def series(*runs: str, **more: str) -> dict[str, Any]:
    return {"series": [{"label": "s", "runs": list(runs), **more}]}


def test_the_demo_s_own_is_right() -> None:
    assert problems(series("smollm2-disease-half", "smollm2-tuned")) == ""


@pytest.mark.parametrize(
    ("figure", "expected"),
    [
        (series("smollm2-untuned"), "`smollm2-untuned` is not trained"),
        (series("smollm2-lora"), "takes its sentences by the `limit` of its mixture"),
        (series("smollm2-disease", "smollm2-disease-enhanced"), "gives the point of `smollm2-disease` again"),
        (series("smollm2-diseas"), "did you mean `smollm2-disease`"),
        (series("smollm2-disease", paper="PubMedBERT"), "paper_figure: figure4"),
        (series("smollm2-disease", paper="PubMedBert") | {"paper_figure": "figure4"}, "did you mean `PubMedBERT`"),
        (series("smollm2-disease") | {"paper_figure": "figure5"}, "no figure of the paper is called `figure5`"),
    ],
)
def test_runs_that_give_no_point_are_named(figure: Mapping[str, Any], expected: str) -> None:
    assert expected in problems(figure)


def test_a_figure_has_its_files_for_itself() -> None:
    assert "`figures.scores` has the same files" in problems(series("smollm2-disease"), "scores")
    assert "rename it, for example to `workflow-size`" in problems(series("smollm2-disease"), "workflow")
