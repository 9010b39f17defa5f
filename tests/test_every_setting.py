"""Each single value of a section reaches the rules of that section, whichever value it is."""

from typing import Any, Literal, get_args, get_origin

import pytest
from pydantic import BaseModel
from test_params import DEMO, changed

SECTIONS: dict[str, tuple[BaseModel, dict[str, set[str]], set[str]]] = {
    # place: the section, the rules of single values, and those of all others
    "runs__smollm2_tuned__training": (DEMO.runs["smollm2-tuned"].training, {}, {"train"}),
    "runs__smollm2_tuned__decoding": (DEMO.runs["smollm2-tuned"].decoding, {}, {"predict"}),
    "runs__minilm_gene": (
        DEMO.runs["minilm-gene"],
        {"fraction": {"train_encoder", "strata"}},
        {"train_encoder"},
    ),
    "scoring": (DEMO.scoring, {}, {"score", "significance", "strata", "official"}),
    "significance": (DEMO.significance, {}, {"significance", "strata"}),
    "errors": (DEMO.errors, {}, {"errors"}),
    "error_figures__errors": (
        DEMO.error_figures["errors"],
        {"title": {"error_figure", "report"}},
        {"error_figure"},
    ),
    "figures__scores": (DEMO.figures["scores"], {"title": {"figure", "report"}}, {"figure"}),
    "tables__table1": (
        DEMO.tables["table1"],
        {"title": {"table", "figure", "error_figure", "report"}},
        {"table", "figure", "error_figure"},
    ),
}
NAMES = {"system", "model", "mixture", "prompt", "corpus", "table", "set"}
"""What names other parts of a study; tests/workflow/test_mutations.py changes such."""


def another(name: str, annotation: Any, value: Any) -> Any:
    """Another valid value of a setting's type; None for lists, sections and what has no value."""
    if name == "device_batch_size":  # divides the batch size
        return value // 2
    if get_origin(annotation) is Literal:
        return next((choice for choice in get_args(annotation) if choice != value), None)
    if isinstance(value, bool):
        return not value
    if isinstance(value, int):
        return value * 2
    if isinstance(value, float):
        return value * 0.9 or 0.1
    return f"{value} x" if isinstance(value, str) else None


SETTINGS = {
    (place, name): value
    for place, (section, _, _) in SECTIONS.items()
    for name, field in type(section).model_fields.items()
    if name not in NAMES and (value := another(name, field.annotation, getattr(section, name))) is not None
}


@pytest.mark.parametrize(("place", "name"), SETTINGS)
def test_a_value_reaches_its_rules_and_no_others(place: str, name: str) -> None:
    _, own, others = SECTIONS[place]
    assert changed(**{f"{place}__{name}": SETTINGS[place, name]}) == own.get(name, others)


def test_there_is_a_value_of_each_kind() -> None:
    assert len(SETTINGS) > 35
