"""Grapheme clusters: what a reader sees as one character, such as a letter with its accents (Unicode annex 29)."""

from bisect import bisect_left, bisect_right
from collections.abc import Sequence

import regex

from markner.data.documents import Span

_CLUSTER = regex.compile(r"\X")
# A letter or digit, with its marks and what is invisible after it (soft hyphen, zero-width space), goes on a word.
_WORD = regex.compile(r"(?:(?=[\p{L}\p{N}])\X\p{Cf}*)+|(?=[^\s\x1c-\x1f])\X")


def split_words(text: str) -> list[Span]:
    """Return the runs of letters and digits of a text, and each other grapheme cluster by itself.

    White space is in no word, and no word ends inside a cluster or before an invisible character.
    """
    return [Span(*match.span()) for match in _WORD.finditer(text)]


def whole_clusters(text: str, spans: Sequence[Span]) -> tuple[Span, ...]:
    """Return spans grown to whole grapheme clusters; a cluster that two spans share belongs to the first.

    Args:
        text: The text of the spans.
        spans: Sorted and not overlapping; what is left of a span after the one before it may be empty and is dropped.
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
