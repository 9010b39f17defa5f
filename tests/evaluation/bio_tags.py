"""BIO tags from spans, for the comparison with seqeval."""

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from markner.data.documents import Span

_RUN = re.compile(r"\S+")


def split_at_boundaries(text: str, spans: Sequence[Span]) -> list[Span]:
    """Split a text into tokens at white space and at every start and end of the spans.

    White space between two boundaries is a token of its own if nothing else lies there. So any two different spans
    cover different tokens, and the tags hold exactly as much as the spans.
    """
    edges = sorted({0, len(text), *(edge for span in spans for edge in span)})
    return [token for start, end in pairwise(edges) for token in _pieces(text, start, end)]


def bio_tags(tokens: Sequence[Span], spans: Sequence[Span]) -> list[str]:
    """Return B-X, I-X or O for each token; `spans` are sorted and their edges are edges of tokens."""
    tags: list[str] = []
    previous = None
    for token in tokens:
        span = next((span for span in spans if span.start <= token.start < span.end), None)
        tags.append("O" if span is None else "I-X" if span == previous else "B-X")
        previous = span
    return tags


def _pieces(text: str, start: int, end: int) -> Iterator[Span]:
    """Return the tokens between two boundaries."""
    runs = [Span(*run.span()) for run in _RUN.finditer(text, start, end)]
    return iter(runs or [Span(start, end)])
