"""The gold of the paper's authors: marks of their released files, defects included."""

import re

from markner.data.documents import Span
from markner.errors import MarknerError

_TAG = re.compile(r"</?mark>")


def released_spans(text: str, released: str) -> tuple[Span, ...]:
    """Spans of a released sentence, nested ones included.

    The authors marked by replacing text, so that marks can be nested, misplaced or repeated. Each closing mark ends the
    innermost open one; a mark without its partner and a mark around nothing count for nothing. White space at the ends
    of the sentence is ignored.

    Args:
        text: The sentence.
        released: The same sentence with marks.

    Returns:
        Offsets into `text`, sorted; they may be nested or equal.

    Raises:
        MarknerError: Without its marks, `released` is another sentence.
    """
    plain = _TAG.sub("", released)
    if plain.strip() != text.strip():
        raise MarknerError(f"the released sentence {released!r} is not a marked form of {text!r}")
    shift = (len(text) - len(text.lstrip())) - (len(plain) - len(plain.lstrip()))
    spans: list[Span] = []
    opened: list[int] = []
    tags = 0
    for tag in _TAG.finditer(released):
        place = min(max(tag.start() - tags + shift, 0), len(text))
        tags += len(tag.group())
        if not tag.group().startswith("</"):
            opened.append(place)
        elif opened and opened[-1] == place:
            opened.pop()
        elif opened:
            spans.append(Span(opened.pop(), place))
    return tuple(sorted(spans))
