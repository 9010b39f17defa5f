"""The resources that a profile of Snakemake sets."""

from pathlib import Path
from typing import Any

from markner.errors import MarknerError


def profile_of(path: Path) -> dict[str, Any]:
    """Read the resources of a profile, a folder or the file in it, as Snakemake reads them.

    Returns `default-resources` and `resources` by name, and `set-resources` by rule and name: memory in MB (`mem_mb`),
    times in minutes. An expression, which only a job has a value for, stays text.

    Raises:
        MarknerError: The profile cannot be read.
    """
    path = path / "config.yaml" if path.is_dir() else path
    if not path.is_file():
        raise MarknerError(f"{path}: there is no such profile", "name the profile's folder or its config.yaml")
    from snakemake.exceptions import WorkflowError
    from snakemake.profiles import ConfigFileParserException, ProfileConfigFileParser

    try:
        with path.open(encoding="utf-8") as stream:
            content = ProfileConfigFileParser().parse(stream)
        by_rule: dict[str, list[str]] = {}
        for rule, _, text in (text.partition(":") for text in content.get("set-resources", ())):
            by_rule.setdefault(rule, []).append(text)
        return {
            **{name: _values(content.get(name, [])) for name in ("default-resources", "resources")},
            "set-resources": {rule: _values(texts) for rule, texts in by_rule.items()},
        }
    except (ConfigFileParserException, ValueError, WorkflowError) as error:
        raise MarknerError(f"{path}: {error}", "correct the profile") from error


def _values(texts: list[str]) -> dict[str, Any]:
    """Return the values of resources, such as `runtime=2h`, by name."""
    from snakemake.resources import Resources

    values = {name: each.raw for name, each in Resources.parse(texts, allow_expressions=True).items()}
    return {name: value.strip("'\"") if isinstance(value, str) else value for name, value in values.items()}
