"""File and line of every key of the study's YAML files."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from markner.data.formats.lines import decoded_text
from markner.errors import MarknerError

Location = tuple[str | int, ...]
"""The way to a value from the top of the study: keys of sections, indices of lists."""

MISSING = object()
"""Result of `lookup` for a value that is not there."""

MERGE = "tag:yaml.org,2002:merge"
"""YAML's tag of the key `<<`, which merges another section into its own."""

MAX_DEPTH = 40
"""Deeper than any study; an alias that refers to itself has no end."""


def text_keys(value: Any, depth: int = 0) -> Any:
    """Return a copy with every key of every section as text, since YAML reads `2020:` as a number and `on:` as true.

    Raises:
        MarknerError: the value is nested without end.
    """
    if depth > MAX_DEPTH:
        raise _endless()
    if isinstance(value, Mapping):
        return {str(key): text_keys(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [text_keys(item, depth + 1) for item in value]
    return value


def _endless() -> MarknerError:
    return MarknerError(
        f"the configuration is nested more than {MAX_DEPTH} levels deep",
        "look for an alias (`*name`) inside the value that it names (`&name`)",
    )


def lookup(value: Any, location: Location) -> Any:
    """Return the value at a location, or MISSING."""
    for step in location:
        in_list = isinstance(value, list) and isinstance(step, int) and step < len(value)
        if not in_list and not (isinstance(value, dict) and step in value):
            return MISSING
        value = value[step]
    return value


def longest_present(value: Any, location: Location) -> Location:
    """Return the part of a location, from the top, that exists."""
    while location and lookup(value, location) is MISSING:
        location = location[:-1]
    return location


class SourceFile:
    """One YAML file: its values and their lines.

    Raises:
        MarknerError: the file cannot be read, is not YAML, or has a key twice in one section.
    """

    def __init__(self, path: Path) -> None:
        self.name = _shown(path)
        try:
            loader = yaml.SafeLoader(decoded_text(path.read_bytes(), self.name))
            root = loader.get_single_node()
            # Before constructing, which puts the keys of merged sections (`<<`) before a section's own.
            written = list(_lines(root, loader, ()))
            self.value = text_keys(loader.construct_document(root)) if root else {}
            self._lines = dict(_lines(root, loader, ()))
        except OSError as error:
            raise MarknerError(
                f"{self.name}: cannot be read: {error.strerror}", "check the path given to --configfile"
            ) from error
        except yaml.MarkedYAMLError as error:
            mark = error.problem_mark or error.context_mark
            line = f", line {mark.line + 1}" if mark else ""
            raise MarknerError(
                f"{self.name}{line}: not valid YAML: {error.problem or error.context}",
                "indent with spaces, two for each level, and put text that holds `: `, `#`, `{` or `*` in quotes",
            ) from error
        except (yaml.YAMLError, ValueError, RecursionError) as error:
            raise MarknerError(
                f"{self.name}: not valid YAML: {error}", "put dates and text with special characters in quotes"
            ) from error
        if repeated := list(dict.fromkeys(_repeated(written))):
            raise MarknerError(
                "\n".join(f"{self.name}, {text}" for text in repeated),
                "keep one of the two; YAML itself would silently take the last",
            )

    def line(self, location: Location) -> int | None:
        """Return the line of a key or list item, counted from 1; None if the file lacks it. The top is line 1."""
        return self._lines.get(location) if location else 1


def _lines(node: yaml.Node | None, loader: yaml.SafeLoader, at: Location) -> Iterator[tuple[Location, int]]:
    """Yield the place and the line of each key and list item below a node."""
    if len(at) > MAX_DEPTH:
        raise _endless()
    if isinstance(node, yaml.MappingNode):
        for key, value in node.value:
            here = (*at, key.value if key.tag == MERGE else str(loader.construct_document(key)))
            yield here, key.start_mark.line + 1
            yield from _lines(value, loader, here)
    elif isinstance(node, yaml.SequenceNode):
        for index, item in enumerate(node.value):
            yield (*at, index), item.start_mark.line + 1
            yield from _lines(item, loader, (*at, index))


def _repeated(lines: Iterable[tuple[Location, int]]) -> Iterator[str]:
    """Yield a message for each key that stands twice in one section."""
    first: dict[Location, int] = {}
    repeated = set()
    for at, line in lines:
        if at in first:
            repeated.add(at)
            if at[:-1] not in repeated:
                yield f"line {line}: the key `{at[-1]}` is already given on line {first[at]}"
        first.setdefault(at, line)


class Sources:
    """The files of a study, and the merged configuration, in which `--config` may have replaced values."""

    def __init__(self, config: Mapping[str, Any], files: Sequence[SourceFile]) -> None:
        self._config = config
        self._files = files

    def place(self, location: Location) -> str:
        """Return file and line of a location, or of the section above it; a value of no file came by `--config`."""
        index, line = self.order(location)
        if not self._files:
            return "the configuration"
        if index == len(self._files):
            return f"--config {longest_present(self._config, location)[0]}=..."
        return f"{self._files[index].name}, line {line}"

    def order(self, location: Location) -> tuple[int, int]:
        """Return index of the file and line in it, to sort by. The index after the last file means `--config`."""
        location = longest_present(self._config, location)
        value = lookup(self._config, location)
        for index, file in reversed(list(enumerate(self._files))):
            if (line := file.line(location)) is not None and _holds(lookup(file.value, location), value):
                return index, line
        return len(self._files), 0


def _holds(written: Any, value: Any) -> bool:
    """Return whether a file's value is the one in force. Sections are merged, so they need not be equal."""
    if isinstance(written, dict) and isinstance(value, dict):
        return True
    return bool(written == value) or repr(written) == repr(value)


def _shown(path: Path) -> str:
    """Return a path for messages: relative if it is below the working directory."""
    absolute, here = path.absolute(), Path.cwd()
    return str(absolute.relative_to(here)) if absolute.is_relative_to(here) else str(path)
