"""Folders to publish: what their cards say of marks, prompts and licences."""

import json
from pathlib import Path
from typing import Any

import pytest
import yaml
from conftest import ROOT

from markner.errors import MarknerError
from markner.reporting.hub.dataset_folder import write_dataset
from markner.reporting.hub.model_folder import write_model
from markner.reporting.params import InstructionSetCardParams, ModelCardParams
from markner.study.loading import load_study

TEMPLATES = ROOT / "src" / "markner" / "reporting" / "hub" / "templates"
STUDY = """
study: s
corpora:
  diseases: &corpus
    entity: disease
    licence: CC0-1.0
    variant: tokenized
    tokenized: {format: iob, train: a.tsv, test: a.tsv}
  genes: {<<: *corpus, entity: gene}
models: {base: {source: folder, path: base}}
prompts:
  typed:
    instruction: 'Mark {entity} with <mark> and </mark>, as {"a": 1}.'
    marks_by_type: {disease: [<disease>, </disease>], gene: [<gene>, </gene>]}
    context: title
    template: '{"task": "{instruction}", "beside": "{context}"} {input}'
mixtures: {both: {corpora: [diseases, genes], prompt: typed}}
runs: {tuned: {system: generative, model: base, mixture: both, evaluate: [diseases]}}
"""
ROW = {"instruction": "Mark.", "context": "Mice [...]", "input": "TP53 .", "output": "<gene>TP53</gene> ."}
RATIOS = {"precision": 1.0, "recall": 0.5, "f1": 0.666667, "f1_interval": [0.5, 0.8]}
SCORE = {"sentences": 2, "strict": RATIOS}
COST = {"steps": 1, "seconds": 2.0, "device": "cpu", "processes": 1, "memory_bytes": 2**30}


def params(kind: Any, **changed: Any) -> Any:
    """Return the params of a card of the study above, with changed sections."""
    study = load_study(yaml.safe_load(STUDY) | changed, [])
    return kind.of(study, {"mixture": "both", "run": "tuned", "seed": "1"})


def dataset_card(folder: Path, **changed: Any) -> str:
    (folder / "both.json").write_text(json.dumps([ROW]), encoding="utf-8")
    facts = params(InstructionSetCardParams, **changed)
    write_dataset(folder / "hub", folder / "both.json", TEMPLATES / "dataset.md", facts)
    return (folder / "hub" / "README.md").read_text(encoding="utf-8")


def model_card(folder: Path, **changed: Any) -> str:
    (folder / "model").mkdir(exist_ok=True)
    for name, value in (("cost", COST), ("diseases", SCORE)):
        (folder / f"{name}.json").write_text(json.dumps(value), encoding="utf-8")
    scores = {"diseases": folder / "diseases.json"}
    facts = params(ModelCardParams, **changed)
    write_model(folder / "hub", folder / "model", folder / "cost.json", scores, TEMPLATES / "model.md", facts)
    return (folder / "hub" / "README.md").read_text(encoding="utf-8")


def test_cards_name_the_marks_of_the_prompt(tmp_path: Path) -> None:
    card = dataset_card(tmp_path)
    assert "`<disease>` or `<gene>` around" in card and "`<mark>`" not in card
    assert "exactly `instruction`, `context`, `input` and `output`. 1 outputs hold a mark, 1 mentions" in card
    fields = json.loads((tmp_path / "hub" / "croissant.json").read_text(encoding="utf-8"))["recordSet"][0]["field"]
    assert "<disease> and </disease>, <gene> and </gene>" in fields[-1]["description"]
    assert "`<disease>` or `<gene>` around" in model_card(tmp_path)


def test_croissant_has_the_day_of_publication_that_the_study_names(tmp_path: Path) -> None:
    for published, day in (({}, None), ({"date": "2026-11-27"}, "2026-11-27")):
        dataset_card(tmp_path, published=published)
        assert json.loads((tmp_path / "hub" / "croissant.json").read_text(encoding="utf-8")).get("datePublished") == day
    assert "date" not in params(InstructionSetCardParams).settings()["published"]
    with pytest.raises(MarknerError, match=r"`published\.date`: expected"):
        params(InstructionSetCardParams, published={"date": "27.11.2026"})


def test_the_example_of_a_model_card_makes_its_prompt(tmp_path: Path) -> None:
    card = model_card(tmp_path)
    values: dict[str, str] = {}
    exec("template = " + card.partition("template = ")[2].partition("ids = ")[0], values)
    asked = 'Mark disease and gene with <disease> and </disease>, <gene> and </gene>, as {"a": 1}.'
    assert values["prompt"] == (
        f'{{"task": "{asked}", "beside": "Breast cancer in families . [...]"}} '
        "A mutation in BRCA1 raises the risk of breast cancer ."
    )
    assert "For gene" not in card  # all types are asked for in one pass, so there is one instruction


def test_the_licence_of_the_study_is_not_that_of_corpora_and_weights(tmp_path: Path) -> None:
    published = {"published": {"licence": "MIT"}}
    assert "license: cc0-1.0" in dataset_card(tmp_path)
    assert "license: other" in dataset_card(tmp_path, **published)
    assert "license: cc0-1.0" in dataset_card(tmp_path, published={"licence": "CC0-1.0"})
    assert "license:" not in model_card(tmp_path)
    assert "license: other" in model_card(tmp_path, **published)
    hub = {"models": {"base": {"source": "hub", "id": "a/b", "licence": "Llama 2 community licence; accept it"}}}
    assert "license: other" in model_card(tmp_path, **hub)
    hub["models"]["base"]["licence"] = "Apache-2.0"
    assert "license: apache-2.0" in model_card(tmp_path, **hub)
