"""PubTator: a title line, an abstract line, then one annotation a line; offsets count in title + space + abstract.

Format: README of the BC5CDR corpus.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from typing import IO, BinaryIO

from markner.data.documents import Document, PassageText, Span, join_passages
from markner.data.formats.annotations import AnnotatedText, Annotation, ReadOptions, read_mentions
from markner.data.formats.lines import decoded_lines
from markner.errors import MarknerError

_TEXT_LINE = re.compile(r"([^|\t]+)\|([ta])\|(.*)", re.DOTALL)
_RELATION = re.compile(r"[A-Za-z_]")
_NO_CONCEPT = "-"
_LINE_BREAKS = str.maketrans("\r\n", "  ")
_COLUMN_BREAKS = str.maketrans("\r\n\t", "   ")


@dataclass
class _Block:
    """A title line, an abstract line and their annotation lines."""

    where: str
    identifier: str
    title: str
    abstract: str | None = None
    annotations: list[Annotation] = field(default_factory=list)
    relations: int = 0

    @property
    def has_abstract(self) -> bool:
        return bool(self.abstract)

    @property
    def text(self) -> str:
        return f"{self.title} {self.abstract}" if self.abstract else self.title


def read(stream: BinaryIO, name: str, options: ReadOptions) -> Iterator[Document]:
    """Read the documents of a PubTator file.

    Blocks that follow each other under one identifier and have no abstract are the passages of one document (NLM-Chem
    as converted for AIONER). Any other repeated identifier (8528200 in NCBI Disease) is a document of its own. Relation
    lines are counted (`Document.ignored`); columns from the seventh on are ignored.

    Raises:
        MarknerError: a line that has none of these forms, or wrong offsets; names file and line.
    """
    blocks = _blocks(stream, name, options)
    for (identifier, has_abstract), group in groupby(blocks, key=lambda block: (block.identifier, block.has_abstract)):
        if has_abstract:
            for block in group:
                yield _document(identifier, [block], options)
        else:
            yield _document(identifier, list(group), options)


def _document(identifier: str, blocks: Sequence[_Block], options: ReadOptions) -> Document:
    passages = [
        PassageText(text, None, {"type": kind})
        for block in blocks
        for text, kind in ((block.title, "title"), (block.abstract, "abstract"))
        if text is not None and (text or kind == "title")
    ]
    document = join_passages(identifier, passages, " ")
    texts, start = [], 0
    for block in blocks:
        texts.append(AnnotatedText(block.text, start, block.annotations, len(block.title)))
        start += len(block.text) + 1
    relations = sum(block.relations for block in blocks)
    ignored = {"relations": relations} if relations else {}
    return replace(document, mentions=read_mentions(blocks[0].where, texts, options), ignored=ignored)


def _blocks(stream: BinaryIO, name: str, options: ReadOptions) -> Iterator[_Block]:
    block: _Block | None = None
    for number, line in decoded_lines(stream, name):
        where = f"{name}, line {number}"
        if not line.strip():
            continue
        text_line = _TEXT_LINE.fullmatch(line)
        if text_line is not None:
            identifier, kind, text = text_line.groups()
            if kind == "t":
                if block is not None:
                    yield block
                block = _Block(where, identifier, text)
            elif block is None or block.identifier != identifier:
                raise MarknerError(
                    f"{where}: abstract of {identifier} without its title line", f"write {identifier}|t|TITLE before it"
                )
            elif block.abstract is not None or block.annotations:
                raise MarknerError(f"{where}: the abstract of {identifier} must follow its title line, once")
            else:
                block.abstract = text
            continue
        fields = line.split("\t")
        if block is None:
            raise MarknerError(
                f"{where}: not a line of a PubTator document: {line[:60]!r}",
                "write PMID|t|TITLE and PMID|a|ABSTRACT, or name the file's format",
            )
        if fields[0] != block.identifier:
            raise MarknerError(
                f"{where}: annotation of {fields[0][:80]!r} outside of its document",
                "write annotations after the title and abstract lines of the same identifier",
            )
        if not options.mentions:
            continue
        annotation = _annotation(where, fields)
        if annotation is not None:
            block.annotations.append(annotation)
        else:
            block.relations += 1
    if block is not None:
        yield block


def _annotation(where: str, fields: list[str]) -> Annotation | None:
    """Return the annotation of a line; None for a relation line, whose second field is a word."""
    form = "PMID, start, end, text, type and optionally an identifier, separated by tabs"
    if len(fields) > 3 and _RELATION.match(fields[1]):
        return None
    if len(fields) < 5:
        raise MarknerError(f"{where}: not a title, abstract, annotation or relation line", f"write {form}")
    try:
        span = Span(int(fields[1]), int(fields[2]))
    except ValueError as error:
        raise MarknerError(
            f"{where}: start and end must be numbers, found {fields[1]!r} and {fields[2]!r}", f"write {form}"
        ) from error
    concept = fields[5].strip() if len(fields) > 5 and fields[5].strip() != _NO_CONCEPT else ""
    return Annotation(where, (span,), fields[4], fields[3], concept or None)


def write(stream: IO[str], documents: Iterable[Document]) -> None:
    """Write documents as PubTator: the first passage is the title line, everything after it the abstract line.

    A line of PubTator holds no line end. Where the text has one, a space is written, so that the offsets stay the same.
    A document with an empty identifier gets its number, as PubTator has no line without one.
    """
    for number, document in enumerate(documents, start=1):
        name = re.sub(r"[|\s]", "_", document.id) or f"document#{number}"
        text = document.text.translate(_LINE_BREAKS)
        end = _title_end(document)
        lines = [f"{name}|t|{text[:end]}", f"{name}|a|{text[end + 1 :]}"]
        for mention in document.mentions:
            surface = text[mention.start : mention.end].translate(_COLUMN_BREAKS)
            lines.append(
                f"{name}\t{mention.start}\t{mention.end}\t{surface}\t{mention.type}\t{_field(mention.concept)}"
            )
        stream.write("\n".join(lines) + "\n\n")


def _field(concept: str | None) -> str:
    return (concept or _NO_CONCEPT).translate(_COLUMN_BREAKS)


def _title_end(document: Document) -> int:
    """Return the end of the title: the first line end if the text has lines, else the end of the first passage.

    It is never inside a mention, which would run over it: then it is a later line end or end of a passage.
    """
    begin = document.passages[0].start if document.passages else 0
    ends = [match.start() for match in re.finditer("\n", document.text) if match.start() >= begin]
    if document.passages and not (ends and ends[0] < document.passages[0].end):
        ends = [part.end for part in document.passages]
    whole = len(document.text)
    crossed = [range(mention.start, mention.end) for mention in document.mentions]
    return next((end for end in ends if not any(end in places for places in crossed)), whole)
