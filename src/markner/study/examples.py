"""Values to show where a setting is missing or wrong: the default, a name of the study, or an example."""

from typing import Any, Literal, get_args, get_origin

from pydantic import BaseModel
from pydantic_core import PydanticUndefined

from markner.study.describe import NAME_PATTERN, is_model, union_members, unwrap

SHA256 = "0123456789abcdef" * 4

SECTIONS: dict[str, dict[str, Any]] = {
    "CorpusFile": {"path": "data/train.txt"},
    "SplitFiles": {"files": ["data/train.in", "data/GENE.eval"]},
    "CorpusSource": {"format": "pubtator", "train": "data/train.txt", "dev": "data/dev.txt", "test": "data/test.txt"},
    "Corpus": {
        "entity": "disease",
        "variant": "raw",
        "raw": {"format": "pubtator", "train": "data/train.txt", "dev": "data/dev.txt", "test": "data/test.txt"},
    },
    "PredictionsRun": {
        "system": "predictions",
        "files": {"ncbi_disease": "answers/ncbi_disease.jsonl"},
        "format": "marked",
        "evaluate": ["ncbi_disease"],
    },
    "Training": {"batch_size": 128, "device_batch_size": 4},
    "PaperCounts": {"instances": 5424, "mentions": 5134},
    "TableRow": {"label": "LLaMA-7B", "runs": ["llama"]},
    "Table": {"title": "Strict F1", "corpora": ["ncbi"], "rows": [{"label": "LLaMA-7B", "runs": ["llama"]}]},
}
"""A whole section, by the name of its class, for those that defaults and single keys do not explain."""

KEYS: dict[str, Any] = {
    "study": "my-study",
    "id": "owner/name",
    "path": "models/my-model",
    "package": "my_package",
    "url": "https://example.org/train.txt",
    "sha256": SHA256,
    "ids": "data/train-ids.txt",
    "pattern": "{id}.txt",
    "orcid": "0000-0002-1825-0097",
    "train": "data/train.txt",
    "dev": "data/dev.txt",
    "test": "data/test.txt",
    "files": ["data/train.in", "data/GENE.eval"],
    "paper": "LLaMA",
    "paper_table": "table1",
    "types": ["Disease"],
    "mirror": "data",
    "gguf": "*.gguf",
}
"""A value by key."""

NAMED: dict[str, str] = {
    "model": "models",
    "mixture": "mixtures",
    "prompt": "prompts",
    "corpus": "corpora",
    "corpora": "corpora",
    "evaluate": "corpora",
    "runs": "runs",
    "table": "tables",
}
"""Keys that hold names of another part of the study."""


def example(model: type[BaseModel], key: str, config: Any) -> Any:
    """A value that may stand at a key of a section; names are taken from the study where it has some."""
    field = model.model_fields[key]
    parts = unwrap(field.annotation, field.metadata)
    listed = get_origin(parts.bare) is list
    item = unwrap(get_args(parts.bare)[0]) if listed else parts
    if key in NAMED and NAME_PATTERN in (getattr(constraint, "pattern", None) for constraint in item.constraints):
        section = config.get(NAMED[key]) if isinstance(config, dict) else None
        name = next(iter(section), "NAME") if isinstance(section, dict) else "NAME"
        return [name] if listed else name
    default = field.get_default(call_default_factory=True, validated_data={})
    if default is not PydanticUndefined and default not in (None, "", [], {}):
        return plain(default)
    own = SECTIONS.get(model.__name__, {})
    if key in own:
        return own[key]
    textual = parts.bare is str or listed or union_members(parts.bare)
    return KEYS[key] if key in KEYS and textual else of_type(field.annotation)


def of_type(annotation: Any) -> Any:
    """A value of a type; a section shows what it must contain."""
    parts = unwrap(annotation)
    bare, origin = parts.bare, get_origin(parts.bare)
    if origin is Literal:
        return get_args(bare)[0]
    if origin is list:
        return [of_type(get_args(bare)[0])]
    if origin is dict:
        key_type, value_type = get_args(bare)
        return {of_type(key_type) if get_origin(key_type) is Literal else "NAME": of_type(value_type)}
    if is_model(bare):
        return section(bare, {})
    if members := union_members(bare):
        return of_type(members[0])
    return {bool: True, int: 1, float: 0.5, str: "TEXT"}.get(bare, "TEXT")


def section(model: type[BaseModel], config: Any) -> dict[str, Any]:
    """A whole section with the keys that it must have."""
    if model.__name__ in SECTIONS:
        return SECTIONS[model.__name__]
    required = [key for key, field in model.model_fields.items() if field.is_required()]
    return {key: example(model, key, config) for key in required or list(model.model_fields)[:1]}


def plain(value: Any) -> Any:
    """A default as YAML can hold it."""
    if isinstance(value, dict):
        return {key: plain(item) for key, item in value.items()}
    return value.model_dump() if isinstance(value, BaseModel) else value
