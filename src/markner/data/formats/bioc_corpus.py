"""BioC XML files, read by the `bioc` library."""

from collections.abc import Collection, Iterable, Iterator
from pathlib import Path

from bioc import BioCAnnotation, BioCPassage, biocxml
from lxml.etree import XMLSyntaxError

from markner.data.documents import Document, Mention, Passage, Span
from markner.errors import MarknerError


def read(paths: Iterable[Path], types: Collection[str] | None = None) -> Iterator[Document]:
    """Read the documents of BioC files one after another, with the annotations of the given types (all when None).

    Annotations with the infon `CompositeRole` = `IndividualMention` (BC5CDR) are parts of an annotation of their own
    and are left out. An annotation with more than one location keeps them as its parts. Text is taken as the XML gives
    it: an entity that was escaped twice (`&amp;lt;`, NLM-Gene) stays `&lt;`, as the offsets count it so. Specification:
    Comeau et al. 2013, BioC.

    Raises:
        MarknerError: not BioC XML, or offsets outside of the passage; names file and document.
    """
    for path in paths:
        try:
            with path.open("rb") as stream:
                collection = biocxml.load(stream)
        except OSError as error:
            raise MarknerError(f"{path}: cannot be read: {error.strerror}") from error
        except XMLSyntaxError as error:
            raise MarknerError(f"{path}, line {error.lineno}: not XML: {error.msg}") from error
        except (KeyError, TypeError, ValueError) as error:
            raise MarknerError(f"{path}: not BioC XML: {error!r}") from error
        for document in collection.documents:
            where = f"{path}, document {document.id}"
            passages = (_passage(where, passage, types) for passage in document.passages)
            yield Document(str(document.id), tuple(passage for passage in passages if passage.text))


def _passage(where: str, passage: BioCPassage, types: Collection[str] | None) -> Passage:
    if passage.sentences:
        raise MarknerError(
            f"{where}: annotations inside <sentence> are not read", "put text and annotations in the passage"
        )
    text = passage.text or ""
    mentions = []
    for annotation in passage.annotations:
        kind = annotation.infons.get("type", "")
        if annotation.infons.get("CompositeRole") == "IndividualMention" or (types is not None and kind not in types):
            continue
        mentions.append(_mention(where, annotation, kind, passage.offset, len(text)))
    return Passage(text, tuple(mentions))


def _mention(where: str, annotation: BioCAnnotation, kind: str, offset: int, length: int) -> Mention:
    """An annotation with offsets that count from the start of its passage (BioC's count from the document's)."""
    parts = sorted(Span(at.offset - offset, at.offset - offset + at.length) for at in annotation.locations)
    if not parts or any(not 0 <= part.start < part.end <= length for part in parts):
        raise MarknerError(
            f"{where}: annotation {annotation.id} does not lie within its passage "
            f"(offset {offset}, {length} characters): {[str(at) for at in annotation.locations]}",
            "locations count from the start of the document; the passage's <offset> says where it begins",
        )
    end = max(part.end for part in parts)
    return Mention(parts[0].start, end, kind, annotation.text or "", tuple(parts) if len(parts) > 1 else ())
