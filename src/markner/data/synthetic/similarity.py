"""How alike sentences are, in words: ROUGE-L (Lin 2004) and runs of words in common."""

import re
import unicodedata
from collections.abc import Iterable

from rapidfuzz import process
from rapidfuzz.distance import Indel

_WORD = re.compile(r"\w+")


def words(text: str) -> list[str]:
    """Runs of letters and digits, case and compatibility forms folded: the same for tokenized and for raw text."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


class Neighbours:
    """Named sentences among which the nearest to another is looked for.

    ROUGE-L of two word lists is 2 LCS / (m + n), LCS being their longest common subsequence, m and n their lengths:
    which is the normalised similarity of the insertions and deletions that turn one into the other.
    """

    def __init__(self, sentences: Iterable[tuple[str, str]] = ()) -> None:
        self._letters: dict[str, str] = {}
        self._names: list[str] = []
        self._spelt: list[str] = []
        for name, text in sentences:
            self.add(name, text)

    def add(self, name: str, text: str) -> None:
        """Take in a sentence; one without a word is near to nothing and left out."""
        if found := words(text):
            self._names.append(name)
            self._spelt.append(self._spell(found))

    def nearest(self, text: str, least: float = 0.0) -> tuple[str, float] | None:
        """Name and ROUGE-L of the nearest sentence, the first of equals; None if no sentence reaches `least`."""
        found = process.extractOne(
            self._spell(words(text)), self._spelt, scorer=Indel.normalized_similarity, score_cutoff=least
        )
        return (self._names[found[2]], found[1]) if found else None

    def _spell(self, found: Iterable[str]) -> str:
        """A word list as a string with one character a word, which is what the library is fastest at."""
        return "".join(self._letters.setdefault(word, _letter(len(self._letters))) for word in found)


def _letter(number: int) -> str:
    """A character of its own for each word, surrogates left out; Unicode has room for a million."""
    return chr(number if number < _SURROGATES else number + _SURROGATES_SIZE)


_SURROGATES, _SURROGATES_SIZE = 0xD800, 0x800


class Runs:
    """All runs of a fixed number of words in named sentences."""

    def __init__(self, length: int, sentences: Iterable[tuple[str, str]]) -> None:
        self._length = length
        self._names: dict[tuple[str, ...], str] = {}
        for name, text in sentences:
            for run in self._of(text):
                self._names.setdefault(run, name)

    def shared(self, text: str) -> str | None:
        """Name of the first sentence that has a run in common with a text; None if none has."""
        return next((self._names[run] for run in self._of(text) if run in self._names), None)

    def _of(self, text: str) -> Iterable[tuple[str, ...]]:
        found = words(text)
        return zip(*(found[start:] for start in range(self._length)), strict=False)
