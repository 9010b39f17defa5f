"""Answers of another system matched with the sentences of a study, by their text without white space.

Published answers often have other spaces (`ref. 3` for `ref . 3`). An answer to a whole document, or to a part of a
sentence, is found too: a sentence may be a part of one text, or several neighboring texts joined.
"""

from array import array
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from markner.data.documents import Sentence, Span, without_space
from markner.data.external.answers import ExternalAnswer
from markner.data.sentences import resolve_overlaps
from markner.predictions import Prediction, Status

_SHORT = 40
"""Characters below which a sentence may occur by chance, inside other words too."""


@dataclass(frozen=True, slots=True)
class MatchCounts:
    """How many sentences have an answer, and what of the answers is not used."""

    answers: int
    """Texts in the file."""
    whole: int
    """Sentences whose text is that of one answer."""
    part: int
    """Sentences whose text is a part of one answer, or several neighboring answers joined."""
    missing: int
    """Sentences without an answer."""
    unused: int
    """Answers that have no part in common with a sentence."""
    crossing: int
    """Mentions dropped because they cross the border of a sentence."""
    overlapping: int
    """Mentions dropped because they overlap a longer one, or one of the same length further left."""


@dataclass(frozen=True, slots=True)
class Matched:
    """A prediction for each sentence, in order; the counts; and the texts of the unused answers."""

    predictions: list[Prediction]
    counts: MatchCounts
    unused: list[str]


def match_answers(sentences: Sequence[Sentence], answers: Sequence[ExternalAnswer]) -> Matched:
    """Find the answer to each sentence by its text without white space.

    Sentences that equal an answer come first, and each answer serves once, in order. Then the others are looked for in
    the file's text, from the place of the sentence before, and the short ones last. A sentence without an answer has
    status `missing` and no spans. An answer that is `ok` but differs from the sentence in white space has status
    `white_space`.
    """
    stream = _Stream(answers)
    texts = [without_space(sentence.text) for sentence in sentences]
    places = [stream.take_whole(text) for text in texts]
    whole = sum(place is not None for place in places)
    for short in (False, True):
        cursor = 0
        for number, text in enumerate(texts):
            if places[number] is None and (len(text) < _SHORT) == short:
                places[number] = stream.take_part(text, cursor)
            cursor = (places[number] or Span(cursor, cursor)).end
    matches = [stream.prediction(sentence, place) for sentence, place in zip(sentences, places, strict=True)]
    missing = sum(place is None for place in places)
    unused = stream.unused()
    counts = MatchCounts(
        answers=len(answers),
        whole=whole,
        part=len(places) - whole - missing,
        missing=missing,
        unused=len(unused),
        crossing=len(stream.crossing),
        overlapping=stream.overlapping,
    )
    return Matched(matches, counts, unused)


class _Stream:
    """The texts of all answers in a row, without white space; each character serves one sentence at most."""

    def __init__(self, answers: Sequence[ExternalAnswer]) -> None:
        self._answers = answers
        texts = [without_space(answer.text) for answer in answers]
        self._text = "".join(texts)
        self._starts = list(accumulate(map(len, texts), initial=0))
        self._taken = bytearray(len(self._text))
        self._inside_word = bytearray(len(self._text) + 1)
        """1 where a character continues the word of letters and digits before it."""
        self._positions = [_positions(answer.text) for answer in answers]
        for answer, start, positions in zip(answers, self._starts, self._positions, strict=False):
            for step, place in enumerate(positions):
                self._inside_word[start + step] = place > 0 and answer.text[place - 1 : place + 1].isalnum()
        self._by_text: dict[str, list[int]] = defaultdict(list)
        for number in reversed(range(len(answers))):
            self._by_text[texts[number]].append(number)
        self.crossing: set[tuple[int, Span]] = set()
        self.overlapping = 0

    def take_whole(self, text: str) -> Span | None:
        """Take the first unused answer that has this text, and return its place."""
        numbers = self._by_text.get(text)
        if not text or not numbers:
            return None
        start = self._starts[numbers.pop()]
        return self._take(Span(start, start + len(text)))

    def take_part(self, text: str, cursor: int) -> Span | None:
        """Take the first unused occurrence of a text after a position, else the first one at all. Return its place.

        A short text must begin and end with words of the answers, unless it begins at the position itself.
        """
        for begin, end in ((cursor, len(self._text)), (0, cursor + len(text))):
            start = self._text.find(text, begin, end) if text else -1
            while start >= 0:
                place = Span(start, start + len(text))
                taken = self._taken.find(1, place.start, place.end)
                inside = self._inside_word[place.start] or self._inside_word[place.end]
                if taken < 0 and (not inside or len(text) >= _SHORT or start == cursor):
                    return self._take(place)
                free = start + 1 if taken < 0 else self._taken.find(0, taken)
                start = self._text.find(text, free, end) if free >= 0 else -1
        return None

    def _take(self, place: Span) -> Span:
        self._taken[place.start : place.end] = b"\1" * (place.end - place.start)
        return place

    def unused(self) -> list[str]:
        """Return the texts of the answers from which nothing was taken."""
        ends = self._starts[1:]
        return [
            answer.text
            for answer, start, end in zip(self._answers, self._starts, ends, strict=False)
            if self._taken.find(1, start, end) < 0
        ]

    def prediction(self, sentence: Sentence, place: Span | None) -> Prediction:
        """Return the prediction for a sentence from the answers at its place."""
        if place is None:
            return Prediction(sentence.id, (), "missing")
        own = _positions(sentence.text)
        spans: list[Span] = []
        surfaces: list[str] = []
        numbers = range(bisect_right(self._starts, place.start) - 1, bisect_left(self._starts, place.end))
        for number in numbers:
            answer, positions = self._answers[number], self._positions[number]
            shift = self._starts[number] - place.start
            first, last = max(0, -shift), min(len(positions), place.end - self._starts[number]) - 1
            if first <= last:
                surfaces.append(answer.text[positions[first] : positions[last] + 1])
            for span in answer.spans:
                start, end = (bisect_left(positions, bound) + shift for bound in span)
                if 0 <= start < end <= len(own):
                    spans.append(Span(own[start], own[end - 1] + 1))
                elif start < min(end, len(own)) and end > 0:
                    self.crossing.add((number, span))
        kept = resolve_overlaps(spans)
        self.overlapping += len(set(spans)) - len(kept)
        answers = [self._answers[number] for number in numbers]
        status = next((answer.status for answer in answers if answer.status != "ok"), _status(sentence, surfaces))
        raw = [answer.raw for answer in answers if answer.raw is not None]
        return Prediction(sentence.id, kept, status, " ".join(raw) if raw else None)


def _status(sentence: Sentence, surfaces: Sequence[str]) -> Status:
    return "ok" if " ".join(surfaces) == sentence.text.strip() else "white_space"


def _positions(text: str) -> "array[int]":
    """Return the positions of the characters that are not white space."""
    return array("I", (place for place, character in enumerate(text) if not character.isspace()))
