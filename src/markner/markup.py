"""Text with spans <-> marked text, and the alignment of a model's free answer to its input.

The marked form is the paper's (section 3.1.2): the sentence with `<mark>` and `</mark>` around each entity. A prompt
may have another pair of marks, or a pair for each entity type (typed marks).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from itertools import combinations, pairwise
from typing import NamedTuple

from markner.data.documents import Span, trimmed
from markner.errors import MarknerError
from markner.graphemes import whole_clusters
from markner.predictions import Status

OPEN, CLOSE = "<mark>", "</mark>"
_ANGLES = str.maketrans("<>", "‹›")
_WIDE = {code: code + 0xFEE0 for code in range(0x21, 0x7F)}  # printable ASCII in full width
_PLAIN = {wide: code for codes in (_WIDE, _ANGLES) for code, wide in codes.items()}


class Marks(NamedTuple):
    """The pair of marks around an entity."""

    open: str = OPEN
    close: str = CLOSE

    @property
    def types(self) -> tuple[str, ...]:
        """Return the one type that these marks stand for, which has no name."""
        return ("",)

    @property
    def pairs(self) -> tuple["Marks", ...]:
        """Return the one pair."""
        return (self,)


@dataclass(frozen=True, slots=True)
class TypedMarks:
    """A pair of marks for each entity type. The marks of each type are read by themselves, as if others were not there.

    So mentions of different types may be nested or overlap.
    """

    types: tuple[str, ...]
    pairs: tuple[Marks, ...]

    def __iter__(self) -> Iterator[str]:
        """Yield all marks."""
        return (each for pair in self.pairs for each in pair)


AnyMarks = Marks | TypedMarks
MARKS = Marks()


def mingle(marks: AnyMarks) -> bool:
    """Return whether an end of a mark is a beginning of one, as in `@@`: beside `@` its place is not clear."""
    pairs = [(one, other, min(len(one), len(other))) for one in marks for other in marks]
    return any(one[:size] == other[-size:] for one, other, shorter in pairs for size in range(1, shorter))


def check_marks(marks: AnyMarks) -> None:
    """Raise a ValueError if some text with these marks could not be parsed back into text and spans.

    A mark is printable ASCII that begins with a sign and does not end with a space; no mark is part of another.
    """
    for each in marks:
        if not each.isascii() or not each.isprintable() or each != each.strip() or not each or each[0].isalnum():
            raise ValueError(f"a mark is printable ASCII that begins with a sign, such as `@@` or `<b>`, not {each!r}")
    for one, other in combinations(marks, 2):
        if one in other or other in one:
            raise ValueError(f"no mark may be part of another, as it is with {one} and {other}")


_REFUSAL = re.compile(
    r"\b(i['’]?m sorry|i am sorry|i (?:can ?not|can['’]t|am unable|am not able)"
    r"|as an? (?:ai|language model)|unable to (?:assist|help))\b",
    re.IGNORECASE,
)
# An answer that shares less than this part of the input's characters and reads like a refusal is a refusal.
_REFUSAL_OVERLAP = 0.5


def escape_marks(text: str, marks: AnyMarks = MARKS) -> str:
    """Return a text of the same length in which no mark stands: `<mark>` becomes `‹mark›`, and `[` becomes `［`.

    Models read and write texts in this form, so every mark in an answer is written by the model. Offsets do not change.
    If the end of a mark is also a beginning of one (`@@`), each of its signs is replaced everywhere.
    """
    return _escaped(marks).sub(_look_alike, text)


def unescape_marks(text: str) -> str:
    """Return a text in which no sign is escaped, of whatever marks; signs that a text itself has so are changed too."""
    return text.translate(_PLAIN)


@cache
def _escaped(marks: AnyMarks) -> re.Pattern[str]:
    """Return the pattern of the marks and signs that are replaced in a text."""
    return re.compile("|".join(map(re.escape, set("".join(marks)) if mingle(marks) else marks)))


def _look_alike(match: re.Match[str]) -> str:
    """Return a mark, or a sign of one, with other signs that look alike: its angle brackets, or its first sign."""
    mark = match.group()
    changed = mark.translate(_ANGLES)
    return changed if changed != mark else mark[0].translate(_WIDE) + mark[1:]


def mark(text: str, spans: Sequence[Span], marks: Marks = MARKS) -> str:
    """Return a text with marks around spans; marks in the text are escaped (`escape_marks`).

    The spans are sorted, not empty and not overlapping (they may touch); others are a MarknerError.
    """
    return mark_types(text, {"": spans}, marks)


def mark_types(text: str, spans: Mapping[str, Sequence[Span]], marks: AnyMarks) -> str:
    """Return a text with marks around the spans of each type, as `mark`. Spans of different types may overlap."""
    return enclose(escape_marks(text, marks), spans, marks)


def enclose(text: str, spans: Mapping[str, Sequence[Span]], marks: AnyMarks) -> str:
    """Return a text with marks around the spans of each type, shorter spans inside of longer ones; nothing is escaped.

    At one place marks close before others open. Of equal spans, that of the first type of the marks is the outer one.
    """
    tags: list[tuple[int, int, int, int, str]] = []
    for rank, (kind, pair) in enumerate(zip(marks.types, marks.pairs, strict=True)):
        check_spans(text, spans.get(kind, ()))
        for start, end in spans.get(kind, ()):
            tags += [(start, 1, -end, rank, pair.open), (end, 0, -start, -rank, pair.close)]
    pieces: list[str] = []
    position = 0
    for place, *_, tag in sorted(tags):
        pieces += [text[position:place], tag]
        position = place
    return "".join([*pieces, text[position:]])


def check_spans(text: str, spans: Sequence[Span]) -> None:
    """Raise a MarknerError unless the spans are sorted, not empty, not overlapping and inside the text."""
    for start, end in spans:
        if not 0 <= start < end <= len(text):
            raise MarknerError(f"span {start}-{end} is empty or outside the text of {len(text)} characters: {text!r}")
    for left, right in pairwise(spans):
        if left[1] > right[0]:
            raise MarknerError(f"spans {tuple(left)} and {tuple(right)} overlap or are not sorted: {text!r}")


def unmark(marked: str, marks: Marks = MARKS) -> tuple[str, tuple[Span, ...]]:
    """Return the text and spans of a marked text; the inverse of `mark`.

    Raises:
        MarknerError: Marks are nested or unbalanced.
    """
    stripped = strip_marks(marked, marks)
    if stripped.defect is not None:
        raise MarknerError(f"{stripped.defect} marks: {marked!r}")
    return stripped.text, stripped.spans


@dataclass(frozen=True, slots=True)
class Alignment:
    """Spans of an answer as offsets into its input, and the status of the answer.

    `sources` has the index of each span among the spans that `strip_marks` finds in the answer. With typed marks these
    are the spans of all types, one type after another.
    """

    spans: tuple[Span, ...]
    status: Status
    sources: tuple[int, ...] = ()


def align(
    text: str,
    raw: str,
    limit_reached: bool = False,
    marks: AnyMarks = MARKS,
    *,
    entity: str = "",
    escaped: bool = True,
) -> Alignment:
    """Align a model's answer to its input, character by character.

    White space around the answer and just inside marks is ignored. If the answer repeats the input exactly, its marks
    are the spans. Otherwise the longest common blocks of characters are matched, case-sensitively, and a span counts
    if its first and its last character are matched. Spans grow to whole grapheme clusters. Of nested marks the
    outermost counts; an opening mark without a closing one, or the reverse, is ignored.

    Args:
        text: The input sentence.
        raw: The unchanged answer.
        limit_reached: The answer was stopped by the length limit.
        marks: The marks in the answer.
        entity: Of typed marks, the entity type whose mentions are wanted.
        escaped: The model has read the text as `escape_marks` returns it.

    Returns:
        Spans inside `text`, sorted, not empty, not overlapping; and the first that applies of empty, refused,
        truncated, changed_text, nested, unbalanced, ok.
    """
    if escaped:
        text = escape_marks(text, marks)
    by_type = {kind: strip_marks(raw.strip(), marks, kind) for kind in marks.types}
    stripped, before = by_type[entity], 0
    for kind in marks.types[: marks.types.index(entity)]:
        before += len(by_type[kind].spans)
    plain = stripped.text
    if not plain.strip() and text.strip():
        return Alignment((), "truncated" if limit_reached and raw else "empty")
    offset = len(text) - len(text.lstrip())
    exact = plain.strip() == text.strip()
    # Trimmed before they are moved to the input: white space at their ends may lie outside of it.
    marked = [(trimmed(plain, span), source) for source, span in enumerate(stripped.spans, before)]
    marked = [(span, source) for span, source in marked if span.start < span.end]
    if exact:
        shift = offset - (len(plain) - len(plain.lstrip()))
        moved = [(Span(start + shift, end + shift), source) for (start, end), source in marked]
        matched = len(text)
    else:
        position, matched = _match(plain, text)
        moved = []
        for (start, end), source in marked:
            first, last = position[start], position[end - 1]
            if first is not None and last is not None:
                moved.append((Span(first, last + 1), source))
    bare = [(trimmed(text, span), source) for span, source in moved]
    bare = [(span, source) for span, source in bare if span.start < span.end]
    kept = whole_clusters(text, [span for span, _ in bare])
    # Spans only grow, in order: a kept span comes from the first that ends behind its start.
    sources = tuple(next(source for span, source in bare if span.end > start) for start, _ in kept)
    status: Status = "ok"
    if not exact and matched < _REFUSAL_OVERLAP * len(text) and _REFUSAL.search(plain):
        status = "refused"
    elif limit_reached:
        status = "truncated"
    elif not exact:
        status = "changed_text"
    elif stripped.defect is not None:
        status = stripped.defect
    return Alignment(kept, status, sources)


class Stripped(NamedTuple):
    """A marked text without its marks.

    `spans` are the stretches inside of the outermost closed marks, in `text`; `places` the same stretches with their
    marks, in the marked text.
    """

    text: str
    spans: tuple[Span, ...]
    places: tuple[Span, ...]
    defect: Status | None


def strip_marks(marked: str, marks: AnyMarks = MARKS, entity: str = "") -> Stripped:
    """Return the text without marks, the spans of the outermost closed marks, and their defect if there is one.

    Of typed marks all are taken out of the text, and the spans of one entity type are returned.
    """
    own = marks.pairs[marks.types.index(entity)]
    pieces: list[str] = []
    spans: list[tuple[Span, Span]] = []
    length = position = depth = start = opened = 0
    nested = unbalanced = False
    for tag in _any_mark(marks).finditer(marked):
        pieces.append(marked[position : tag.start()])
        length += tag.start() - position
        position = tag.end()
        if tag.group() not in own:
            continue
        if tag.group() == own.open:
            nested |= depth > 0
            if depth == 0:
                start, opened = length, tag.start()
            depth += 1
        elif depth == 0:
            unbalanced = True
        else:
            depth -= 1
            if depth == 0:
                spans.append((Span(start, length), Span(opened, tag.end())))
    pieces.append(marked[position:])
    unbalanced |= depth > 0
    filled = [(span, place) for span, place in spans if span.start < span.end]
    unbalanced |= len(filled) < len(spans)
    defect: Status | None = "nested" if nested else "unbalanced" if unbalanced else None
    return Stripped("".join(pieces), tuple(span for span, _ in filled), tuple(place for _, place in filled), defect)


@cache
def _any_mark(marks: AnyMarks) -> re.Pattern[str]:
    """Return the pattern of a mark. No mark is part of another (`check_marks`)."""
    return re.compile("|".join(map(re.escape, marks)))


def _match(plain: str, text: str) -> tuple[list[int | None], int]:
    """Return the position in `text` of each character of `plain`, or None; and the number of matched characters."""
    position: list[int | None] = [None] * len(plain)
    common = min(len(plain), len(text))
    head = 0
    while head < common and plain[head] == text[head]:
        position[head] = head
        head += 1
    matcher = SequenceMatcher(None, plain[head:], text[head:], autojunk=False)
    matched = head
    for a, b, size in matcher.get_matching_blocks():
        for i in range(size):
            position[head + a + i] = head + b + i
        matched += size
    return position, matched
