"""Annotations as files give them: their offsets are checked, and read in the unit that the file counts in."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, get_args

from markner.data.documents import Mention, Span
from markner.errors import MarknerError
from markner.study.schema.corpora import OffsetUnit

_UNIT_NAMES: dict[OffsetUnit, str] = {"characters": "characters", "utf8": "UTF-8 bytes", "utf16": "UTF-16 units"}
_CR, _MARK = "the CR of line ends (CRLF)", "byte order marks (U+FEFF)"


@dataclass(frozen=True, slots=True)
class ReadOptions:
    """How the annotations of a file are read.

    `types`: annotation types that count; all if None. `offsets`: the unit of the file's offsets. `mentions`: if False,
    existing annotations are ignored, damaged ones too. `untyped`: spans of JSON lines may lack a type, which is then
    empty. `identifier`: the name of a document that has none in its file.
    """

    types: Collection[str] | None = None
    offsets: OffsetUnit = "characters"
    mentions: bool = True
    untyped: bool = False
    identifier: str = "document"


@dataclass(frozen=True, slots=True)
class Annotation:
    """One annotation of a file.

    `where` names file and line or document, for errors. `parts` are offsets into the text that the annotation belongs
    to, in the unit of the file. `concept` is the identifier of its meaning, `confidence` its score from 0
    to 1, if the file has them.
    """

    where: str
    parts: tuple[Span, ...]
    type: str
    text: str | None
    concept: str | None = None
    confidence: float | None = None


@dataclass(frozen=True, slots=True)
class AnnotatedText:
    """A text with the annotations whose offsets count in it; `start` is its place in the document.

    No annotation may run over `title_end`, if there is one.
    """

    text: str
    start: int
    annotations: Sequence[Annotation]
    title_end: int | None = None


def read_mentions(where: str, texts: Sequence[AnnotatedText], options: ReadOptions) -> tuple[Mention, ...]:
    """Return the mentions of the wanted types, with character offsets into the document.

    Annotations of all types are checked: wrong offsets mean a damaged file. The unit of the offsets is checked by the
    annotated texts: if more of them stand at the offsets in another unit, the file counts in that unit. In the same
    way it is checked whether the offsets count line ends (CRLF) and byte order marks as the text has them.

    Args:
        where: Name of file and document, for errors.
        texts: All annotated texts of one document.
        options: How the annotations are read.

    Raises:
        MarknerError: offsets are not a part of the text, count in another unit, or do not count CR or byte order
            marks; names file and line or document.
    """
    fits = {unit: _count_fitting(texts, unit) for unit in get_args(OffsetUnit)}
    # First: bytes of other characters may make up for a CR that is not counted, so that another unit seems to fit.
    _check_counted_characters(where, texts, max(fits.values()))
    best = max(fits, key=lambda unit: (fits[unit], unit == options.offsets))
    if fits[best] > fits[options.offsets]:
        raise MarknerError(
            f"{where}: the offsets count {_UNIT_NAMES[best]}, not {_UNIT_NAMES[options.offsets]}: of the "
            f"annotated texts {fits[best]} are found at offsets in {_UNIT_NAMES[best]}, {fits[options.offsets]} in "
            f"{_UNIT_NAMES[options.offsets]}",
            f"set `offsets: {best}` beside the `format` of this corpus",
        )
    mentions = []
    for part in texts:
        positions = character_positions(part.text, options.offsets)
        for annotation in part.annotations:
            spans = [_moved(span, positions) for span in annotation.parts]
            inside = [span for span in spans if span is not None and 0 <= span.start < span.end <= len(part.text)]
            if not inside or len(inside) < len(spans):
                places = ", ".join(f"{start} to {end}" for start, end in annotation.parts)
                raise MarknerError(
                    f"{annotation.where}: offsets {places or '(none)'} are not a part of the text "
                    f"({len(part.text)} characters)",
                    f"offsets count {_UNIT_NAMES[options.offsets]} from the start of the text; the end is exclusive",
                )
            mention = _mention(annotation, sorted(inside))
            if part.title_end is not None and mention.start <= part.title_end < mention.end:
                raise MarknerError(
                    f"{annotation.where}: offsets {mention.start} to {mention.end} run over the end of the title, "
                    f"{part.title_end}",
                    "annotate title and abstract each by itself",
                )
            if options.types is None or annotation.type in options.types:
                mentions.append(mention.moved(part.start))
    return tuple(mentions)


class _OtherText(NamedTuple):
    """A text that offsets may count instead of the file's: how it is made, and what to say if they fit it better."""

    made: Callable[[str], str]
    problem: str
    place: str
    fix: str


def _with_lf(text: str) -> str:
    return text.replace("\r\n", "\n")


def _without_marks(text: str) -> str:
    return text.replace("\ufeff", "")


def _without(uncounted: str, made: Callable[[str], str]) -> _OtherText:
    return _OtherText(
        made, f"the offsets do not count {uncounted}", "the text without", f"save the text without {uncounted}"
    )


_OTHER_TEXTS = (
    _without(_CR, _with_lf),
    _without(_MARK, _without_marks),
    _without(f"{_CR} and {_MARK}", lambda text: _without_marks(_with_lf(text))),
    _OtherText(
        lambda text: _with_lf(text).replace("\n", "\r\n"),
        "the offsets count line ends as two characters (CRLF), and the text has LF",
        "the text with CRLF",
        "save the text with CRLF line ends, as it was annotated",
    ),
)


def _check_counted_characters(where: str, texts: Sequence[AnnotatedText], fitting: int) -> None:
    """Raise a MarknerError if more than `fitting` annotated texts are found in the text with other line ends or marks.

    That is: without the CR of its line ends, without byte order marks, or with CRLF in the place of LF.
    """
    if not any("\n" in part.text or "\ufeff" in part.text for part in texts):
        return
    counts = []
    for other in _OTHER_TEXTS:
        parts = [replace(part, text=other.made(part.text)) for part in texts]
        counts.append(max(_count_fitting(parts, unit) for unit in get_args(OffsetUnit)))
    if (most := max(counts)) > fitting:
        best = _OTHER_TEXTS[counts.index(most)]
        raise MarknerError(
            f"{where}: {best.problem}: {most} of the annotated texts are found in {best.place}, "
            f"{fitting} in the text as it is",
            best.fix,
        )


def _mention(annotation: Annotation, parts: Sequence[Span]) -> Mention:
    end = max(part.end for part in parts)
    several = tuple(parts) if len(parts) > 1 else ()
    return Mention(
        parts[0].start, end, annotation.type, annotation.text, several, annotation.confidence, annotation.concept
    )


def as_confidence(value: object) -> float | None:
    """Return a score as a confidence, None if it is not a number from 0 to 1."""
    try:
        number = float(str(value))
    except ValueError:
        return None
    return number if 0 <= number <= 1 else None


def character_positions(text: str, unit: OffsetUnit) -> Mapping[int, int] | None:
    """Map offsets in a unit to character offsets; None where both are the same."""
    if unit == "characters" or text.isascii() or (unit == "utf16" and max(text) <= "\uffff"):
        return None
    positions, offset = {0: 0}, 0
    for place, character in enumerate(text, start=1):
        offset += len(character.encode()) if unit == "utf8" else 1 + (character > "\uffff")
        positions[offset] = place
    return positions


def _moved(span: Span, positions: Mapping[int, int] | None) -> Span | None:
    """Return the span in characters; None if a bound is outside the text or inside a character."""
    if positions is None:
        return span
    start, end = positions.get(span.start), positions.get(span.end)
    return None if start is None or end is None else Span(start, end)


def _count_fitting(texts: Sequence[AnnotatedText], unit: OffsetUnit) -> int:
    """Count the continuous annotations whose text is found at their offsets, read in this unit."""
    count = 0
    for part in texts:
        positions = character_positions(part.text, unit)
        for annotation in part.annotations:
            if annotation.text and len(annotation.parts) == 1 and annotation.parts[0].start >= 0:
                span = _moved(annotation.parts[0], positions)
                count += span is not None and part.text[span.start : span.end] == annotation.text
    return count
