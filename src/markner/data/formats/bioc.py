"""BioC, as XML and as JSON: passages are parts and keep their offsets and infons.

An annotation's offset is its passage's own offset and the characters before it in the passage; its length counts
characters. Where a file numbers its passages in bytes, that numbering of the passages is kept as it is. Specification:
Comeau et al. 2013, BioC; https://bioc.sourceforge.net.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import IO, Any, BinaryIO

from bioc import BioCAnnotation, BioCDocument, BioCLocation, BioCPassage, biocxml
from bioc.biocjson.encoder import BioCJSONEncoder
from lxml import etree

from markner.data.formats.jsonl import check_characters
from markner.data.formats.text_document import Found, TextDocument, joined
from markner.errors import MarknerError

_GLUE = "\n"
_FIX = "write a BioC collection, or name the format the file has with --from"
_SOURCE = {"source": "MarkNER", "date": "", "key": ""}


def read_xml(stream: BinaryIO, name: str) -> Iterator[TextDocument]:
    """The documents of a BioC XML file one by one; the annotations it may already have are not read.

    Raises:
        MarknerError: not BioC XML, or text inside of `<sentence>`; names file and document or line.
    """
    try:
        for _, element in etree.iterparse(stream, events=("end",), tag="document", resolve_entities=False):
            where = f"{name}, document {element.findtext('id')}"
            yield _document(where, _xml_document(element))
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    except etree.XMLSyntaxError as error:
        raise MarknerError(f"{name}, line {error.lineno}: not XML: {error.msg}", _FIX) from error


def read_json(stream: BinaryIO, name: str) -> Iterator[TextDocument]:
    """The documents of a BioC JSON file: a collection, one document, or a list of documents; as `read_xml`."""
    try:
        value = json.load(stream)
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise MarknerError(f"{name}: not JSON: {error}", _FIX) from error
    # PubTator 3 calls its list of documents by its own name.
    found = value if isinstance(value, list) else value.get("documents", value.get("PubTator3", [value]))
    for number, row in enumerate(found, start=1):
        if not isinstance(row, dict) or not isinstance(row.get("passages"), list):
            raise MarknerError(f"{name}: its document {number} has no passages", _FIX)
        yield _document(f"{name}, document {row.get('id', number)}", {"id": number, **row})


def _xml_document(element: Any) -> dict[str, Any]:
    """A document element in the form of BioC JSON."""
    passages = [
        {"offset": passage.findtext("offset"), "infons": _infons(passage), "text": passage.findtext("text")}
        | {"sentences": passage.findall("sentence")}
        for passage in element.findall("passage")
    ]
    return {"id": element.findtext("id"), "infons": _infons(element), "passages": passages}


def _infons(element: Any) -> dict[str, str]:
    return {infon.get("key", ""): infon.text or "" for infon in element.findall("infon")}


def _document(where: str, row: Mapping[str, Any]) -> TextDocument:
    parts = []
    for passage in row["passages"]:
        if passage.get("sentences"):
            raise MarknerError(f"{where}: text inside of sentences is not read", "put the text in the passage")
        try:
            offset = int(passage["offset"])
        except (KeyError, TypeError, ValueError) as error:
            raise MarknerError(f"{where}: a passage has no offset that is a number", "write its <offset>") from error
        parts.append((check_characters(where, passage.get("text") or ""), offset, _strings(passage.get("infons"))))
    document = joined(str(row["id"]), parts, _GLUE)
    return TextDocument(document.id, document.text, document.parts, _strings(row.get("infons")))


def _strings(infons: Mapping[str, Any] | None) -> dict[str, str]:
    return {str(key): str(value) for key, value in (infons or {}).items()}


def _bioc(document: TextDocument, found: Sequence[Found]) -> BioCDocument:
    """A document with an annotation for each mention, in the passage that holds it."""
    made = BioCDocument()
    made.id, made.infons = document.id, dict(document.infons)
    number = 0
    for part in document.parts:
        passage = BioCPassage()
        passage.offset, passage.text, passage.infons = (
            part.offset,
            document.text[part.start : part.end],
            dict(part.infons),
        )
        for start, end, kind in found:
            if part.start <= start and end <= part.end:
                annotation = BioCAnnotation()
                annotation.id, annotation.text = str(number), document.text[start:end]
                annotation.infons = {"type": kind}
                annotation.add_location(BioCLocation(part.offset + start - part.start, end - start))
                passage.add_annotation(annotation)
                number += 1
        made.add_passage(passage)
    return made


class BioCXmlWriter:
    """Writes a BioC XML collection, document by document."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        head = "".join(f"<{key}>{value}</{key}>\n" for key, value in _SOURCE.items())
        stream.write(f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<collection>\n{head}')

    def write(self, document: TextDocument, found: Sequence[Found]) -> None:
        """Write a document with its annotations."""
        try:
            element = biocxml.encoder.encode_document(_bioc(document, found))
        except ValueError as error:
            raise MarknerError(
                f"document {document.id}: holds a character that XML cannot", "write bioc-json, jsonl or brat instead"
            ) from error
        self._stream.write(etree.tostring(element, encoding="unicode", pretty_print=True))

    def close(self) -> None:
        """End the collection."""
        self._stream.write("</collection>\n")


class BioCJsonWriter:
    """Writes a BioC JSON collection, document by document, one a line."""

    def __init__(self, stream: IO[str]) -> None:
        self._stream = stream
        self._separator = "\n"
        head = {"bioctype": "BioCCollection", **_SOURCE, "version": "1.0", "infons": {}}
        stream.write(json.dumps(head)[:-1] + ', "documents": [')

    def write(self, document: TextDocument, found: Sequence[Found]) -> None:
        """Write a document with its annotations."""
        row = BioCJSONEncoder(ensure_ascii=False).encode(_bioc(document, found))
        self._stream.write(f"{self._separator}{row}")
        self._separator = ",\n"

    def close(self) -> None:
        """End the collection."""
        self._stream.write("\n]}\n")
