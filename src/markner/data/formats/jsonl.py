"""JSON lines of MarkNER, Prodigy and doccano: an object a line with `text`, spans, and an `id` if it has one.

The spans stand under `mentions` (MarkNER), `spans` (Prodigy), `entities` or `label` (doccano). A span is a list
`[start, end, type]` or an object with `start` and `end` (or `start_offset` and `end_offset`) and `type` or `label`; the
`parts` of a discontinuous one are lists `[start, end]`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import IO, Any, BinaryIO

from markner.data.documents import Document, Mention, Span, single_passage
from markner.data.formats.annotations import AnnotatedText, Annotation, ReadOptions, as_confidence, read_mentions
from markner.data.formats.lines import decoded_lines
from markner.errors import MarknerError
from markner.files import line_value

_SPAN_KEYS = ("mentions", "spans", "entities", "label", "labels")
_REFUSED = ("reject", "ignore")


def read(stream: BinaryIO, name: str, options: ReadOptions) -> Iterator[Document]:
    """Read the documents of a JSON lines file; one without an `id` is named by its file and line (`document_name`).

    With mentions, lines that an annotator of Prodigy rejected or ignored (`answer`) are left out, and a line without
    spans is an error.

    Raises:
        MarknerError: a line that is not an object with a text, or damaged spans; names file and line.
    """
    for number, line in decoded_lines(stream, name):
        if not line.strip():
            continue
        where = f"{name}, line {number}"
        row = line_value(where, line, "write one JSON object a line")
        if not isinstance(row, dict) or not isinstance(row.get("text"), str):
            raise MarknerError(f"{where}: not an object with a text", 'write {"id": "1", "text": "..."}')
        if not options.mentions or row.get("answer") not in _REFUSED:
            yield read_row(where, document_name(row.get("id"), number, options), row, options)


def document_name(identifier: object, number: int, options: ReadOptions) -> str:
    """Return the identifier of a document as text; `FILE#number` if it is missing, null or empty.

    A number alone would repeat in the next file, and documents of one name are taken for one document.
    """
    return f"{options.identifier}#{number}" if identifier in (None, "") else str(identifier)


def read_row(where: str, identifier: str, row: Mapping[str, Any], options: ReadOptions) -> Document:
    """Return the document of an object with `text` and spans. Raises as `read`."""
    text = check_characters(where, row["text"])
    document = single_passage(identifier, text)
    if not options.mentions:
        return document
    annotations = [_annotation(where, span, options.untyped) for span in _spans(where, row)]
    mentions = read_mentions(where, [AnnotatedText(text, 0, annotations)], options)
    ignored = {"relations": len(row["relations"])} if row.get("relations") else {}
    return replace(document, mentions=mentions, ignored=ignored)


def _spans(where: str, row: Mapping[str, Any]) -> list[Any]:
    key = next((key for key in _SPAN_KEYS if isinstance(row.get(key), list)), None)
    if key is None:
        raise MarknerError(f"{where}: no list of spans", f"write one of the keys {', '.join(_SPAN_KEYS)}: []")
    return list(row[key])


def _annotation(where: str, span: Any, untyped: bool) -> Annotation:
    try:
        if isinstance(span, dict):
            start = span["start"] if "start" in span else span["start_offset"]
            end = span["end"] if "end" in span else span["end_offset"]
            kind = span["type"] if "type" in span else span.get("label", "") if untyped else span["label"]
            text, concept, score = span.get("text"), span.get("concept"), as_confidence(span.get("score"))
            parts = span.get("parts") or [[start, end]]
        else:
            start, end, kind = [*span, ""] if untyped and len(span) == 2 else span
            text, parts, concept, score = None, [[start, end]], None, None
        return Annotation(
            where, tuple(Span(int(first), int(last)) for first, last in parts), str(kind), text, concept, score
        )
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise MarknerError(
            f"{where}: not a span: {json.dumps(span)[:80]}", 'write {"start": 0, "end": 4, "type": "TYPE"}'
        ) from error


def check_characters(where: str, text: str) -> str:
    """Return the text. Half of a surrogate pair, which UTF-8 cannot hold, is a MarknerError at `where`."""
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise MarknerError(
            f"{where}: character {error.start} is one half of a surrogate pair",
            "write the character as a whole, or replace it: text.encode('utf-8', 'replace').decode()",
        ) from error
    return text


def write(stream: IO[str], documents: Iterable[Document]) -> None:
    """Write a document a line: `id`, `text`, `mentions` with `start`, `end`, `type`, `text`.

    A discontinuous mention also has `parts`, a mention with a concept `concept`, and a predicted mention `score`.
    """
    for document in documents:
        mentions = [_mention_row(document.text, mention) for mention in document.mentions]
        row = {"id": document.id, "text": document.text, "mentions": mentions}
        stream.write(json.dumps(row, ensure_ascii=False) + "\n")


def _mention_row(text: str, mention: Mention) -> dict[str, object]:
    row: dict[str, object] = {
        "start": mention.start,
        "end": mention.end,
        "type": mention.type,
        "text": text[mention.start : mention.end],
    }
    if mention.parts:
        row["parts"] = mention.parts
    if mention.concept is not None:
        row["concept"] = mention.concept
    if mention.confidence is not None:
        row["score"] = mention.confidence
    return row
