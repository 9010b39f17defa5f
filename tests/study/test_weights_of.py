"""A run that answers with the models of another: the same prompt, no training, and what it may not say itself."""

from typing import Any

import pytest
import yaml
from conftest import ROOT

from markner.rules import current_settings
from markner.study.checks.references import reference_problems
from markner.study.queries import run_prompt, tagger
from markner.study.schema.study import Study

CONTENT = yaml.safe_load((ROOT / "config" / "demo.yaml").read_text(encoding="utf-8"))


def study(**changes: Any) -> Study:
    runs = CONTENT["runs"]
    return Study.model_validate(
        CONTENT | {"runs": runs | {"smollm2-constrained": runs["smollm2-constrained"] | changes}}
    )


def test_it_is_asked_and_tags_as_the_run_that_trained_it() -> None:
    demo = study()
    assert reference_problems(demo) == []
    assert run_prompt(demo, "smollm2-constrained") == run_prompt(demo, "smollm2-disease")
    own, other = tagger(demo, "smollm2-constrained"), tagger(demo, "smollm2-disease")
    assert (own.folder, own.instructions) == (other.folder, other.instructions)
    assert own.folder == "models/smollm2-disease/seed1"
    place = {"run": "smollm2-constrained", "corpus": "sample_disease"}
    decoding = (current_settings(demo, "predict", place) or {})["decoding"]
    assert decoding["method"] == "constrained"


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"weights_of": "smollm2-tund"}, "no tuned run is called `smollm2-tund`"),
        ({"weights_of": "minilm-gene"}, "no tuned run is called `minilm-gene`"),
        ({"weights_of": "smollm2-untuned"}, "no tuned run is called `smollm2-untuned`"),
        ({"mixture": "all"}, "has the weights of `smollm2-disease`, and with them its `mixture`"),
        ({"model": "minilm"}, "`smollm2-disease` has another model"),
        ({"seeds": [1, 2]}, "`smollm2-disease` has no such seeds"),
    ],
)
def test_what_does_not_fit_is_named(changes: dict[str, Any], expected: str) -> None:
    problems = reference_problems(study(**changes))
    assert [expected in problem.what for problem in problems] == [True]
