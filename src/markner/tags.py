"""Words of a sentence and BIO tags over them, derived from spans and turned back into spans."""

import re
from collections.abc import Sequence
from typing import Literal

from markner.data.documents import Span

Tag = Literal["B", "I", "O"]

WORD = re.compile(r"[^\W_]+|\S")


def words(text: str) -> list[Span]:
    """Character spans of the words of a text: runs of letters and digits; every other sign but white space by itself.

    The tokens of the IOB files of Crichton et al. (2017) are made by the same rule, so on a text of variant `tokenized` the
    words are exactly its tokens.
    """
    return [Span(*match.span()) for match in WORD.finditer(text)]


def tags_from_spans(words: Sequence[Span], spans: Sequence[Span]) -> list[Tag]:
    """BIO tags, one a word; a word that overlaps a span belongs to it, and if it overlaps two, to the first.

    Args:
        words: Words in order, as `words` gives them.
        spans: Mentions, sorted and not overlapping. Those that begin and end where words do come back unchanged from
            `spans_from_tags`; others grow to whole words, and one inside a word that an earlier mention holds is lost.
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
    """Character spans of the entities that BIO tags mark, from the start of the first to the end of the last word.

    An `I` that continues nothing (the first tag, or one after `O`) begins an entity, as conlleval reads it
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
