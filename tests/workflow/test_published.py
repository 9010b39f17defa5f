"""What a study publishes: data sets and models with cards that the hub's own libraries read."""

import json
from pathlib import Path

import mlcroissant
import pytest
from huggingface_hub import DatasetCard, ModelCard
from tiny_study import RESULTS, copy, finished, plan, snakemake
from transformers import AutoModelForCausalLM, AutoTokenizer

pytestmark = [pytest.mark.models, pytest.mark.slow]


@pytest.fixture(scope="module")
def hub(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What the target `hub` writes."""
    made, _ = finished(tmp_path_factory.getbasetemp())
    folder = copy(made, tmp_path_factory.mktemp("published") / "checkout")
    snakemake(folder, "--", "hub")
    assert plan(folder, "--", "hub") == set()
    return folder / RESULTS / "hub"


def test_a_data_set_holds_the_instructions_and_names_its_licences(hub: Path) -> None:
    folder = hub / "datasets" / "disease"
    rows = [json.loads(line) for line in (folder / "data" / "train.jsonl").read_text(encoding="utf-8").splitlines()]
    assert rows == json.loads((hub.parent / "instructions" / "disease.json").read_text(encoding="utf-8"))
    card = DatasetCard.load(folder / "README.md")
    assert card.data.configs == [
        {"config_name": "default", "data_files": [{"split": "train", "path": "data/train.jsonl"}]}
    ]
    assert "| sample_disease | disease | tokenized | CC0-1.0 |" in card.text
    assert "written by the model" not in card.text
    assert "written by the model `smollm2-135m`" in DatasetCard.load(hub / "datasets" / "gene_self" / "README.md").text


def test_croissant_metadata_is_valid_and_leads_to_the_records(hub: Path) -> None:
    dataset = mlcroissant.Dataset(jsonld=hub / "datasets" / "all" / "croissant.json")
    assert dataset.metadata.ctx.issues.errors == set()
    records = list(dataset.records("instances"))
    expected = json.loads((hub.parent / "instructions" / "all.json").read_text(encoding="utf-8"))
    assert [{key.rpartition("/")[2]: value.decode() for key, value in record.items()} for record in records] == expected


def test_a_model_has_its_scores_on_its_card_and_loads(hub: Path) -> None:
    folder = hub / "models" / "smollm2-tuned" / "seed1"
    card = ModelCard.load(folder / "README.md")
    score = json.loads((hub.parent / "scores/smollm2-tuned/seed1/sample_disease.json").read_text(encoding="utf-8"))
    expected = {(item.dataset_type, item.metric_type): item.metric_value for item in card.data.eval_results or ()}
    assert expected["sample_disease", "f1"] == score["strict"]["f1"]
    assert "| learning_rate | 0.0004 |" in card.text
    assert "CC0-1.0" in card.text
    model, tokenizer = AutoModelForCausalLM.from_pretrained(folder), AutoTokenizer.from_pretrained(folder)
    example = card.text.partition("template = ")[2].partition("ids = ")[0]
    values: dict[str, str] = {}
    exec("template = " + example, values)
    assert values["prompt"].startswith("Below is an instruction")
    ids = tokenizer(values["prompt"], return_tensors="pt")
    assert model.generate(**ids, max_new_tokens=2, do_sample=False).shape[1] > ids["input_ids"].shape[1]


def test_weights_take_no_room_twice(hub: Path) -> None:
    path = "models/smollm2-tuned/seed1/model.safetensors"
    assert (hub / path).stat().st_ino == (hub.parent / path).stat().st_ino
