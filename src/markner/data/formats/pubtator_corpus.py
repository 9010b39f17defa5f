"""PubTator files: `PMID|t|title`, `PMID|a|abstract`, then one tab-separated annotation a line."""

import re
from collections.abc import Collection, Iterator
from itertools import groupby
from pathlib import Path

from markner.data.documents import Document, Mention, Passage
from markner.data.formats.lines import numbered_lines
from markner.errors import MarknerError

_TEXT_LINE = re.compile(r"([^|\t]+)\|([ta])\|(.*)", re.DOTALL)
_RELATION = re.compile(r"[A-Za-z_]")


class _Block:
    """A title line, an abstract line and their annotations: what lies between two empty lines."""

    def __init__(self, identifier: str, title: str) -> None:
        self.identifier = identifier
        self.title = title
        self.abstract: str | None = None
        self.in_title: list[Mention] = []
        self.in_abstract: list[Mention] = []

    def add(self, where: str, mention: Mention, wanted: bool) -> None:
        """Put a mention into the passage that holds it; offsets count in `title + " " + abstract`.

        One of a type that is not wanted is checked as well: wrong offsets mean a damaged file.
        """
        shift = len(self.title) + 1
        length = shift + len(self.abstract) if self.abstract else len(self.title)
        if not 0 <= mention.start < mention.end <= length:
            raise MarknerError(
                f"{where}: offsets {mention.start} to {mention.end} are not a part of the text ({length} characters)",
                "offsets count characters in title + one space + abstract; the end is exclusive",
            )
        if mention.start <= len(self.title) < mention.end:
            raise MarknerError(
                f"{where}: offsets {mention.start} to {mention.end} run over the end of the title, {len(self.title)}"
            )
        if not wanted:
            return
        if mention.end <= len(self.title):
            self.in_title.append(mention)
        else:
            start, end = mention.start - shift, mention.end - shift
            self.in_abstract.append(Mention(start, end, mention.type, mention.text))

    @property
    def whole(self) -> bool:
        """Whether the block is a title with its abstract, and not one passage of a longer article."""
        return bool(self.abstract)

    def passages(self) -> tuple[Passage, ...]:
        """Title and abstract, without those that have no text."""
        both = (Passage(self.title, tuple(self.in_title)), Passage(self.abstract or "", tuple(self.in_abstract)))
        return tuple(passage for passage in both if passage.text)


def read(path: Path, types: Collection[str] | None = None) -> Iterator[Document]:
    """Read the documents of a PubTator file, with the annotations of the given types (all when None).

    Blocks that follow each other under one identifier and have no abstract are the passages of one document (NLM-Chem
    as converted for AIONER). Any other repeated identifier (8528200 in NCBI Disease) is a document of its own. Relation
    lines and columns from the sixth on are not used. Format: README of the BC5CDR corpus.

    Raises:
        MarknerError: a line that has none of these forms, or offsets outside of the text; names file and line.
    """
    for (identifier, whole), blocks in groupby(_blocks(path, types), key=lambda block: (block.identifier, block.whole)):
        if whole:
            yield from (Document(identifier, block.passages()) for block in blocks)
        else:
            yield Document(identifier, tuple(passage for block in blocks for passage in block.passages()))


def _blocks(path: Path, types: Collection[str] | None) -> Iterator[_Block]:
    block: _Block | None = None
    for number, line in numbered_lines(path):
        where = f"{path}, line {number}"
        if not line.strip():
            if block is not None:
                yield block
            block = None
            continue
        text_line = _TEXT_LINE.fullmatch(line)
        if text_line is not None:
            identifier, kind, text = text_line.groups()
            if kind == "t":
                if block is not None:
                    yield block
                block = _Block(identifier, text)
            elif block is None or block.identifier != identifier:
                raise MarknerError(f"{where}: abstract of {identifier} without its title line", f"{identifier}|t|TITLE")
            elif block.abstract is not None or block.in_title:
                raise MarknerError(f"{where}: the abstract of {identifier} must follow its title line, once")
            else:
                block.abstract = text
            continue
        fields = line.split("\t")
        if block is None or fields[0] != block.identifier:
            raise MarknerError(
                f"{where}: annotation of {fields[0]!r} outside of its document",
                "annotations follow the title and abstract lines of the same identifier",
            )
        mention = _mention(where, fields)
        if mention is not None:
            block.add(where, mention, wanted=types is None or mention.type in types)
    if block is not None:
        yield block


def _mention(where: str, fields: list[str]) -> Mention | None:
    """The annotation of a line; None for a relation line, whose second field is a word."""
    form = "PMID, start, end, text, type and optionally an identifier, separated by tabs"
    if len(fields) > 3 and _RELATION.match(fields[1]):
        return None
    if len(fields) < 5:
        raise MarknerError(f"{where}: not a title, abstract, annotation or relation line", f"write {form}")
    try:
        start, end = int(fields[1]), int(fields[2])
    except ValueError as error:
        raise MarknerError(f"{where}: start and end must be numbers, found {fields[1]!r} and {fields[2]!r}") from error
    return Mention(start, end, fields[4], fields[3])
