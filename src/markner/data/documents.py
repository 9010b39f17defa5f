"""What a corpus is made of: documents, passages, mentions, and the sentences that come of them."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from markner.errors import MarknerError
from markner.files import read_jsonl, write_jsonl


class Span(NamedTuple):
    """Character offsets into the exact text of a sentence; the end is exclusive."""

    start: int
    end: int


@dataclass(frozen=True, slots=True)
class Mention:
    """One annotation of a native file: offsets into the text of its passage, end exclusive.

    A discontinuous mention has more than one part; `start` and `end` are then those of its hull.
    """

    start: int
    end: int
    type: str
    text: str
    parts: tuple[Span, ...] = ()


@dataclass(frozen=True, slots=True)
class Passage:
    """A title, an abstract, a paragraph: text that is split into sentences by itself."""

    text: str
    mentions: tuple[Mention, ...] = ()


@dataclass(frozen=True, slots=True)
class Document:
    """A document of a native file."""

    id: str
    passages: tuple[Passage, ...]


@dataclass(frozen=True, slots=True)
class Sentence:
    """One sentence of a corpus: a row of results/<study>/corpora/<corpus>/<variant>/<split>.jsonl.

    `mentions` are all annotations that lie within the sentence, in order, before overlaps are resolved; `spans` are
    those left after, the gold: sorted, not empty, not overlapping, inside the text. `released` is the sentence as the
    paper's authors marked it (variant `tokenized` only; it may hold nested or misplaced marks), None where their release lacks
    the sentence or the variant has no such form.
    """

    id: str
    document: str
    text: str
    mentions: tuple[Span, ...] = field(default=())
    spans: tuple[Span, ...] = field(default=())
    released: str | None = None


def write_sentences(path: str | os.PathLike[str], sentences: Iterable[Sentence]) -> None:
    """Write sentences as JSON lines, atomically."""
    write_jsonl(
        path,
        (
            {
                "id": sentence.id,
                "document": sentence.document,
                "text": sentence.text,
                "mentions": [list(span) for span in sentence.mentions],
                "spans": [list(span) for span in sentence.spans],
                "released": sentence.released,
            }
            for sentence in sentences
        ),
    )


def read_sentences(path: str | os.PathLike[str]) -> Iterator[Sentence]:
    """Read sentences from JSON lines; a row that is not a sentence is an error naming file and line."""
    for number, row in enumerate(read_jsonl(path), start=1):
        try:
            yield Sentence(
                id=row["id"],
                document=row["document"],
                text=row["text"],
                mentions=tuple(Span(*pair) for pair in row["mentions"]),
                spans=tuple(Span(*pair) for pair in row["spans"]),
                released=row["released"],
            )
        except (KeyError, TypeError) as error:
            raise MarknerError(f"{path}, line {number}: not a sentence: {error!r}") from error
