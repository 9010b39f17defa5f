"""Nested settings and tables of hashes side by side, name by name."""

from collections.abc import Mapping
from typing import Any


def flat_settings(settings: Any, prefix: str = "") -> dict[str, Any]:
    """Nested settings as one level of dotted names; lists of sections by number."""
    if isinstance(settings, Mapping) and settings:
        items = [(str(name), value) for name, value in settings.items()]
    elif isinstance(settings, list | tuple) and any(isinstance(item, Mapping | list | tuple) for item in settings):
        items = [(str(index), value) for index, value in enumerate(settings)]
    else:
        return {prefix: settings}
    return {
        name: item
        for key, value in items
        for name, item in flat_settings(value, f"{prefix}.{key}" if prefix else key).items()
    }


def shown(values: Mapping[str, Any], name: str) -> str:
    """A leaf as text; `1` and `1.0`, `True` and `1` are different ones."""
    return repr(values[name]) if name in values else "(absent)"


def differences(then: Mapping[str, str], now: Mapping[str, str]) -> list[tuple[str, str]]:
    """Names that differ between two tables of hashes, with `changed`, `removed` or `added`."""
    changed = [(name, "changed" if name in now else "removed") for name in then if now.get(name) != then[name]]
    return changed + [(name, "added") for name in now if name not in then]
