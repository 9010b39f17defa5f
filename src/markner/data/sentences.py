"""From passages to sentences: spaCy's sentencizer, and what becomes of mentions that do not fit a sentence."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from markner.data.documents import Document, Passage, Span
from markner.stub_import import stub_import

if TYPE_CHECKING:
    from spacy.language import Language


@dataclass
class Tally:
    """What was met on the way from documents to sentences."""

    documents: int = 0
    """Documents read, repeated ones included."""
    repeated_documents: int = 0
    """Documents whose identifier had occurred before; they are kept, as distributed."""
    crossing: int = 0
    """Mentions dropped because they cross a sentence boundary."""
    overlapping: int = 0
    """Mentions not in the gold because they overlap a longer one, or one of the same length further left."""
    identical: int = 0
    """Mentions with the same span as another; the gold has the span once."""
    discontinuous: int = 0
    """Mentions of more than one part; the gold has their hull."""
    text_differs: int = 0
    """Mentions whose annotated text is not the text at their offsets; the offsets count."""
    identifiers: set[str] = field(default_factory=set)
    """Identifiers of the documents met so far."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A sentence of a document, before it has a name: its mentions, and the gold spans left of them."""

    document: str
    text: str
    mentions: tuple[Span, ...]
    spans: tuple[Span, ...]


def split_documents(documents: Iterable[Document], tally: Tally, *, whole_passages: bool = False) -> Iterator[Piece]:
    """Split each passage into sentences; `tally` counts what is met.

    Passages are split apart from each other by the `sentencizer` of a blank English spaCy pipeline (paper section
    3.1.2), or are sentences themselves (`whole_passages`: BC2GM). White space around a sentence is left out; a sentence
    of nothing else is none. Policies:

    - A mention that crosses the boundary of a sentence is dropped from both (`crossing`).
    - Of mentions that overlap or are nested the longest stays, of equal ones the leftmost (`overlapping`); identical
      spans count once (`identical`).
    - A discontinuous mention is its hull (`discontinuous`).
    """
    for document in documents:
        tally.documents += 1
        tally.repeated_documents += document.id in tally.identifiers
        tally.identifiers.add(document.id)
        for passage in document.passages:
            for mention in passage.mentions:
                tally.discontinuous += len(mention.parts) > 1
                tally.text_differs += not mention.parts and passage.text[mention.start : mention.end] != mention.text
            bounds = [Span(0, len(passage.text))] if whole_passages else sentence_bounds(passage.text)
            yield from _pieces(document.id, passage, bounds, tally)


def _pieces(document: str, passage: Passage, bounds: Iterable[Span], tally: Tally) -> Iterator[Piece]:
    waiting = sorted(Span(mention.start, mention.end) for mention in passage.mentions)
    placed = 0
    for start, end in bounds:
        inside = tuple(Span(a - start, b - start) for a, b in waiting if start <= a and b <= end)
        placed += len(inside)
        spans = resolve_overlaps(inside)
        distinct = len(set(inside))
        tally.identical += len(inside) - distinct
        tally.overlapping += distinct - len(spans)
        yield Piece(document, passage.text[start:end], inside, spans)
    tally.crossing += len(waiting) - placed


def resolve_overlaps(mentions: Iterable[Span]) -> tuple[Span, ...]:
    """Spans that do not overlap, in order: the longest first, of equal ones the leftmost, of identical ones one."""
    kept: list[Span] = []
    for span in sorted(set(mentions), key=lambda span: (span.start - span.end, span.start)):
        if all(span.end <= other.start or other.end <= span.start for other in kept):
            kept.append(span)
    return tuple(sorted(kept))


def sentence_bounds(text: str) -> list[Span]:
    """Bounds of the sentences of a text, without white space around them."""
    bounds = []
    for sentence in _sentencizer()(text).sents:
        surface = text[sentence.start_char : sentence.end_char]
        bare = surface.strip()
        if bare:
            start = sentence.start_char + len(surface) - len(surface.lstrip())
            bounds.append(Span(start, start + len(bare)))
    return bounds


@cache
def _sentencizer() -> "Language":
    # Loading spaCy takes a second, and most splits need none; loading torch, which it does where it can, takes more.
    with stub_import("torch"):
        import spacy

    language = spacy.blank("en")
    language.add_pipe("sentencizer")
    # The limit guards the memory of parsers; the sentencizer needs none.
    language.max_length = 1_000_000_000
    return language
