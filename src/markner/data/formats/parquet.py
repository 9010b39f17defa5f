"""Data sets of the Hugging Face hub: Parquet and Arrow files, a document a row, read by pyarrow.

Rows have one of these forms: BigBIO's `bigbio_kb` (passages and entities with lists of offsets), tokens with `ner_tags`
(numbers of the class labels in the file, or texts), or a text with spans as in JSON lines. The writer writes
`bigbio_kb`. Schemas: https://github.com/bigscience-workshop/biomedical/blob/main/bigbio/utils/schemas.
"""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count, islice
from typing import Any, BinaryIO

from markner.data.documents import SENTENCE, Document, Passage, Span, single_passage
from markner.data.formats import jsonl
from markner.data.formats.annotations import AnnotatedText, Annotation, ReadOptions, read_mentions
from markner.data.formats.iob import sentence_mentions
from markner.errors import MarknerError

_TAGS = ("ner_tags", "tags", "labels")
_OTHERS = ("relations", "events", "coreferences")
_BATCH = 256
_FIX = "a row needs `passages` and `entities` (bigbio_kb), `tokens` and `ner_tags`, or `text` and spans"


def read(stream: BinaryIO, name: str, options: ReadOptions) -> Iterator[Document]:
    """Read the documents of a Parquet or Arrow file, some rows at a time.

    A document without a `document_id` or an `id` is named by its file and row.

    Raises:
        MarknerError: not such a file, a row of another form, an unknown tag, or wrong offsets; names file and row.
    """
    import pyarrow as pa
    import pyarrow.ipc as ipc
    import pyarrow.parquet as pq

    head = stream.peek(6)[:6] if hasattr(stream, "peek") else b"PAR1"
    number = 0
    try:
        if head.startswith(b"PAR1"):
            file = pq.ParquetFile(stream if stream.seekable() else pa.BufferReader(stream.read()))
            schema, batches = file.schema_arrow, file.iter_batches(_BATCH)
        else:
            opened = ipc.open_file(stream) if head == b"ARROW1" else ipc.open_stream(stream)
            schema = opened.schema
            batches = map(opened.get_batch, range(opened.num_record_batches)) if head == b"ARROW1" else opened
        names = _class_labels(schema.metadata or {})
        for batch in batches:
            for row in batch.to_pylist():
                number += 1
                yield _document(f"{name}, row {number}", number, row, names, options)
    except UnicodeDecodeError as error:
        raise MarknerError(f"{name}: a text after row {number} is not UTF-8", "export the data set again") from error
    except (pa.ArrowException, OSError) as error:
        raise MarknerError(f"{name}: not a Parquet or Arrow file: {error}", "export the data set as Parquet") from error


def _class_labels(metadata: Mapping[bytes, bytes]) -> dict[str, list[str]]:
    """Return the names of the class labels by column, as the library `datasets` stores them in the file."""
    info = json.loads(metadata.get(b"huggingface", b"{}")).get("info") or {}
    labels = {}
    for column, feature in (info.get("features") or {}).items():
        inner = feature.get("feature", feature) if isinstance(feature, dict) else {}
        if isinstance(inner, dict) and isinstance(inner.get("names"), list):
            labels[column] = inner["names"]
    return labels


def _document(
    where: str, number: int, row: dict[str, Any], names: Mapping[str, Sequence[str]], options: ReadOptions
) -> Document:
    given = next((row[key] for key in ("document_id", "id") if row.get(key) not in (None, "")), None)
    identifier = jsonl.document_name(given, number, options)
    if isinstance(row.get("passages"), list):
        return _knowledge_base(where, identifier, row, options)
    if isinstance(row.get("tokens"), list):
        return _tagged(where, identifier, row, names, options)
    if isinstance(row.get("text"), str):
        return jsonl.read_row(where, identifier, row, options)
    raise MarknerError(f"{where}: the columns are {', '.join(row)}", _FIX)


def _tagged(
    where: str, identifier: str, row: dict[str, Any], names: Mapping[str, Sequence[str]], options: ReadOptions
) -> Document:
    if not all(isinstance(token, str) for token in row["tokens"]):
        raise MarknerError(f"{where}: a token is not a text", "write each of `tokens` as a text")
    text = " ".join(row["tokens"])
    document = single_passage(identifier, text, {"type": SENTENCE})
    if not options.mentions:
        return document
    column = next((key for key in _TAGS if isinstance(row.get(key), list)), None)
    if column is None or len(row[column]) != len(row["tokens"]):
        raise MarknerError(f"{where}: has not one tag a token", _FIX)
    tags = [_tag(where, column, tag, names.get(column)) for tag in row[column]]
    return replace(document, mentions=tuple(sentence_mentions(where, row["tokens"], tags, options.types)))


def _tag(where: str, column: str, tag: object, names: Sequence[str] | None) -> str:
    """Return a tag as text; `names` are those of the class labels, which a number counts from 0."""
    if isinstance(tag, str):
        return tag
    if not isinstance(tag, int):
        raise MarknerError(f"{where}: `{column}` has {tag}, which is not a tag", "write the tags as texts (B-TYPE, O)")
    if names is None:
        raise MarknerError(f"{where}: `{column}` are numbers without names", "write the tags as texts (B-TYPE, O)")
    if not 0 <= tag < len(names):  # -1 and -100 are labels left out; as an index, -1 would be the last class
        raise MarknerError(
            f"{where}: `{column}` has {tag}, but the class labels are 0 to {len(names) - 1}",
            "give each token one of them (O if it has none), or leave out the row",
        )
    return names[tag]


def _knowledge_base(where: str, identifier: str, row: dict[str, Any], options: ReadOptions) -> Document:
    """Return the document of a `bigbio_kb` row. Its passages have offsets of their own; mentions count in them."""
    try:
        parts = [(str(item["type"]), "".join(item["text"]), item["offsets"][0][0]) for item in row["passages"]]
        entities = [
            Annotation(
                f"{where}, entity {item['id']}",
                tuple(Span(int(start), int(end)) for start, end in item["offsets"]),
                str(item["type"]),
                item["text"][0] if len(item["text"]) == 1 else None,
                _concept(item.get("normalized")),
            )
            for item in (row["entities"] or () if options.mentions else ())
        ]
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise MarknerError(f"{where}: not a row of bigbio_kb: {error!r}", _FIX) from error
    text, passages = "", []
    for kind, part, start in parts:
        start = int(start) if options.offsets == "characters" else len(text) + bool(text)
        if start < len(text):
            raise MarknerError(f"{where}: the passage at {start} overlaps the one before it", _FIX)
        text += " " * (start - len(text))
        passages.append(Passage(start, start + len(part), start, {"type": kind}))
        text += part
    ignored = {key: len(row[key]) for key in _OTHERS if row.get(key)} if options.mentions else {}
    mentions = read_mentions(where, [AnnotatedText(text, 0, entities)], options)
    return Document(identifier, text, tuple(passages), mentions, ignored=ignored)


def _concept(normalized: Sequence[Mapping[str, str]] | None) -> str | None:
    """Return the concepts of an entity, such as `MESH:D003920`, joined by `|`; None without any."""
    names = (":".join(filter(None, [each["db_name"], each["db_id"]])) for each in normalized or ())
    return "|".join(names) or None


def _normalized(concept: str | None) -> list[dict[str, str]]:
    if concept is None:
        return []
    name, colon, number = concept.partition(":")
    return [{"db_name": name if colon else "", "db_id": number if colon else name}]


def write(stream: BinaryIO, documents: Iterable[Document]) -> None:
    """Write Parquet in the schema `bigbio_kb`, some documents at a time; line ends between passages become spaces."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    texts, offsets = pa.list_(pa.string()), pa.list_(pa.list_(pa.int32()))
    base = [("id", pa.string()), ("type", pa.string()), ("text", texts), ("offsets", offsets)]
    concept = [("db_name", pa.string()), ("db_id", pa.string())]
    schema = pa.schema(
        [
            ("id", pa.string()),
            ("document_id", pa.string()),
            ("passages", pa.list_(pa.struct(base))),
            ("entities", pa.list_(pa.struct([*base, ("normalized", pa.list_(pa.struct(concept)))]))),
        ]
    )
    rows = map(_row, count(), documents)
    with pq.ParquetWriter(stream, schema) as file:
        while batch := list(islice(rows, _BATCH)):
            file.write_table(pa.Table.from_pylist(batch, schema=schema))


def _row(number: int, document: Document) -> dict[str, Any]:
    """Return the row of a document, which is counted from 0."""
    text = document.text
    passages = [
        {
            "id": f"{number}-p{place}",
            "type": part.infons.get("type", ""),
            "text": [text[part.start : part.end]],
            "offsets": [[part.start, part.end]],
        }
        for place, part in enumerate(document.passages)
    ]
    entities = [
        {
            "id": f"{number}-e{place}",
            "type": mention.type,
            "text": [text[start:end] for start, end in mention.spans],
            "offsets": [list(span) for span in mention.spans],
            "normalized": _normalized(mention.concept),
        }
        for place, mention in enumerate(document.mentions)
    ]
    return {"id": str(number), "document_id": document.id, "passages": passages, "entities": entities}
