"""Schema and reference of the config, from the settings' types and docstrings: `python -m markner.study.reference`."""

from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import GenerateJsonSchema
from pydantic_core import PydanticUndefined

from markner.files import write_json, write_text
from markner.study.describe import NAME_RULE, documentation, models_in, plain_type
from markner.study.paths import CHECKOUT
from markner.study.schema.study import Study
from markner.study.wording import yaml_block

SCHEMA_FILE = CHECKOUT / "config" / "schema.json"
REFERENCE_FILE = CHECKOUT / "docs" / "config-reference.md"

EXAMPLE = """\
# yaml-language-server: $schema=schema.json
study: first
question: Does tuning on one corpus help?
corpora:
  disease:
    entity: disease
    variant: raw
    raw: {format: pubtator, train: data/train.PubTator, dev: data/dev.PubTator, test: data/test.PubTator}
mixtures:
  disease: {corpora: [disease]}
models:
  llama: {source: hub, id: huggyllama/llama-7b}
runs:
  untuned: {system: generative, model: llama, evaluate: [disease]}
  tuned: {system: generative, model: llama, mixture: disease, seeds: [1, 2, 3], evaluate: [disease]}
tables:
  main:
    title: Strict F1
    corpora: [disease]
    rows:
      - {label: LLaMA-7B, runs: [untuned]}
      - {label: LLaMA-7B tuned, runs: [tuned]}
"""
"""A small study that has one of everything most studies need."""

HEAD = f"""\
# Config reference

Made by `python -m markner.study.reference` from the types and docstrings of `src/markner/study/schema/`; do not edit.

A study is a YAML file. A small one:

```yaml
{EXAMPLE}```

- The first line gives completion and checking in editors that run yaml-language-server (VS Code with the YAML
  extension, Neovim, Emacs): `# yaml-language-server: $schema=schema.json`, the path being relative to the YAML file.
- {NAME_RULE}
  Names that differ only by case are refused.
- Write exponents after a dot, `2.0e-5`: YAML 1.1 reads `2e-5` as text. Loading takes both, the schema only the first.
- A key that stands twice in one section, a key that is not listed here, and a name that does not exist are errors. All
  errors of a study are shown together, each with file, line and what to write.
- One value for one call: `--config mirror=DIR`, `--config 'scoring={{resamples: 200}}'`.
"""


class _Schema(GenerateJsonSchema):
    """JSON Schema of the 2020-12 vocabulary alone, with the docstrings of the settings."""

    def model_schema(self, schema: Any) -> Any:
        """Add the docstrings of a section's settings."""
        made = super().model_schema(schema)
        for key, described in made.get("properties", {}).items():
            if text := documentation(schema["cls"], key):
                described["description"] = text
        return made

    def tagged_union_schema(self, schema: Any) -> Any:
        """Drop OpenAPI's `discriminator`; the members differ by their constants."""
        made = super().tagged_union_schema(schema)
        made.pop("discriminator", None)
        return made


def schema() -> dict[str, Any]:
    """Return the JSON Schema (draft 2020-12) of a study file.

    It knows keys, types and ranges. Loading also checks keys against each other, and names across sections.
    """
    made = Study.model_json_schema(schema_generator=_Schema)
    head = {"$schema": "https://json-schema.org/draft/2020-12/schema", "title": "MarkNER study"}
    return head | {key: value for key, value in _closed(made).items() if key != "title"}


def reference_markdown() -> str:
    """Return the config reference as Markdown: one section for each part of a study, one row for each key."""
    return "\n".join([HEAD, *(_section(model) for model in _models())])


def write() -> None:
    """Write config/schema.json and docs/config-reference.md."""
    write_json(SCHEMA_FILE, schema())
    write_text(REFERENCE_FILE, reference_markdown())


def _closed(value: Any) -> Any:
    """Return a schema without further keys where keys follow a pattern, and with descriptions on one line."""
    if isinstance(value, list):
        return [_closed(item) for item in value]
    if not isinstance(value, dict):
        return value
    made = {key: _closed(item) for key, item in value.items()}
    if "patternProperties" in made:
        made.setdefault("additionalProperties", False)
    if isinstance(made.get("description"), str):
        made["description"] = " ".join(made["description"].split())
    return made


def _models() -> list[type[BaseModel]]:
    """Return all sections, each once, in the order in which a reader of Study meets them."""
    models: list[type[BaseModel]] = []

    def visit(model: type[BaseModel]) -> None:
        if model in models:
            return
        models.append(model)
        for field in model.model_fields.values():
            for below in models_in(field.annotation):
                visit(below)

    visit(Study)
    return models


def _section(model: type[BaseModel]) -> str:
    """Return one section of the reference."""
    rows = ["| key | type | default | meaning |", "|---|---|---|---|"]
    for key, field in model.model_fields.items():
        kind = plain_type(
            field.annotation, field.metadata, lambda below: f"[{below.__name__}](#{below.__name__.lower()})"
        )
        default = field.get_default(call_default_factory=True, validated_data={})
        cells = (f"`{key}`", kind, _default(default), documentation(model, key))
        rows.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    meaning = " ".join((model.__doc__ or "").split())
    return "\n".join([f"## {model.__name__}", "", meaning, "", *rows, ""])


def _default(value: Any) -> str:
    """Return a default as its table cell shows it."""
    if value is PydanticUndefined:
        return "**required**"
    if value is None:
        return "none"
    if isinstance(value, BaseModel):
        return "its defaults"
    if value in ("", [], {}):
        return "empty"
    if isinstance(value, dict):
        return ", ".join(f"`{key}` with its defaults" for key in value)
    if isinstance(value, str):
        return "`" + value.replace("\n", "\\n") + "`"
    return f"`{yaml_block((), value)}`"


if __name__ == "__main__":
    write()
