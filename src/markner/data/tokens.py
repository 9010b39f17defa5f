"""Raw text divided into tokens as the training corpora are: what a model is fed that saw these alone.

The IOB files of NCBI disease and BC5CDR (MTL-Bioinformatics-2016) and of BC2GM divide their text by one rule: letters
and digits that stand together are a token, and each other sign is one by itself (`Parkinson ' s`, `IL - 4`). Applied to
the native text of the three test sets the rule gives the tokens of all 10,737 sentences of these files exactly; spaCy's
English tokeniser gives 69 to 80 % of the sentences (tests/corpora/test_tokens.py). Letters outside ASCII, which these
files do not show, count as letters.
"""

import re
from dataclasses import replace

from markner.data.documents import Span
from markner.data.sentences import Piece
from markner.errors import MarknerError

_TOKEN = re.compile(r"[^\W_]+|[^\w\s]|_")


def tokenize(text: str) -> list[Span]:
    """Bounds of the tokens of a text; only white space is in none of them."""
    return [Span(*match.span()) for match in _TOKEN.finditer(text)]


def tokenized(piece: Piece) -> Piece:
    """A sentence with its tokens joined by one space, its mentions and gold spans moved by offset.

    A border inside a token stays inside it. A border at white space moves to the token inside the span, so that every
    span keeps exactly its signs that are not white space.

    Raises:
        MarknerError: A span holds white space alone.
    """
    tokens = tokenize(piece.text)
    starts: dict[int, int] = {}
    position = 0
    for start, end in tokens:
        starts.update((start + step, position + step) for step in range(end - start))
        position += end - start + 1

    def moved(span: Span) -> Span:
        inside = [place for place in range(span.start, span.end) if place in starts]
        if not inside:
            raise MarknerError(f"document {piece.document}: an annotation of white space in {piece.text!r}")
        return Span(starts[inside[0]], starts[inside[-1]] + 1)

    return replace(
        piece,
        text=" ".join(piece.text[start:end] for start, end in tokens),
        mentions=tuple(map(moved, piece.mentions)),
        spans=tuple(map(moved, piece.spans)),
    )
