"""The steps of repair: each takes the mentions of a document's sentences and returns them changed."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import NamedTuple

from markner.data.abbreviations import definitions
from markner.data.documents import Span, overlaps
from markner.data.repair.surfaces import Surface, Words, lengths_of

Mentions = list[list[Span]]
"""Mentions of the sentences of a document, sorted and not overlapping."""

DocumentWords = Sequence[Words]
"""The sentences of a document that have predictions, in order."""


class _Places(NamedTuple):
    """Where a surface stands in a document, by the number of the sentence."""

    marked: list[tuple[int, Span]]
    """Places that are a mention."""
    free: list[tuple[int, Span]]
    """Places that no mention touches."""


def resolve_abbreviations(document: DocumentWords, mentions: Mentions) -> Mentions:
    """Mark the short forms of the document or remove their mentions, by the mentions at their definitions.

    A short form is marked at all its places if, where it is defined, it is a mention and a mention ends where its long
    form ends. Otherwise its mentions are removed if both forms together are mentions at less than half of their places.
    Places inside another mention or over its border count for neither side.
    """
    everywhere: set[Surface] = set()
    forms: dict[Surface, Surface] = {}
    for words, spans in zip(document, mentions, strict=True):
        ends = {span.end for span in spans}
        for short, long in definitions(words.text):
            name, meaning = words.surface(short), words.surface(long)
            if name is None or meaning is None:
                continue
            forms[name] = meaning
            if short in spans and long.end in ends:
                everywhere.add(name)
    places = _places(document, mentions, {*forms, *forms.values()})
    nowhere = [
        name
        for name, meaning in forms.items()
        if name not in everywhere
        and len(places[name].marked) + len(places[meaning].marked) < len(places[name].free) + len(places[meaning].free)
    ]
    return mark_terms(document, _without(mentions, places, nowhere), everywhere)


def make_consistent(document: DocumentWords, mentions: Mentions) -> Mentions:
    """Mark a surface at all of its places in a document or at none of them, as at most of them.

    A surface that is a mention at two places or more, and at more than half of its places, is marked at all of them. If
    it is a mention at less than half of its places, and no mention at two or more, its mentions are removed. Places
    inside another mention or over its border count for neither side.
    """
    surfaces = {
        surface
        for words, spans in zip(document, mentions, strict=True)
        for span in spans
        if (surface := words.surface(span)) is not None
    }
    places = _places(document, mentions, surfaces)
    everywhere = {name for name, each in places.items() if len(each.marked) > max(1, len(each.free))}
    nowhere = {name for name, each in places.items() if len(each.free) > max(1, len(each.marked))}
    return mark_terms(document, _without(mentions, places, nowhere), everywhere)


def _places(document: DocumentWords, mentions: Mentions, surfaces: Collection[Surface]) -> dict[Surface, _Places]:
    """Return the places of surfaces in a document."""
    places = {surface: _Places([], []) for surface in surfaces}
    lengths = lengths_of(surfaces)
    for number, (words, spans) in enumerate(zip(document, mentions, strict=True)):
        for surface, span in words.occurrences(surfaces, lengths):
            if span in spans:
                places[surface].marked.append((number, span))
            elif not overlaps(span, spans):
                places[surface].free.append((number, span))
    return places


def _without(mentions: Mentions, places: Mapping[Surface, _Places], surfaces: Iterable[Surface]) -> Mentions:
    """Return the mentions without those of some surfaces."""
    removed = {place for surface in surfaces for place in places[surface].marked}
    return [[span for span in spans if (number, span) not in removed] for number, spans in enumerate(mentions)]


def mark_terms(document: DocumentWords, mentions: Mentions, terms: Collection[Surface]) -> Mentions:
    """Mark terms (of a gazetteer) where no mention is, from the left, of those that begin together the longest."""
    lengths = lengths_of(terms)
    result: Mentions = []
    for words, spans in zip(document, mentions, strict=True):
        spans = list(spans)
        for _, span in words.occurrences(terms, lengths):
            if not overlaps(span, spans):
                spans.append(span)
        result.append(sorted(spans))
    return result
