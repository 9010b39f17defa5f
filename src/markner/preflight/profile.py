"""A profile of Snakemake: the resources that it sets, as mappings and in the units of the rules."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from markner.errors import MarknerError


def profile_of(path: Path) -> Mapping[str, Any]:
    """Read a profile of Snakemake, a folder or the file in it.

    As for Snakemake, resources are mappings or lists of texts (`train:runtime=120`), and `mem` and `runtime` may have a
    unit (`64GB`, `2h`). What is returned has mappings, memory in MB (`mem_mb`) and times in minutes.

    Raises:
        MarknerError: The profile cannot be read.
    """
    path = path / "config.yaml" if path.is_dir() else path
    if not path.is_file():
        raise MarknerError(f"{path}: there is no such profile", "name the profile's folder or its config.yaml")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise MarknerError(f"{path}: {error}", "correct the profile") from error
    if not isinstance(content, dict):
        return {}
    read = {name: _resources(content.get(name)) for name in ("default-resources", "resources")}
    return content | read | {"set-resources": _by_rule(content.get("set-resources"))}


def _by_rule(given: Any) -> dict[str, dict[str, Any]]:
    if isinstance(given, dict):
        return {rule: _resources(values) for rule, values in given.items()}
    texts = [text.partition(":") for text in _texts(given)]
    return {rule: _resources([rest for name, _, rest in texts if name == rule]) for rule, _, _ in texts}


def _resources(given: Any) -> dict[str, Any]:
    if not isinstance(given, dict):
        given = {name: yaml.safe_load(value) for name, _, value in (text.partition("=") for text in _texts(given))}
    return {("mem_mb" if name == "mem" else name): _value(name, value) for name, value in given.items()}


def _texts(given: Any) -> list[str]:
    return [str(text) for text in (given if isinstance(given, list) else [given] if given else [])]


def _value(name: str, value: Any) -> Any:
    """Return a value without its unit or quotes. An expression, which only a job has a value for, stays as it is."""
    if not isinstance(value, str):
        return value
    from snakemake.exceptions import WorkflowError
    from snakemake.resources import Resource

    try:
        plain = Resource.parse_human_friendly(name, value)
    except WorkflowError:
        return value
    return plain.strip("'\"") if isinstance(plain, str) else plain
