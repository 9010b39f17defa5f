"""Similarity of sentences by words: ROUGE-L (Lin 2004) and common runs of words."""

import re
import unicodedata
from collections.abc import Iterable

from rapidfuzz import process
from rapidfuzz.distance import Indel

_WORD = re.compile(r"\w+")


def words(text: str) -> list[str]:
    """Return the words of a text, in lower case and NFKC: the same for tokenized and for raw text."""
    return _WORD.findall(unicodedata.normalize("NFKC", text).casefold())


class Neighbours:
    """Named sentences, searched for the nearest to a text.

    ROUGE-L of two word lists is 2 LCS / (m + n): LCS is the length of their longest common subsequence, m and n are
    their lengths. It equals the normalized similarity by insertions and deletions.
    """

    def __init__(self, sentences: Iterable[tuple[str, str]] = ()) -> None:
        self._letters: dict[str, str] = {}
        self._names: list[str] = []
        self._spelt: list[str] = []
        for name, text in sentences:
            self.add(name, text)

    def add(self, name: str, text: str) -> None:
        """Add a sentence; one without a word is left out."""
        if sentence := words(text):
            self._names.append(name)
            self._spelt.append(self._spell(sentence))

    def nearest(self, text: str, least: float = 0.0) -> tuple[str, float] | None:
        """Return name and ROUGE-L of the nearest sentence (the first of equals); None if none reaches `least`."""
        # The library rounds its cutoff and could miss a similarity of exactly `least`, so its cutoff is lower.
        best = process.extractOne(
            self._spell(words(text)),
            self._spelt,
            scorer=Indel.normalized_similarity,
            score_cutoff=max(least - 1e-4, 0.0),
        )
        return (self._names[best[2]], best[1]) if best and best[1] >= least - 1e-9 else None

    def _spell(self, sentence: Iterable[str]) -> str:
        """Return a list of words as a string with one character for each word: the library is fastest with strings.

        Unicode has enough characters for a million words.
        """
        return "".join(self._letters.setdefault(word, chr(len(self._letters))) for word in sentence)


class Runs:
    """All runs of a fixed number of words in named sentences."""

    def __init__(self, length: int, sentences: Iterable[tuple[str, str]]) -> None:
        self._length = length
        self._names: dict[tuple[str, ...], str] = {}
        for name, text in sentences:
            for run in self._of(text):
                self._names.setdefault(run, name)

    def shared(self, text: str) -> str | None:
        """Return the name of the first sentence that shares a run with a text; None if no sentence does."""
        return next((self._names[run] for run in self._of(text) if run in self._names), None)

    def _of(self, text: str) -> Iterable[tuple[str, ...]]:
        sequence = words(text)
        return zip(*(sequence[start:] for start in range(self._length)), strict=False)
