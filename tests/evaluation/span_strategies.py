"""Spans for tests, by hand and at random."""

from itertools import pairwise

from hypothesis import strategies as st

from markner.data.documents import Span

Spans = tuple[Span, ...]


def spans(*pairs: tuple[int, int]) -> Spans:
    return tuple(Span(*pair) for pair in pairs)


@st.composite
def span_lists(draw: st.DrawFn, length: int = 30) -> Spans:
    """Sorted spans that do not overlap but may touch."""
    edges = sorted(draw(st.lists(st.integers(0, length), unique=True, max_size=12)))
    pairs = [Span(a, b) for a, b in pairwise(edges)]
    return tuple(pair for pair in pairs if draw(st.booleans()))
