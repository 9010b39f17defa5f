"""Typed marks that a run, a mixture or a chat model cannot use."""

from collections.abc import Callable

import pytest
import yaml
from conftest import ROOT

from markner.errors import MarknerError
from markner.evaluation.params import StrataParams
from markner.models.params import PredictParams
from markner.study.loading import load_study
from markner.study.queries import tagger

pytest_plugins = ["study_folder"]

PROMPTS = "  generic: {}\n  rich:\n"
RUN = "    mixture: ncbi\n    training:\n"
SCHEME = "    annotation_scheme: released\n"


def typed(*types: str) -> str:
    marks = ", ".join(f'{kind}: ["<{kind}>", "</{kind}>"]' for kind in types)
    return f"  generic: {{}}\n  rich:\n    marks_by_type: {{{marks}}}\n"


@pytest.mark.parametrize(
    ("changes", "messages"),
    [
        ([(PROMPTS, typed("disease", "gene"))], ["mixtures.ncbi.prompt", "the author release has"]),
        (
            [(PROMPTS, typed("gene")), (SCHEME, "")],
            ["mixtures.ncbi.prompt", "no marks for the entity type `disease`", "disease: [<disease>, </disease>]"],
        ),
        (
            [(PROMPTS, typed("disease")), (SCHEME, "")],
            ["runs.tuned.evaluate", "no marks for the entity type `gene`"],
        ),
        (
            [
                (PROMPTS, typed("disease", "gene")),
                (SCHEME, ""),
                (RUN, "    mixture: ncbi\n    decoding: {method: constrained}\n    training:\n"),
            ],
            ["runs.tuned.decoding.method", "constrained decoding knows one pair of marks", "copy-draft"],
        ),
    ],
)
def test_typed_marks_that_cannot_serve_are_an_error(
    message_of: Callable[..., str], changes: list[tuple[str, str]], messages: list[str]
) -> None:
    text = message_of(*changes)
    assert all(message in text for message in messages), text


def test_a_typed_run_is_asked_for_all_its_types_at_once() -> None:
    place = ROOT / "config" / "demo.yaml"
    content = yaml.safe_load(place.read_text(encoding="utf-8"))
    pairs = {kind: [f"<{kind}>", f"</{kind}>"] for kind in ("disease", "gene")}
    content["prompts"]["two-types"] = {"marks_by_type": pairs}
    content["mixtures"]["two-types"] = {"corpora": ["sample_gene", "sample_disease"], "prompt": "two-types"}
    run = content["runs"]["smollm2-tuned"] | {"mixture": "two-types", "evaluate": ["sample_disease"]}
    content["runs"]["two-types"] = run
    study = load_study(content, [place])
    every = study.prompts["two-types"].instruction_text("disease", "gene")
    assert tagger(study, "two-types").instructions == {"disease": every, "gene": every}
    assert tagger(study, "two-types", entities=["gene"]).instructions == {
        "gene": study.prompts["two-types"].instruction_text("gene")
    }
    with pytest.raises(MarknerError, match="two-types has no marks for chemical"):
        tagger(study, "two-types", entities=["chemical"])
    settings = PredictParams.of(study, {"run": "two-types", "seed": "1", "corpus": "sample_disease"}).settings()
    assert (settings["prompt"]["instruction"], settings["prompt"]["entity"]) == (every, "disease")
    training = StrataParams.of(study, {"corpus": "sample_disease"}).settings()["training"]["two-types"]
    assert list(training["marks_by_type"]) == ["disease", "gene"]
