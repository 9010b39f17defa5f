"""From documents to sentences: spaCy's sentencizer, and the policies for mentions that do not fit a sentence."""

from bisect import bisect_left
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING

from markner.data.documents import SENTENCE, Document, Sentence, Span, overlaps, trimmed
from markner.graphemes import whole_clusters
from markner.stub_import import stub_import

if TYPE_CHECKING:
    from spacy.language import Language


@dataclass
class SplitCounts:
    """Counts of documents and of mentions that are not gold as they are."""

    documents: int = 0
    """Documents read, repeated ones included."""
    repeated_documents: int = 0
    """Documents whose identifier occurred before; they are kept, as distributed."""
    crossing: int = 0
    """Mentions dropped because they cross a sentence boundary."""
    overlapping: int = 0
    """Mentions not in the gold because they overlap a longer one, or one of the same length further left."""
    identical: int = 0
    """Mentions with the same span as another; the gold has the span once."""
    discontinuous: int = 0
    """Mentions of more than one part; the gold has the span from the first to the last part."""
    text_differs: int = 0
    """Mentions whose annotated text is not the text at their offsets; the offsets count."""
    ignored: Counter[str] = field(default_factory=Counter)
    """Parts of the files other than mentions, counted by kind: relations, events, attributes, notes."""


def split_documents(documents: Iterable[Document], counts: SplitCounts) -> Iterator[Sentence]:
    """Split each passage into sentences, which have no name yet, and add to the counts.

    Each passage is split alone, by the `sentencizer` of a blank English spaCy pipeline (paper section 3.1.2), or is a
    sentence itself (`document_sentences`). White space around a sentence is left out; white space alone is no sentence.
    Policies:

    - A mention that crosses the boundary of a sentence is dropped (`crossing`).
    - If mentions overlap or are nested, the longest is kept, of equal ones the leftmost (`overlapping`); identical
      spans count once (`identical`).
    - A discontinuous mention counts from its first to its last part (`discontinuous`).
    """
    identifiers: set[str] = set()
    for document in documents:
        counts.documents += 1
        counts.repeated_documents += document.id in identifiers
        identifiers.add(document.id)
        counts.ignored.update(document.ignored)
        for mention in document.mentions:
            counts.discontinuous += len(mention.parts) > 1
            surface = document.text[mention.start : mention.end]
            counts.text_differs += not mention.parts and mention.text not in (None, surface)
        mentions = sorted(mention.span for mention in document.mentions)
        placed = 0
        for start, end in document_sentences(document):
            inside = tuple(Span(a - start, b - start) for a, b in mentions if start <= a and b <= end)
            placed += len(inside)
            spans = resolve_overlaps(inside)
            distinct = len(set(inside))
            counts.identical += len(inside) - distinct
            counts.overlapping += distinct - len(spans)
            yield Sentence("", document.id, document.text[start:end], inside, spans)
        counts.crossing += len(mentions) - placed


def document_sentences(document: Document) -> list[Span]:
    """Return the bounds of the sentences in the text of a document; each passage is split alone.

    A passage whose infon `type` is `sentence` is one sentence.
    """
    return [
        Span(passage.start + start, passage.start + end)
        for passage in document.passages
        for start, end in (
            [Span(0, passage.end - passage.start)]
            if passage.infons.get("type") == SENTENCE
            else sentence_bounds(document.text[passage.start : passage.end])
        )
    ]


def resolve_overlaps(mentions: Iterable[Span]) -> tuple[Span, ...]:
    """Return spans that do not overlap, in order: of overlapping ones the longest, then the leftmost."""
    kept: list[Span] = []  # in order, so that only two neighbours can overlap a further span
    for span in sorted(set(mentions), key=lambda span: (span.start - span.end, span.start)):
        place = bisect_left(kept, span)
        if not overlaps(span, kept[max(place - 1, 0) : place + 1]):
            kept.insert(place, span)
    return tuple(kept)


def sentence_bounds(text: str) -> list[Span]:
    """Return the bounds of the sentences of a text, without white space around them; none divides a grapheme."""
    sentences = _sentencizer()(text).sents
    bounds = [trimmed(text, Span(sentence.start_char, sentence.end_char)) for sentence in sentences]
    return list(whole_clusters(text, [span for span in bounds if span.start < span.end]))


@cache
def _sentencizer() -> "Language":
    # Imported only here: it takes a second, and most splits do not need it. Its import of torch would take longer.
    with stub_import("torch"):
        import spacy

    language = spacy.blank("en")
    language.add_pipe("sentencizer")
    # The limit protects the memory of parsers; the sentencizer does not need it.
    language.max_length = 1_000_000_000
    return language
