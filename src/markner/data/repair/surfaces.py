"""Find a surface again in the sentences of a document, by its words."""

from collections.abc import Callable, Collection, Iterator, Sequence
from unicodedata import normalize

from markner.data.documents import Span
from markner.tags import words

Surface = tuple[str, ...]
"""The words of a mention or a term. White space between them does not count, so `A - T` and `A-T` are the same."""


def same_case(word: str) -> str:
    """Return a word in lower case, unless its case tells it from others.

    That is so if a letter after its first is a capital (`WAS` is not `was`, `Was` is), or if it has one or two letters
    (`Mg` is not `mg`).
    """
    return word if len(word) < 3 or any(sign.isupper() for sign in word[1:]) else word.lower()


class Words:
    """A sentence as words with their places; `case` says which words are the same."""

    def __init__(self, text: str, case: Callable[[str], str] = same_case) -> None:
        self.text = text
        self.spans = words(text)
        self._words = [case(normalize("NFC", text[span.start : span.end])) for span in self.spans]
        self._starts = {span.start: place for place, span in enumerate(self.spans)}
        self._ends = {span.end: place + 1 for place, span in enumerate(self.spans)}

    def surface(self, span: Span) -> Surface | None:
        """Return the surface of a span, None if it does not begin and end with a word."""
        if span.start not in self._starts or span.end not in self._ends:
            return None
        return tuple(self._words[self._starts[span.start] : self._ends[span.end]])

    def occurrences(self, surfaces: Collection[Surface], lengths: Sequence[int]) -> Iterator[tuple[Surface, Span]]:
        """Yield all places of surfaces, by their beginning and then the longest first; places may overlap.

        `surfaces` is searched for each run of words, so a set or a dictionary; `lengths` are those of `lengths_of`.
        """
        for start, first in enumerate(self.spans):
            for length in lengths:
                surface = tuple(self._words[start : start + length])
                if len(surface) == length and surface in surfaces:
                    yield surface, Span(first.start, self.spans[start + length - 1].end)


def lengths_of(surfaces: Collection[Surface]) -> list[int]:
    """Return the numbers of words of surfaces, longest first."""
    return sorted({len(surface) for surface in surfaces}, reverse=True)
