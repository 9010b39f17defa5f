"""What a chat run names must be able to serve it; each refusal prints what to write."""

from typing import Any

import pytest
from conftest import ROOT

from markner.errors import MarknerError
from markner.study.checks.references import reference_problems
from markner.study.loading import load_study, load_study_file
from markner.study.schema.study import Study

PAPER = load_study_file(ROOT / "config" / "config.yaml")


def study(**changes: Any) -> dict[str, Any]:
    """The paper's study with one more model on loopback; `a__b=v` sets the key b of the section a."""
    content = PAPER.model_dump()
    content["models"]["loopback"] = {"source": "api", "model": "small", "weights": "qwen3-8b"}
    for path, value in changes.items():
        place = content
        *sections, key = path.split("__")
        for section in sections:
            place = place[section]
        place[key] = value
    return content


CHAT = {"system": "chat", "model": "gpt-4.1", "evaluate": ["bc2gm"]}


@pytest.mark.parametrize(
    ("run", "at", "what", "fix"),
    [
        ({"model": "llama2-7b"}, ("model",), "a chat run asks a model of source `api`", "weights: llama2-7b"),
        ({"model": "gpt-4.2"}, ("model",), "no entry of `models:` is called `gpt-4.2`", "model: gpt-4.1"),
        ({"prompt": "rich"}, ("prompt",), "no entry of `prompts:`", "`generic`, `enhanced`"),
        ({"system": "generative"}, ("model",), "asked over the network", "system: chat"),
        ({"system": "encoder", "corpus": "bc2gm"}, ("model",), "it has no weights here", "`pubmedbert`"),
        (
            {"shots": 5, "shot_selection": "similar", "embedding": "gpt-4.1-mini"},
            ("embedding",),
            "it has no weights here",
            "`pubmedbert`",
        ),
        (
            {"shots": 5, "evaluate": ["bc2gm", "nlm_chem"]},
            ("evaluate", 1),
            "`nlm_chem` has no train split",
            "give a `shot_corpus`, or add its files",
        ),
        (
            {"shots": 5, "shot_corpus": "nlm_chem", "evaluate": ["bc5cdr_chemical"]},
            ("shot_corpus",),
            "`nlm_chem` has no train split",
            "train: data/",
        ),
        (
            {"shots": 5, "shot_corpus": "bc5cdr_chemical"},
            ("shot_corpus",),
            "mark the entity type `chemical`; `bc2gm` asks for another",
            "a run of its own",
        ),
        ({"model": "loopback", "batch_api": True}, ("batch_api",), "has no Batch API", "batch_api: false"),
        ({"model": "loopback", "budget_dollars": 1.0}, ("budget_dollars",), "are not known", "price_input: 2.0"),
    ],
)
def test_what_cannot_serve_is_refused(run: dict[str, Any], at: tuple[str | int, ...], what: str, fix: str) -> None:
    config = study(runs__mine={**CHAT, **run})
    [problem] = reference_problems(Study.model_validate(config))
    assert problem.location == ("runs", "mine", *at)
    assert what in problem.what
    assert fix in problem.fix
    with pytest.raises(MarknerError, match=r"runs\.mine"):
        load_study(config)


def test_what_can_serve_is_taken() -> None:
    for run in (
        {"evaluate": ["nlm_chem"]},
        {"shots": 5, "shot_corpus": "bc5cdr_chemical", "evaluate": ["nlm_chem", "bc5cdr_chemical"]},
        {"shots": 5, "shot_selection": "similar", "embedding": "pubmedbert"},
        {"model": "loopback", "budget_requests": 10},
        {"model": "gpt-4"},
    ):
        assert reference_problems(Study.model_validate(study(runs__mine={**CHAT, **run}))) == []


def test_the_weights_of_a_served_model_are_a_local_model() -> None:
    served = {"source": "api", "model": "small", "weights": "gpt-4.1"}
    [problem] = reference_problems(Study.model_validate(study(models__mine=served)))
    assert problem.location == ("models", "mine", "weights")
    assert "has no weights here" in problem.what
    with pytest.raises(MarknerError, match="is served under `model`"):
        load_study(study(models__mine={**served, "model": "a/b", "weights": "qwen3-8b"}))
