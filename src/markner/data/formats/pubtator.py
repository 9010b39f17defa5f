"""PubTator: a title line, an abstract line, then one annotation a line; offsets count in title + space + abstract."""

import re
from collections.abc import Iterator, Sequence
from typing import IO, BinaryIO

from markner.data.formats.lines import decoded_lines
from markner.data.formats.text_document import Found, TextDocument, joined
from markner.errors import MarknerError

_TEXT_LINE = re.compile(r"([^|\t]+)\|([ta])\|(.*)", re.DOTALL)
_BREAKS = str.maketrans("\r\n", "  ")
_COLUMN_BREAKS = str.maketrans("\r\n\t", "   ")


def read(stream: BinaryIO, name: str) -> Iterator[TextDocument]:
    """The documents of a PubTator file, one a block; the annotations it may already have are not read.

    Raises:
        MarknerError: a line that belongs to no document; names file and line.
    """
    block: list[str] = []
    identifier = ""
    for number, line in decoded_lines(stream, name):
        text_line = _TEXT_LINE.fullmatch(line)
        if text_line is not None and text_line[2] == "t":
            if block:
                yield _document(identifier, block)
            identifier, block = text_line[1], [text_line[3]]
        elif text_line is not None:
            if text_line[1] != identifier or len(block) != 1:
                raise MarknerError(
                    f"{name}, line {number}: abstract of {text_line[1]} without its title line",
                    f"{text_line[1]}|t|TITLE",
                )
            block.append(text_line[3])
        elif line.strip() and line.split("\t")[0] != identifier:
            raise MarknerError(
                f"{name}, line {number}: not a line of a PubTator document: {line[:60]!r}",
                "write PMID|t|TITLE and PMID|a|ABSTRACT, or name the format the file has with --from",
            )
    if block:
        yield _document(identifier, block)


def _document(identifier: str, texts: Sequence[str]) -> TextDocument:
    kinds = ({"type": "title"}, {"type": "abstract"})
    return joined(identifier, [(text, None, kind) for text, kind in zip(texts, kinds, strict=False)], " ")


class PubTatorWriter:
    """Writes documents as PubTator; the title is the first part's line, everything after it the abstract.

    A line can hold no line end: where the text has one there is a space, so that offsets stay those of the text.
    """

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream

    def write(self, document: TextDocument, found: Sequence[Found]) -> None:
        """Write a document with its annotations."""
        name = re.sub(r"[|\s]", "_", document.id)
        text = document.text.translate(_BREAKS)
        end = _title_end(document)
        lines = [f"{name}|t|{text[:end]}", f"{name}|a|{text[end + 1 :]}"]
        for start, stop, kind in found:
            surface = text[start:stop].translate(_COLUMN_BREAKS)
            lines.append(f"{name}\t{start}\t{stop}\t{surface}\t{kind}\t-")
        self._stream.write("\n".join(lines) + "\n\n")

    def close(self) -> None:
        """Nothing is left to write."""


def _title_end(document: TextDocument) -> int:
    """Where the title ends: at the first line end, where the text has lines, else at the end of the first part."""
    line_end = document.text.find("\n", document.parts[0].start if document.parts else 0)
    if document.parts and not 0 <= line_end < document.parts[0].end:
        return document.parts[0].end
    return line_end if line_end >= 0 else len(document.text)
