"""Binary files of spaCy (`DocBin`, `.spacy`): entities and span groups are mentions.

spaCy's spans are whole tokens. The writer divides the text at the ends of mentions too, so that every mention is one.
"""

from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, BinaryIO

from markner.data.documents import Document, Mention, single_passage
from markner.data.formats.annotations import ReadOptions
from markner.data.formats.jsonl import document_name
from markner.data.sentences import resolve_overlaps
from markner.errors import MarknerError
from markner.stub_import import stub_import
from markner.tags import words

if TYPE_CHECKING:
    from spacy.tokens import Doc, DocBin
    from spacy.vocab import Vocab

_GROUP = "sc"
"""The span group that spaCy's span categorizer uses."""
_ID = "id"


def read(stream: BinaryIO, name: str, options: ReadOptions) -> Iterator[Document]:
    """Read the documents of a file; one without an `id` in its user data is named by its file and number.

    Raises:
        MarknerError: not a file of spaCy.
    """
    documents, vocab = _docbin()
    try:
        for number, doc in enumerate(documents.from_bytes(stream.read()).get_docs(vocab), start=1):
            yield _document(doc, number, options)
    except (ValueError, KeyError, TypeError, OSError) as error:
        raise MarknerError(
            f"{name}: not a DocBin of spaCy: {error}", "write it by spacy.tokens.DocBin.to_disk"
        ) from error


def _docbin() -> tuple["DocBin", "Vocab"]:
    """Return an empty `DocBin` and a vocabulary, without torch and without plugins of spaCy's serializer.

    It would look for plugins in all installed packages at each call, and for its own converters among all functions
    that spaCy registers, which takes most of the time.
    """
    with stub_import("torch"):
        from spacy.tokens import DocBin
        from spacy.vocab import Vocab
        from srsly.msgpack import msgpack_decoders, msgpack_encoders  # type: ignore[import-untyped]

    for converters in (msgpack_decoders, msgpack_encoders):
        converters.entry_points = False
        known = converters.get_all()
        converters.get_all = known.copy
    return DocBin(store_user_data=True), Vocab()


def _document(doc: "Doc", number: int, options: ReadOptions) -> Document:
    spans = [*doc.ents, *(span for group in doc.spans.values() for span in group)] if options.mentions else []
    distinct = {(span.start_char, span.end_char, span.label_, span.kb_id_) for span in spans}
    mentions = sorted(mention for mention in distinct if options.types is None or mention[2] in options.types)
    identifier = document_name(doc.user_data.get(_ID), number, options)
    document = single_passage(identifier, doc.text)
    return replace(
        document,
        mentions=tuple(Mention(start, end, kind, concept=concept or None) for start, end, kind, concept in mentions),
    )


def write(stream: BinaryIO, documents: Iterable[Document]) -> None:
    """Write one `DocBin` at the end: all mentions in the span group `sc`, those that do not overlap as entities."""
    docs, vocab = _docbin()
    from spacy.tokens import Doc

    for document in documents:
        pieces = _pieces(document)
        doc = Doc(vocab, words=pieces, spaces=[False] * len(pieces))
        doc.user_data[_ID] = document.id
        placed = (
            doc.char_span(mention.start, mention.end, label=mention.type, kb_id=mention.concept or "")
            for mention in document.mentions
        )
        spans = [span for span in placed if span is not None]
        doc.spans[_GROUP] = spans
        kept = set(resolve_overlaps(mention.span for mention in document.mentions))
        for span in spans:
            with suppress(ValueError):  # a second type of one span
                if (span.start_char, span.end_char) in kept:
                    doc.set_ents([span], default="unmodified")
        docs.add(doc)
    stream.write(docs.to_bytes())


def _pieces(document: Document) -> list[str]:
    """Return the text divided at tokens and at the ends of mentions."""
    bounds = {0, len(document.text)}
    bounds.update(bound for span in words(document.text) for bound in span)
    bounds.update(bound for mention in document.mentions for bound in mention.span)
    return [document.text[start:end] for start, end in pairwise(sorted(bounds))]
