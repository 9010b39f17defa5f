"""Compare nested settings and tables of hashes, name by name."""

from collections.abc import Iterator, Mapping
from typing import Any

ABSENT = "(absent)"


def flat_settings(settings: Any, prefix: str = "") -> dict[str, Any]:
    """Return nested settings with dotted names on one level. The sections of a list have numbers as names."""
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


def unequal(then: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[tuple[str, str, str]]:
    """Yield each name whose values differ, with both values as text.

    `1` and `1.0`, `True` and `1` are different values. The text of a value that is not there is `ABSENT`.
    """
    for name in dict.fromkeys([*then, *now]):
        old, new = (repr(values[name]) if name in values else ABSENT for values in (then, now))
        if old != new:
            yield name, old, new


def differences(then: Mapping[str, str], now: Mapping[str, str]) -> list[tuple[str, str]]:
    """List the names that differ between two tables of hashes, with `changed`, `removed` or `added`."""
    return [
        (name, "added" if old == ABSENT else "removed" if new == ABSENT else "changed")
        for name, old, new in unequal(then, now)
    ]
