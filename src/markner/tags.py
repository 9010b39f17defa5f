"""Words of a sentence and their BIO tags, derived from spans and turned back into spans."""

import re
from collections.abc import Sequence
from typing import Literal

from markner.data.documents import Span
from markner.graphemes import split_words

Tag = Literal["B", "I", "O"]

_ASCII_WORD = re.compile(r"[^\W_]+|\S")


def words(text: str) -> list[Span]:
    """Return the character spans of the words of a text: runs of letters and digits, and each other sign by itself.

    White space is in no word, unless it is one grapheme cluster with an accent on it or with an Arabic number sign
    before it. Accents and invisible characters belong to the letter before them. The IOB files of Crichton et al.
    (2017) have the same tokens, so that the words of a text of the variant `tokenized` are exactly its tokens.
    """
    if text.isascii():
        return [Span(*match.span()) for match in _ASCII_WORD.finditer(text)]
    return split_words(text)


def tags_from_spans(words: Sequence[Span], spans: Sequence[Span]) -> list[Tag]:
    """Return BIO tags, one a word; a word belongs to the first span that it overlaps.

    Words and spans are sorted and do not overlap. Spans of whole words come back unchanged from `spans_from_tags`.
    Others grow to whole words; one inside a word of an earlier span is lost.
    """
    tags: list[Tag] = ["O"] * len(words)
    position = 0
    for span in spans:
        while position < len(words) and words[position].end <= span.start:
            position += 1
        tag: Tag = "B"
        while position < len(words) and words[position].start < span.end:
            tags[position] = tag
            tag = "I"
            position += 1
    return tags


def spans_from_tags(words: Sequence[Span], tags: Sequence[Tag]) -> tuple[Span, ...]:
    """Return the character spans of tagged entities, from the start of the first to the end of the last word.

    An `I` at the start or after `O` begins an entity, as in conlleval
    (Tjong Kim Sang and De Meulder 2003).
    """
    spans: list[Span] = []
    inside = False
    for word, tag in zip(words, tags, strict=True):
        if tag == "I" and inside:
            spans[-1] = Span(spans[-1].start, word.end)
        elif tag != "O":
            spans.append(word)
        inside = tag != "O"
    return tuple(spans)
