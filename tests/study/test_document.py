"""The schema and the reference say what the types say, and the studies hold to them."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]

from markner.study.loading import load_study, load_study_file
from markner.study.reference import EXAMPLE, REFERENCE_FILE, SCHEMA_FILE, reference_markdown, schema

pytest_plugins = ["study_folder"]

ROOT = Path(__file__).parents[2]
STUDIES = sorted((ROOT / "config").glob("*.yaml"))
AGAIN = "is not what the types say; run `python -m markner.study.reference`"


def test_the_files_are_up_to_date() -> None:
    assert json.loads(SCHEMA_FILE.read_text(encoding="utf-8")) == schema(), f"{SCHEMA_FILE.name} {AGAIN}"
    assert REFERENCE_FILE.read_text(encoding="utf-8") == reference_markdown(), f"{REFERENCE_FILE.name} {AGAIN}"


def test_there_are_studies() -> None:
    assert STUDIES


@pytest.mark.parametrize("file", STUDIES, ids=lambda file: file.stem)
def test_every_study_holds_to_the_schema_and_loads(file: Path) -> None:
    errors = [error.message for error in Draft202012Validator(schema()).iter_errors(yaml.safe_load(file.read_text()))]
    assert errors == []
    assert load_study_file(file).study


def objects(value: Any) -> list[dict[str, Any]]:
    here = [value] if isinstance(value, dict) and value.get("type") == "object" else []
    below = value.values() if isinstance(value, dict) else value if isinstance(value, list) else []
    return here + [found for item in below for found in objects(item)]


def test_the_schema_is_valid_and_closed() -> None:
    made = schema()
    Draft202012Validator.check_schema(made)
    assert made["$schema"] == "https://json-schema.org/draft/2020-12/schema"
    assert "$id" not in made
    assert "discriminator" not in json.dumps(made)
    found = objects(made)
    assert len(found) > 20
    for section in found:
        assert section["additionalProperties"] is not True, section.get("title")


@pytest.mark.parametrize(
    "spoil",
    [{"mirorr": "x"}, {"corpora": {"a b": {}}}, {"scoring": {"resamples": 1}}, {"models": {"m": {"source": "x"}}}],
    ids=str,
)
def test_the_schema_refuses_what_loading_refuses(study_text: str, spoil: dict[str, Any]) -> None:
    config = yaml.safe_load(study_text)
    config["runs"]["tuned"]["training"]["learning_rate"] = 1.0e-5
    validator = Draft202012Validator(schema())
    assert validator.is_valid(config)
    assert not validator.is_valid(config | spoil)


def test_the_example_of_the_reference_loads() -> None:
    assert load_study(yaml.safe_load(EXAMPLE)).study == "first"
    assert EXAMPLE in reference_markdown()


def test_the_reference_has_a_row_for_every_key_and_a_section_for_every_link() -> None:
    text = reference_markdown()
    for name, section in schema()["$defs"].items():
        if "properties" not in section:
            continue
        part = text.split(f"\n## {name}\n")[1].split("\n## ")[0]
        for key in section["properties"]:
            assert f"| `{key}` |" in part, f"{name}.{key}"
    rows = [line for line in text.splitlines() if line.startswith("| ")]
    assert all(line.replace("\\|", "").count("|") == 5 for line in rows)
    assert "| `epochs` | a number, above 0 | `3.0` | Passes over the instruction set. |" in text


def test_loading_a_study_imports_neither_snakemake_nor_torch() -> None:
    heavy = ("snakemake", "torch", "jsonschema")
    code = f"import sys, markner.study.loading; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
