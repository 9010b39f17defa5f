"""JSON lines: an object a line, with `text` and, if it has one, `id`; written with `mentions`."""

import json
from collections.abc import Iterator, Sequence
from typing import IO, BinaryIO

from markner.data.formats.lines import decoded_lines
from markner.data.formats.text_document import Found, Part, TextDocument
from markner.errors import MarknerError


def read(stream: BinaryIO, name: str) -> Iterator[TextDocument]:
    """The documents of a JSON lines file; one without an `id` is called by the number of its line.

    Raises:
        MarknerError: a line that is not an object with a text; names file and line.
    """
    for number, line in decoded_lines(stream, name):
        if not line.strip():
            continue
        where = f"{name}, line {number}"
        try:
            row = json.loads(line)
        except json.JSONDecodeError as error:
            raise MarknerError(f"{where}: not valid JSON: {error.msg}") from error
        if not isinstance(row, dict) or not isinstance(row.get("text"), str):
            raise MarknerError(f"{where}: not an object with a text", 'write {"id": "1", "text": "..."}')
        text = check_characters(where, row["text"])
        yield TextDocument(str(row.get("id", number)), text, (Part(0, len(text), 0),) if text else ())


def check_characters(where: str, text: str) -> str:
    """The text, unless it holds half of a character, which no UTF-8 file can."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise MarknerError(
            f"{where}: character {error.start} is one half of a surrogate pair", "write the character as a whole"
        ) from error
    return text


class JsonlWriter:
    """Writes a document a line: `id`, `text`, `mentions` with `start`, `end`, `type` and `text`."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, document: TextDocument, found: Sequence[Found]) -> None:
        """Write a document with its mentions."""
        mentions = [
            {"start": start, "end": end, "type": kind, "text": document.text[start:end]} for start, end, kind in found
        ]
        row = {"id": document.id, "text": document.text, "mentions": mentions}
        self._stream.write(json.dumps(row, ensure_ascii=False) + "\n")

    def close(self) -> None:
        """Nothing is left to write."""
