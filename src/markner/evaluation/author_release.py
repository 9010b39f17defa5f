"""Read the gold of the authors' release: the marks of their own files, defects included."""

import re

from markner.data.documents import Sentence, Span
from markner.errors import MarknerError

_TAG = re.compile(r"</?mark>")


def author_spans(sentence: Sentence, marked: str) -> tuple[Span, ...]:
    """Return the spans of a marked sentence of the authors' release, nested ones included.

    The authors marked by replacing text. Their marks can be nested, misplaced or repeated. Each closing mark ends the
    innermost open one. A mark without its partner and a mark around nothing are ignored, and so is white space at the
    ends of the sentence.

    Returns:
        Offsets into the text of the sentence, sorted; they may be nested or equal.

    Raises:
        MarknerError: Without its marks, `marked` is another sentence.
    """
    text = sentence.text
    plain = _TAG.sub("", marked)
    if plain.strip() != text.strip():
        raise MarknerError(
            f"sentence {sentence.id!r}: the sentence {marked!r} of the authors' release is not a marked form of "
            f"{text!r}"
        )
    shift = (len(text) - len(text.lstrip())) - (len(plain) - len(plain.lstrip()))
    spans: list[Span] = []
    opened: list[int] = []
    tags = 0
    for tag in _TAG.finditer(marked):
        place = min(max(tag.start() - tags + shift, 0), len(text))
        tags += len(tag.group())
        if not tag.group().startswith("</"):
            opened.append(place)
        elif opened and opened[-1] == place:
            opened.pop()
        elif opened:
            spans.append(Span(opened.pop(), place))
    return tuple(sorted(spans))
