"""Plain text: a file is a document, its paragraphs are parts; and brat standoff beside it."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from markner.data.formats.text_document import Found, Part, TextDocument
from markner.errors import MarknerError

_PARAGRAPH = re.compile(r"\S(?:.*?\S)??(?=\s*\Z|[^\S\n]*\n[^\S\n]*\n\s*)", re.DOTALL)
_LINE_END = re.compile(r"\r?\n")


def read(stream: BinaryIO, name: str, identifier: str) -> Iterator[TextDocument]:
    """The document of a text file; its offsets count the characters of the file, line ends and byte order mark too.

    Paragraphs are what blank lines part.

    Raises:
        MarknerError: the file is not UTF-8.
    """
    try:
        text = stream.read().decode("utf-8")
    except UnicodeDecodeError as error:
        raise MarknerError(
            f"{name}: not UTF-8: {error.reason} at byte {error.start}", "save the file as UTF-8"
        ) from error
    parts = (Part(*match.span(), match.start(), {"type": "paragraph"}) for match in _PARAGRAPH.finditer(text))
    yield TextDocument(identifier, text, tuple(parts))


class BratFolder:
    """Writes brat standoff: for each document its text, as it is, and beside it the file of its annotations.

    A document's name is its identifier; where that repeats, a number is added. Specification: brat standoff format,
    https://brat.nlplab.org/standoff.html.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names: dict[str, int] = {}

    def write(self, document: TextDocument, found: Sequence[Found]) -> None:
        """Write the two files of a document."""
        path = self._folder / self._name(document.id)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_name(f"{path.name}.txt").write_bytes(document.text.encode())
        rows = "".join(_row(number, document.text, mention) for number, mention in enumerate(found, start=1))
        path.with_name(f"{path.name}.ann").write_bytes(rows.encode())

    def close(self) -> None:
        """Nothing is left to write."""

    def _name(self, identifier: str) -> str:
        steps = [re.sub(r"[^\w.+-]", "_", step).strip(".") for step in identifier.split("/")]
        name = "/".join(step for step in steps if step) or "document"
        self._names[name] = count = self._names.get(name, 0) + 1
        return name if count == 1 else self._name(f"{name}-{count}")


def _row(number: int, text: str, mention: Found) -> str:
    """A text-bound annotation; one that runs over a line end has a fragment for each line."""
    surface = text[mention.start : mention.end]
    bounds, start = [], 0
    for line_end in [*_LINE_END.finditer(surface), None]:
        end = line_end.start() if line_end else len(surface)
        if end > start:
            bounds.append((mention.start + start, mention.start + end))
        start = line_end.end() if line_end else end
    kind = re.sub(r"\s+", "_", mention.type)
    places = ";".join(f"{start} {end}" for start, end in bounds)
    return f"T{number}\t{kind} {places}\t{' '.join(text[start:end] for start, end in bounds)}\n"
