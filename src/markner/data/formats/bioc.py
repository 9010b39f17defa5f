"""BioC, as XML and as JSON: passages keep their offsets and infons.

The offset of an annotation is the offset of its passage and the characters before it in the passage. If a file counts
the offsets of its passages in bytes, these are kept. Specification: Comeau et al. 2013, BioC;
https://bioc.sourceforge.net.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from typing import IO, TYPE_CHECKING, Any, BinaryIO

from markner.data.documents import Document, PassageText, Span, join_passages
from markner.data.formats.annotations import AnnotatedText, Annotation, ReadOptions, as_confidence, read_mentions
from markner.data.formats.jsonl import check_characters, document_name
from markner.data.formats.literature import xml_elements
from markner.errors import MarknerError

if TYPE_CHECKING:
    from bioc import BioCDocument

_FIX = "write a BioC collection, or name the file's format"
_CONCEPT = ("identifier", "MESH", "NCBI Gene identifier")
_SOURCE = {"source": "MarkNER", "date": "", "key": ""}


def read_xml(stream: BinaryIO, name: str, options: ReadOptions) -> Iterator[Document]:
    """Read the documents of a BioC XML file one by one.

    Annotations with the infon `CompositeRole` = `IndividualMention` (BC5CDR) are parts of another annotation and are
    left out. An annotation with more than one location keeps them as its parts. Text is taken as the XML gives it: an
    entity that was escaped twice (`&amp;lt;`, NLM-Gene) stays `&lt;`, as the offsets count it so.

    A document without an identifier is named by its file and number.

    Raises:
        MarknerError: not BioC XML, text inside of `<sentence>`, or wrong offsets; names file and document or line.
    """
    for number, element in enumerate(xml_elements(stream, name, ["document"], ["collection"]), start=1):
        yield _document(name, number, _xml_document(element), options)


def read_json(stream: BinaryIO, name: str, options: ReadOptions) -> Iterator[Document]:
    """Read the documents of a BioC JSON file (a collection, one document, or a list of documents); see `read_xml`."""
    try:
        value = json.load(stream)
    except UnicodeDecodeError as error:
        raise MarknerError(f"{name}: not UTF-8: {error.reason} at byte {error.start}", "save it as UTF-8") from error
    except (ValueError, RecursionError) as error:
        raise MarknerError(f"{name}: not JSON: {error}", _FIX) from error
    # PubTator 3 has another name for the list of documents.
    rows = value.get("documents", value.get("PubTator3", [value])) if isinstance(value, dict) else value
    if not isinstance(rows, list):
        raise MarknerError(f"{name}: not a collection of documents", _FIX)
    for number, row in enumerate(rows, start=1):
        if not isinstance(row, dict) or not isinstance(row.get("passages"), list):
            raise MarknerError(f"{name}: document {number} has no passages", _FIX)
        yield _document(name, number, row, options)


def _xml_document(element: Any) -> dict[str, Any]:
    """Return a document element in the form of BioC JSON."""
    passages = [
        {
            "offset": passage.findtext("offset"),
            "infons": _infons(passage),
            "text": passage.findtext("text"),
            "sentences": passage.findall("sentence"),
            "annotations": [
                {
                    "id": annotation.get("id"),
                    "infons": _infons(annotation),
                    "text": annotation.findtext("text"),
                    "locations": [dict(location.attrib) for location in annotation.findall("location")],
                }
                for annotation in passage.findall("annotation")
            ],
        }
        for passage in element.findall("passage")
    ]
    return {
        "id": element.findtext("id"),
        "infons": _infons(element),
        "passages": passages,
        "relations": element.findall(".//relation"),
    }


def _infons(element: Any) -> dict[str, str]:
    return {infon.get("key", ""): infon.text or "" for infon in element.findall("infon")}


def _document(name: str, number: int, row: Mapping[str, Any], options: ReadOptions) -> Document:
    identifier = document_name(row.get("id"), number, options)
    where = f"{name}, document {identifier}"
    passages: list[PassageText] = []
    texts: list[AnnotatedText] = []
    start, relations = 0, len(row.get("relations") or ())
    for passage in row["passages"]:
        if passage.get("sentences"):
            raise MarknerError(
                f"{where}: text and annotations inside of <sentence> are not read", "put them in the passage"
            )
        try:
            offset = int(passage["offset"])
        except (KeyError, TypeError, ValueError, OverflowError) as error:
            raise MarknerError(f"{where}: a passage has no offset that is a number", "write its <offset>") from error
        text = check_characters(where, passage.get("text") or "")
        relations += len(passage.get("relations") or ())
        passages.append(PassageText(text, offset, _strings(passage.get("infons"))))
        rows = passage.get("annotations") or () if options.mentions else ()
        annotations = [_annotation(where, annotation, offset) for annotation in rows if not _is_component(annotation)]
        texts.append(AnnotatedText(text, start, annotations))
        start += len(text) + 1
    document = join_passages(identifier, passages)
    return replace(
        document,
        mentions=read_mentions(where, texts, options),
        infons=_strings(row.get("infons")),
        ignored={"relations": relations} if relations and options.mentions else {},
    )


def _is_component(annotation: Mapping[str, Any]) -> bool:
    return bool((annotation.get("infons") or {}).get("CompositeRole") == "IndividualMention")


def _annotation(where: str, row: Mapping[str, Any], offset: int) -> Annotation:
    """Return an annotation with offsets from the start of its passage; those of BioC count from the document's."""
    place = f"{where}: annotation {row.get('id')}"
    try:
        starts = [(int(location["offset"]) - offset, int(location["length"])) for location in row["locations"]]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise MarknerError(
            f"{place}: a location needs an offset and a length", "locations count from the start of the document"
        ) from error
    spans = tuple(Span(start, start + length) for start, length in starts)
    infons = _strings(row.get("infons"))
    concept = next((infons[key] for key in _CONCEPT if infons.get(key)), None)
    return Annotation(
        place, spans, infons.get("type", ""), row.get("text"), concept, as_confidence(infons.get("score"))
    )


def _strings(infons: Mapping[str, Any] | None) -> dict[str, str]:
    return {str(key): str(value) for key, value in (infons or {}).items()}


def _bioc(document: Document) -> "BioCDocument":
    """Return the document as BioC, with each mention as an annotation of its passage."""
    from bioc import BioCAnnotation, BioCDocument, BioCLocation, BioCPassage

    result = BioCDocument()
    result.id, result.infons = document.id, dict(document.infons)
    number = 0
    for part in document.passages:
        passage = BioCPassage()
        passage.offset, passage.infons = part.offset, dict(part.infons)
        passage.text = document.text[part.start : part.end]
        for mention in document.mentions:
            if part.start <= mention.start and mention.end <= part.end:
                annotation = BioCAnnotation()
                annotation.id, annotation.text = str(number), document.text[mention.start : mention.end]
                annotation.infons = {"type": mention.type}
                if mention.confidence is not None:
                    annotation.infons["score"] = str(mention.confidence)
                if mention.concept is not None:
                    annotation.infons[_CONCEPT[0]] = mention.concept
                for start, end in mention.spans:
                    annotation.add_location(BioCLocation(part.offset + start - part.start, end - start))
                passage.add_annotation(annotation)
                number += 1
        result.add_passage(passage)
    return result


def write_xml(stream: IO[str], documents: Iterable[Document]) -> None:
    """Write a BioC XML collection, document by document."""
    from lxml import etree

    head = "".join(f"<{key}>{value}</{key}>\n" for key, value in _SOURCE.items())
    stream.write(f'<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n<collection>\n{head}')
    for document in documents:
        stream.write(etree.tostring(xml_element(document), encoding="unicode", pretty_print=True))
    stream.write("</collection>\n")


def xml_element(document: Document) -> Any:
    """Return a document as an element of BioC XML. A character that XML cannot hold is a MarknerError."""
    from bioc import biocxml

    try:
        return biocxml.encoder.encode_document(_bioc(document))
    except ValueError as error:
        raise MarknerError(
            f"document {document.id}: holds a character that XML cannot hold",
            "write bioc-json, jsonl or brat instead",
        ) from error


def write_json(stream: IO[str], documents: Iterable[Document]) -> None:
    """Write a BioC JSON collection, one document a line."""
    from bioc.biocjson.encoder import BioCJSONEncoder

    head = {"bioctype": "BioCCollection", **_SOURCE, "version": "1.0", "infons": {}}
    stream.write(json.dumps(head)[:-1] + ', "documents": [')
    separator = "\n"
    for document in documents:
        stream.write(separator + BioCJSONEncoder(ensure_ascii=False).encode(_bioc(document)))
        separator = ",\n"
    stream.write("\n]}\n")
