"""Plain text: a file is a document, its paragraphs are passages."""

import re
from collections.abc import Iterator
from typing import BinaryIO

from markner.data.documents import Document, Passage, Span
from markner.data.formats.annotations import ReadOptions
from markner.data.formats.lines import decoded_text
from markner.graphemes import whole_clusters

_PARAGRAPH = re.compile(r"\S(?:.*?\S)??(?=\s*\Z|[^\S\n]*\n[^\S\n]*\n\s*)", re.DOTALL)


def read(stream: BinaryIO, name: str, options: ReadOptions) -> Iterator[Document]:
    """Read the document of a text file; offsets count all characters of the file, line ends and byte order mark too.

    Blank lines separate paragraphs.

    Raises:
        MarknerError: the file is not UTF-8.
    """
    yield text_document(decoded_text(stream.read(), name), options.identifier)


def text_document(text: str, identifier: str) -> Document:
    """Return a text as a document whose passages are its paragraphs."""
    paragraphs = whole_clusters(text, [Span(*match.span()) for match in _PARAGRAPH.finditer(text)])
    passages = (Passage(start, end, start, {"type": "paragraph"}) for start, end in paragraphs)
    return Document(identifier, text, tuple(passages))
