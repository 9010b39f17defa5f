"""A text to be tagged, and what is found in it."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple


class Found(NamedTuple):
    """A mention found: character offsets into the text of its document, end exclusive, and its entity type."""

    start: int
    end: int
    type: str


@dataclass(frozen=True, slots=True)
class Part:
    """A title, an abstract, a paragraph: where it lies in the text of its document.

    `offset` is the place that the file itself gives the part's first character (BioC); `start` where there is none.
    """

    start: int
    end: int
    offset: int
    infons: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class TextDocument:
    """A text as its file has it, character for character, and the parts of it that are read as prose.

    Parts are in order and do not overlap; between two of them lies at least one character.
    """

    id: str
    text: str
    parts: tuple[Part, ...]
    infons: Mapping[str, str] = field(default_factory=dict)

    def digest(self) -> str:
        """SHA-256 of all that tagging depends on: the text and the bounds of its parts."""
        content = json.dumps([self.text, [[part.start, part.end] for part in self.parts]])
        return hashlib.sha256(content.encode()).hexdigest()


def joined(identifier: str, parts: Sequence[tuple[str, int | None, Mapping[str, str]]], glue: str) -> TextDocument:
    """A document of parts that a file holds one by one: its text is theirs with one character, `glue`, between them.

    Args:
        identifier: Name of the document.
        parts: Text, the file's own offset (None: its place in the joined text) and infons of each.
        glue: One character.
    """
    placed, start = [], 0
    for text, offset, infons in parts:
        placed.append(Part(start, start + len(text), start if offset is None else offset, infons))
        start += len(text) + 1
    return TextDocument(identifier, glue.join(text for text, _, _ in parts), tuple(placed))
