"""The document model: documents with passages and mentions, and the sentences made of them."""

import hashlib
import json
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from markner.files import read_records, write_records

SENTENCE = "sentence"
"""Infon `type` of a passage that is one sentence."""


class Span(NamedTuple):
    """Character offsets into the exact text of a sentence; the end is exclusive."""

    start: int
    end: int


class Mention(NamedTuple):
    """An entity mention: character offsets into the text of its document, end exclusive, and its entity type.

    `text` is the annotated text that a file gives beside the offsets; None if it gives none. A discontinuous mention
    has more than one part; `start` and `end` are then the bounds of all parts together. `confidence` is that of the
    system that found it, from 0 to 1; None for an annotation. `concept` is the identifier of its meaning in the file:
    `MESH:D003920`.
    """

    start: int
    end: int
    type: str
    text: str | None = None
    parts: tuple[Span, ...] = ()
    confidence: float | None = None
    concept: str | None = None

    @property
    def span(self) -> Span:
        """Its bounds."""
        return Span(self.start, self.end)

    @property
    def spans(self) -> tuple[Span, ...]:
        """Its parts; its bounds if it is continuous."""
        return self.parts or (self.span,)

    def moved(self, shift: int) -> "Mention":
        """Return the mention with its offsets changed by a number of characters."""
        parts = tuple(Span(start + shift, end + shift) for start, end in self.parts)
        return self._replace(start=self.start + shift, end=self.end + shift, parts=parts)


@dataclass(frozen=True, slots=True)
class Passage:
    """A title, an abstract or a paragraph: its bounds in the text of the document. It is split into sentences alone.

    `offset` is the position that the file gives for the first character of the passage (BioC); `start` if it gives
    none.
    """

    start: int
    end: int
    offset: int
    infons: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Document:
    """A document of any format: its exact text, its passages and its mentions.

    Passages are in order and do not overlap; at least one character lies between two of them. `infons` are the
    properties that BioC keeps with a document. `ignored` counts what the file has beside mentions, by kind: relations,
    events, attributes, notes.
    """

    id: str
    text: str
    passages: tuple[Passage, ...]
    mentions: tuple[Mention, ...] = ()
    infons: Mapping[str, str] = field(default_factory=dict)
    ignored: Mapping[str, int] = field(default_factory=dict)

    def digest(self) -> str:
        """Return the SHA-256 of the text and the bounds of its passages: all that tagging depends on."""
        content = json.dumps([self.text, [[passage.start, passage.end] for passage in self.passages]])
        return hashlib.sha256(content.encode()).hexdigest()


def without_space(text: str) -> str:
    """Return the text without its white space."""
    return "".join(text.split())


def trimmed(text: str, span: Span) -> Span:
    """Return a span of a text without the white space at its ends; an empty one if it holds white space alone."""
    surface = text[span.start : span.end]
    start = span.start + len(surface) - len(surface.lstrip())
    return Span(start, start + len(surface.strip()))


def overlaps(span: Span, others: Collection[Span]) -> bool:
    """Return whether a span has a character in common with one of others."""
    return any(span.start < other.end and other.start < span.end for other in others)


class PassageText(NamedTuple):
    """A passage of a file that stores the passages one by one: its text, its own offset if it has one, its infons."""

    text: str
    offset: int | None = None
    infons: Mapping[str, str] = {}


def join_passages(identifier: str, texts: Sequence[PassageText], glue: str = "\n") -> Document:
    """Join passages to a document, with one character, `glue`, between two of them."""
    passages, start = [], 0
    for text, offset, infons in texts:
        passages.append(Passage(start, start + len(text), start if offset is None else offset, infons))
        start += len(text) + 1
    return Document(identifier, glue.join(passage.text for passage in texts), tuple(passages))


def single_passage(identifier: str, text: str, infons: Mapping[str, str] = {}) -> Document:
    """Return a text as a document of one passage; an empty text has none."""
    return join_passages(identifier, [PassageText(text, None, infons)] if text else [])


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a corpus: a row of results/<study>/corpora/<corpus>/<variant>/<split>.jsonl.

    `mentions` are all annotations inside the sentence, in order, before overlaps are resolved. `spans` are the gold:
    the mentions that are left, sorted, not empty, not overlapping, inside the text. `released` is the sentence as it is
    marked in the release of the paper's authors (it may hold nested or misplaced marks); None if the release lacks the
    sentence, and on the variant `raw`. `id` is empty until the split is complete.
    """

    id: str
    document: str
    text: str
    mentions: tuple[Span, ...] = ()
    spans: tuple[Span, ...] = ()
    released: str | None = None


def write_sentences(path: str | os.PathLike[str], sentences: Iterable[Sentence]) -> None:
    """Write sentences as JSON lines, atomically."""
    write_records(path, sentences)


def read_sentences(path: str | os.PathLike[str]) -> Iterator[Sentence]:
    """Read sentences from JSON lines; another row is an error that names file and line."""
    return read_records(path, Sentence, needed=("mentions", "spans", "released"))
