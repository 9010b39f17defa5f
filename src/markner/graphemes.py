"""Grapheme clusters: what a reader sees as one character, such as a letter with its accents (Unicode annex 29)."""

import unicodedata
from bisect import bisect_left, bisect_right
from collections.abc import Sequence
from itertools import accumulate
from typing import NamedTuple

import regex

from markner.data.documents import Span

_CLUSTER = regex.compile(r"\X")
# A letter or digit, with its marks and what is invisible after it (soft hyphen, zero-width space), goes on a word.
_LETTER = r"(?=[\p{L}\p{N}])\X(?:(?!\p{GCB=Prepend})\p{Cf})*"
# A space that carries an accent is a sign.
_ACCENT = r"[\p{GCB=Extend}\p{GCB=ZWJ}\p{GCB=SpacingMark}]"
_SIGN = rf"(?=[^\s\x1c-\x1f]|\p{{Zs}}{_ACCENT})\X"
_WORD = regex.compile(f"(?:{_LETTER})+|{_SIGN}")
_LINE_END = regex.compile(rf"[\t\n\v\f\r](?!{_ACCENT})")


def split_words(text: str) -> list[Span]:
    """Return the runs of letters and digits of a text, and each other grapheme cluster by itself.

    No word ends inside a cluster or before an invisible character. White space is in no word, unless it is one cluster
    with an accent on it or with an Arabic number sign before it.
    """
    return [Span(*match.span()) for match in _WORD.finditer(text)]


def with_spaces(text: str) -> str:
    """Return a text with spaces for tabs and line ends, except one before an accent, which a space would carry."""
    return str(_LINE_END.sub(" ", text))


def whole_clusters(text: str, spans: Sequence[Span]) -> tuple[Span, ...]:
    """Return spans grown to whole grapheme clusters; a cluster that two spans share belongs to the first.

    The spans are sorted and do not overlap. What is left of a span after the one before it may be empty and is dropped.
    """
    if text.isascii():
        return tuple(spans)
    borders = [match.start() for match in _CLUSTER.finditer(text)] + [len(text)]
    grown: list[Span] = []
    for span in spans:
        start = borders[bisect_right(borders, span.start) - 1]
        start = max(start, grown[-1].end if grown else 0)
        end = borders[bisect_left(borders, span.end)]
        if start < end:
            grown.append(Span(start, end))
    return tuple(grown)


def last_border(text: str, end: int) -> int:
    """Return the last place not behind `end` where a grapheme cluster of a text begins or ends."""
    borders: list[int] = [0, *(match.end() for match in _CLUSTER.finditer(text))]
    return borders[bisect_right(borders, end) - 1]


class Composed(NamedTuple):
    """A text with composed letters (Unicode's NFC), as models read it, and the way back to the text as it was given."""

    text: str
    given: str
    borders: tuple[list[int], list[int]]
    """Where grapheme clusters begin in the given text and in `text`; both empty if the texts are the same."""

    def spans(self, spans: Sequence[Span]) -> tuple[Span, ...]:
        """Return spans of the given text in `text`; they grow to whole grapheme clusters if the texts differ."""
        given, composed = self.borders
        return (
            tuple(spans)
            if not given
            else tuple(_moved(each, given, composed) for each in whole_clusters(self.given, spans))
        )

    def given_spans(self, spans: Sequence[Span]) -> tuple[Span, ...]:
        """Return spans of whole grapheme clusters in `text` as spans of the given text."""
        given, composed = self.borders
        return tuple(_moved(each, composed, given) for each in spans) if given else tuple(spans)


def compose(text: str) -> Composed:
    """Return a text composed, one grapheme cluster after the other; a text in NFC is the same."""
    if unicodedata.is_normalized("NFC", text):
        return Composed(text, text, ([], []))
    clusters = _CLUSTER.findall(text)
    composed = [unicodedata.normalize("NFC", cluster) for cluster in clusters]
    lengths = (list(map(len, each)) for each in (clusters, composed))
    given, moved = (list(accumulate(each, initial=0)) for each in lengths)
    return Composed("".join(composed), text, (given, moved))


def _moved(span: Span, places: Sequence[int], moved: Sequence[int]) -> Span:
    return Span(moved[bisect_right(places, span.start) - 1], moved[bisect_left(places, span.end)])
