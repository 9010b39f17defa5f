"""Parts of an error message: YAML to write, a value on one line, the closest known word."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from typing import Any

import yaml

from markner.study.yaml_lines import Location


def yaml_block(location: Location, value: Any) -> str:
    """Return the YAML that sets one value, from the top of the study down."""
    for step in reversed(location):
        value = [value] if isinstance(step, int) else {step: value}
    return (
        yaml.dump(value, Dumper=_Dumper, sort_keys=False, allow_unicode=True, width=1000).removesuffix("...\n").rstrip()
    )


def yaml_hint(location: Location, value: Any, lead: str) -> str:
    """Return a hint with the YAML to write below it."""
    return f"{lead}\n{indented(yaml_block(location, value))}"


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """Return the known word closest to a mistaken one; None when nothing is close."""
    lower = {name.lower(): name for name in known}
    close = get_close_matches(str(word).lower(), lower, n=1, cutoff=0.6)
    return lower[close[0]] if close else None


def shown(value: Any) -> str:
    """Return a value as an error message shows it: short, on one line."""
    if value is None:
        return "nothing"
    if isinstance(value, Mapping):
        return "a section" + (f" with the keys {', '.join(f'`{key}`' for key in list(value)[:5])}" if value else "")
    if isinstance(value, list):
        return f"a list of {len(value)}" if value else "an empty list"
    if isinstance(value, bool):
        return f"`{str(value).lower()}` (a truth value)"
    if value == "":
        return "empty text"
    text = " ".join(str(value).split())
    return f"`{text[:60]}{'...' if len(text) > 60 else ''}`"


def counted(count: int, noun: str) -> str:
    """Return a number with its noun, in the plural unless it is one: `1 document`, `2,000 documents`."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def indented(block: str) -> str:
    """Return YAML as a fix shows it: indented by four spaces."""
    return "\n".join(f"    {line}" for line in block.splitlines())


class _Dumper(yaml.SafeDumper):
    """Sections as blocks, lists of plain values on one line, no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        """Repeat equal values instead of pointing at the first."""
        return True


def _list_node(dumper: yaml.SafeDumper, value: list[Any]) -> yaml.Node:
    flat = not any(isinstance(item, (dict, list)) for item in value)
    return dumper.represent_sequence("tag:yaml.org,2002:seq", value, flow_style=flat)


_Dumper.add_representer(list, _list_node)
