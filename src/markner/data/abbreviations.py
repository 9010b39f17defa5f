"""Abbreviations and their definitions in a text, by the algorithm of Schwartz and Hearst (2003).

The kept libraries either return no offsets or need a compiler for each platform; the published algorithm is short.
"""

import re
from collections.abc import Iterator
from typing import NamedTuple

from markner.data.documents import Span, trimmed

SHORT_LENGTHS = range(2, 11)
_SIGN = re.compile(r"\s*([^\w\s])\s*")
_BRACKET = {"(": ")", "[": "]"}


class Definition(NamedTuple):
    """A short form and its long form in one text."""

    short: Span
    long: Span


def compact(surface: str) -> str:
    """Return a surface without the spaces around signs that tokenized text has: `A - T` becomes `A-T`."""
    return _SIGN.sub(r"\1", surface)


def is_short_form(short: str) -> bool:
    """Return whether a compact surface can be a short form.

    It has 2 to 10 characters, at most two words and at least one letter, and begins with a letter or a digit.
    """
    return (
        len(short) in SHORT_LENGTHS
        and len(short.split()) <= 2
        and short[0].isalnum()
        and any(sign.isalpha() for sign in short)
    )


def longest_window(short: str) -> int:
    """Return the most words that the long form of a short form has."""
    return min(len(short) + 5, 2 * len(short))


def long_form_start(long: str, short: str) -> int | None:
    """Return the start of the shortest long form at the end of a text, None if there is no long form.

    The letters and digits of the short form are looked for from right to left; the first of them must begin a word.
    """
    place = len(long)
    for number in reversed(range(len(short))):
        if not short[number].isalnum():
            continue
        place -= 1
        while place >= 0 and (
            long[place].lower() != short[number].lower() or (number == 0 and place > 0 and long[place - 1].isalnum())
        ):
            place -= 1
        if place < 0:
            return None
    return place


def definitions(text: str) -> Iterator[Definition]:
    """Yield the definitions of a sentence: `long form (SF)` and `SF (long form)`.

    Text in brackets counts up to its first comma or semicolon. A long form has at most as many words as
    `longest_window` says, is longer than its short form, and does not contain it as a word.
    """
    for match in re.finditer(r"[(\[]", text):
        begin, end = match.end(), _closing(text, match.start())
        if end is None:
            continue
        inside = trimmed(text, Span(begin, begin + len(re.split(r"[,;]", text[begin:end])[0])))
        before = trimmed(text, Span(0, match.start()))
        if is_short_form(compact(text[slice(*inside)])):
            yield from _defined(text, inside, _last_words(text, before, compact(text[slice(*inside)])))
        elif before.start < before.end and len(text[slice(*inside)].split()) > 1:
            short = Span(_word_start(text, before.end), before.end)
            if is_short_form(compact(text[slice(*short)])):
                yield from _defined(text, short, inside, whole=True)


def _defined(text: str, short: Span, window: Span, *, whole: bool = False) -> Iterator[Definition]:
    """Yield the definition of a short form whose long form ends with a window, or (`whole`) is the window."""
    form, words = compact(text[slice(*short)]), text[slice(*window)]
    place = long_form_start(words, form)
    if place is None:
        return
    start = max(window.start, _word_start(text, window.start + place + 1))
    long = text[start : window.end]
    if whole and start != window.start:
        return
    if len(compact(long)) > len(form) and form not in compact(long).split():
        yield Definition(short, Span(start, window.end))


def _closing(text: str, place: int) -> int | None:
    """Return the place of the bracket that closes the one at a place, None if there is none."""
    opening, closing, depth = text[place], _BRACKET[text[place]], 0
    for position in range(place, len(text)):
        depth += (text[position] == opening) - (text[position] == closing)
        if depth == 0:
            return position
    return None


def _last_words(text: str, before: Span, short: str) -> Span:
    """Return the part of a text that ends before a bracket and has as many words as a long form may have."""
    words = [match.start() for match in re.finditer(r"\S*\w\S*", text[before.start : before.end])]
    kept = words[-longest_window(short) :]
    return Span(before.start + kept[0], before.end) if kept else Span(before.end, before.end)


def _word_start(text: str, end: int) -> int:
    """Return where the run of signs that are not white space begins that ends at a place."""
    while end > 0 and not text[end - 1].isspace():
        end -= 1
    return end
