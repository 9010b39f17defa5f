"""File and line of every key of the study's YAML files."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

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
        raise MarknerError(
            f"the configuration is nested more than {MAX_DEPTH} levels deep",
            "look for an alias (`*name`) inside the value that it names (`&name`)",
        )
    if isinstance(value, Mapping):
        return {str(key): text_keys(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [text_keys(item, depth + 1) for item in value]
    return value


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
            self._loader = yaml.SafeLoader(path.read_text(encoding="utf-8"))
            self._root = self._loader.get_single_node()
            # Before constructing, which flattens merged keys (`<<`) into the nodes.
            repeated = list(self._repeated(self._root, set())) if self._root else []
            value = self._construct(self._root) if self._root else {}
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
            raise MarknerError(f"{self.name}: not valid YAML: {error}", "save the file as UTF-8 text") from error
        if repeated:
            raise MarknerError(
                "\n".join(
                    f"{self.name}, line {second}: the key `{key}` is already given on line {first}"
                    for key, first, second in repeated
                ),
                "keep one of the two; YAML itself would silently take the last",
            )
        self.value = text_keys(value)

    def line(self, location: Location) -> int | None:
        """Return the line of a key or list item, counted from 1; None if the file lacks it. The top is line 1."""
        node, line = self._root, 1
        for step in location:
            child = self._child(node, step)
            if child is None:
                return None
            node, line = child
        return line

    def _child(self, node: yaml.Node | None, step: str | int) -> tuple[yaml.Node, int] | None:
        """Return the node under a key or index, and its line."""
        if isinstance(node, yaml.SequenceNode):
            if not isinstance(step, int) or step >= len(node.value):
                return None
            return node.value[step], node.value[step].start_mark.line + 1
        if not isinstance(node, yaml.MappingNode):
            return None
        # Constructing the file put merged keys (`<<`) before a section's own: the last is the one in force.
        for key, value in reversed(node.value):
            if str(self._construct(key)) == step:
                return value, key.start_mark.line + 1
        return None

    def _repeated(self, node: yaml.Node, seen: set[int]) -> Iterator[tuple[str, int, int]]:
        """Yield the keys that stand twice in one section: key, first line, second line."""
        if id(node) in seen:
            return
        seen.add(id(node))
        if isinstance(node, yaml.MappingNode):
            lines: dict[str, int] = {}
            for key, value in node.value:
                name = "<<" if key.tag == MERGE else str(self._construct(key))
                line = key.start_mark.line + 1
                if name in lines:
                    yield name, lines[name], line
                lines.setdefault(name, line)
                yield from self._repeated(value, seen)
        elif isinstance(node, yaml.SequenceNode):
            for item in node.value:
                yield from self._repeated(item, seen)

    def _construct(self, node: yaml.Node) -> Any:
        """Return the Python value of a node."""
        return self._loader.construct_document(node)


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
