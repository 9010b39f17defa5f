"""Raw text divided into tokens by the rule of the training corpora.

The IOB files of NCBI disease and BC5CDR (MTL-Bioinformatics-2016) and of BC2GM divide their text by one rule, that of
`markner.tags.words`: a run of letters and digits is a token, and each other sign is one by itself (`Parkinson ' s`,
`IL - 4`). Applied to the native text of the three test sets the rule gives the tokens of all 10,737 sentences of these
files exactly; spaCy's English tokenizer gives 69 to 80 % of the sentences (tests/data/test_tokens.py). Outside ASCII,
which does not occur in these files, letters count as letters, and no token ends inside a letter with its accents.
"""

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from typing import NamedTuple

import regex

from markner.data.documents import Sentence, Span
from markner.errors import MarknerError
from markner.tags import words

_INVISIBLE = regex.compile(r"(?:(?!\p{GCB=Extend}|\p{GCB=ZWJ})\p{Cf})+$")


def _tokens(text: str) -> list[Span]:
    """Return the words of a text; invisible signs at the end of a word are tokens, as each other sign is.

    A space at the end of a word, as one that carries an accent, is no part of it: tokens joined by spaces have the same
    tokens again.
    """
    tokens: list[Span] = []
    for start, end in words(text):
        start += text[start].isspace()
        end -= text[end - 1].isspace()
        last = None if text.isascii() else _INVISIBLE.search(text, start + 1, end)
        tokens.append(Span(start, last.start() if last else end))
        tokens += [Span(place, place + 1) for place in range(tokens[-1].end, end)]
    return tokens


def tokenized(sentence: Sentence) -> Sentence:
    """Return the sentence with its tokens joined by one space, and its mentions and gold spans moved by offset.

    A boundary inside a token stays inside it. A boundary at white space moves to the next token inside the span, so
    that every span keeps exactly its signs that are not white space.

    Raises:
        MarknerError: A span holds white space alone.
    """
    tokens = _tokens(sentence.text)
    starts: dict[int, int] = {}
    position = 0
    for start, end in tokens:
        starts.update((start + step, position + step) for step in range(end - start))
        position += end - start + 1

    def moved(span: Span) -> Span:
        solid = (place for place in range(span.start, span.end) if not sentence.text[place].isspace())
        inside = [place for place in solid if place in starts]
        if not inside:
            raise MarknerError(
                f"document {sentence.document}: an annotation of white space in {sentence.text!r}", "remove it"
            )
        return Span(starts[inside[0]], starts[inside[-1]] + 1)

    return replace(
        sentence,
        text=" ".join(sentence.text[start:end] for start, end in tokens),
        mentions=tuple(map(moved, sentence.mentions)),
        spans=tuple(map(moved, sentence.spans)),
    )


class TokenText(NamedTuple):
    """Raw text as models that were trained on tokens read it: its tokens joined by one space, and the way back."""

    text: str
    tokens: list[Span]
    """Bounds of the tokens in the raw text."""
    starts: list[int]
    """Where each token begins in `text`."""

    def given_spans(self, spans: Sequence[Span]) -> tuple[Span, ...]:
        """Return spans of `text` at their offsets in the raw text."""
        return tuple(Span(self._given_start(span.start), self._given(span.end - 1) + 1) for span in spans)

    def _given_start(self, place: int) -> int:
        """Return the place of a sign in the raw text; of a space that carries an accent, that of the next token."""
        number = bisect_right(self.starts, place) - 1
        start, end = self.tokens[number]
        step = place - self.starts[number]
        return start + step if step < end - start else self.tokens[number + 1].start

    def _given(self, place: int) -> int:
        """Return the place of a sign in the raw text; of a space, that of the sign before it."""
        number = bisect_right(self.starts, place) - 1
        start, end = self.tokens[number]
        return min(start + place - self.starts[number], end - 1)


def token_text(text: str) -> TokenText:
    """Divide raw text into tokens."""
    tokens = words(text)
    starts = list(accumulate((end - start + 1 for start, end in tokens), initial=0))[:-1]
    return TokenText(" ".join(text[start:end] for start, end in tokens), tokens, starts)
