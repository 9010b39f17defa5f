"""From documents to the mentions that trained systems find in them, at the offsets of the user's own text."""

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice, zip_longest
from pathlib import Path

from markner.annotate.journal import Entry, Totals, line_of, read_entries, resume
from markner.data.documents import Document, Mention, Span
from markner.data.formats.annotations import ReadOptions
from markner.data.formats.bioc import xml_element
from markner.data.formats.document_files import STANDARD_INPUT, check_output, read_documents, write_documents
from markner.data.sentences import document_sentences, resolve_overlaps
from markner.errors import MarknerError
from markner.files import no_room_named
from markner.graphemes import with_spaces
from markner.models.checkpoints import fingerprint, resumed_bar
from markner.models.tagging import System, load_system
from markner.study.schema.annotations import Tagger
from markner.study.schema.formats import InputFormat, OutputFormat

_BATCHES = 16
"""Batches of sentences tagged between two lines of the journal: enough to sort them by length, few to lose."""

BLOCK = 50
"""Documents of a block. No documents of two blocks are tagged together, so that shards give the same mentions."""


@dataclass(frozen=True)
class AnnotationJob:
    """Texts to tag, the runs that tag them, and where the result goes.

    Attributes:
        paths: Files and folders, or `-` for standard input (which needs `journal=None`, as it is read once).
        input_format: Their format.
        taggers: Runs whose mentions are merged.
        results: Folder of the study's results, with the trained models.
        output: File or (brat) folder; standard output if None.
        output_format: Format that is written.
        journal: File that an interrupted annotation resumes from.
        min_confidence: Mentions of a lower confidence are left out.
    """

    paths: Sequence[str]
    input_format: InputFormat
    taggers: Sequence[Tagger]
    results: Path
    output: Path | None
    output_format: OutputFormat
    journal: Path | None
    min_confidence: float = 0.0

    def documents(self) -> Iterator[Document]:
        """Read the documents; annotations that they already have are ignored."""
        return read_documents(self.paths, self.input_format, ReadOptions(mentions=False))

    def systems(self) -> list[System]:
        """Load the runs."""
        return [load_system(tagger, self.results) for tagger in self.taggers]

    def fingerprint(self) -> str:
        """Return the fingerprint of the taggers, their models and the threshold."""
        models = [self.results / tagger.folder for tagger in self.taggers]
        return fingerprint([self.min_confidence, *(tagger.model_dump() for tagger in self.taggers)], folders=models)


def annotate(job: AnnotationJob) -> str:
    """Tag texts, write them with their mentions, and return a message: counts and speed.

    Without a journal each document is written at once. With one, mentions are kept in it and written when all documents
    are tagged: called again after an interruption, with the same texts and models, the annotation goes on from there.
    The journal is removed at the end.

    Raises:
        MarknerError: a file that is not in its format, a run that is not trained, or an output that would replace
            other files (`check_output`).
    """
    check_output(job.output, job.output_format, job.paths, job.input_format)
    return _annotate_directly(job) if job.journal is None else _annotate_by_journal(job, job.journal)


def _annotate_directly(job: AnnotationJob) -> str:
    systems = job.systems()
    begun = time.perf_counter()

    def tagged() -> Iterator[tuple[Document, Entry]]:
        with resumed_bar(None, 0, "document") as bar:
            for group in tag_documents(job.documents(), systems, job.min_confidence):
                yield from group
                bar.update(len(group))

    totals = _write(job, tagged())
    return totals.message(totals.documents, time.perf_counter() - begun, job.output)


def _annotate_by_journal(job: AnnotationJob, journal: Path) -> str:
    tagged, seconds = fill_journal(job, journal, job.documents, count(job))
    totals = write_entries(job, read_entries(journal))
    journal.unlink()
    return totals.message(tagged, seconds, job.output)


def count(job: AnnotationJob) -> int:
    """Return the number of documents, after all were read.

    A damaged file, or a character that the output cannot hold, is an error before hours of tagging, not after.
    """
    total = 0
    for document in job.documents():
        total += 1
        if job.output_format == "bioc-xml":
            xml_element(document)
    return total


def fill_journal(
    job: AnnotationJob, journal: Path, documents: Callable[[], Iterator[Document]], total: int | None
) -> tuple[int, float]:
    """Tag the documents that a journal does not hold yet, and append them. Return their number and the seconds.

    `documents` reads all of them; `total` is their number, if it is known.
    """
    done = resume(journal, job.fingerprint(), documents())
    if done == total:
        return 0, 0.0
    systems = job.systems()
    begun, tagged = time.perf_counter(), 0
    with (
        no_room_named(journal),
        journal.open("a", encoding="utf-8") as stream,
        resumed_bar(total, done, "document") as bar,
    ):
        for group in tag_documents(islice(documents(), done, None), systems, job.min_confidence, done):
            stream.write(line_of([entry for _, entry in group]))
            stream.flush()
            bar.update(len(group))
            tagged += len(group)
    return tagged, time.perf_counter() - begun


def write_entries(job: AnnotationJob, entries: Iterable[Entry]) -> Totals:
    """Write the documents with the mentions of their entries, and return the counts.

    Raises:
        MarknerError: The documents are not those of the entries.
    """

    def tagged() -> Iterator[tuple[Document, Entry]]:
        for document, entry in zip_longest(job.documents(), entries):
            if document is None or entry is None or document.digest() != entry.digest:
                place = f"document {document.id}" if document else "their end"
                raise MarknerError(f"the texts are not those that were tagged, from {place} on", "tag them again")
            yield document, entry

    return _write(job, tagged())


def _write(job: AnnotationJob, tagged: Iterable[tuple[Document, Entry]]) -> Totals:
    totals = Totals()

    def documents() -> Iterator[Document]:
        for document, entry in tagged:
            yield replace(document, mentions=entry.mentions)
            totals.add(entry)

    write_documents(documents(), job.output, job.output_format)
    return totals


def tag_documents(
    documents: Iterable[Document], systems: Sequence[System], min_confidence: float = 0.0, first: int = 0
) -> Iterator[list[tuple[Document, Entry]]]:
    """Tag documents, in order, in groups that fill some batches of sentences and end with a block.

    `first` is the number of documents before these.

    Raises:
        MarknerError: A document cannot be tagged; it is named.
    """
    size = _BATCHES * max(system.batch_size for system in systems)
    waiting: list[tuple[Document, list[Span]]] = []
    sentences = 0
    for number, document in enumerate(documents, start=first + 1):
        bounds = document_sentences(document)
        waiting.append((document, bounds))
        sentences += len(bounds)
        if sentences >= size or number % BLOCK == 0:
            yield _tag_group(waiting, systems, min_confidence)
            waiting, sentences = [], 0
    if waiting:
        yield _tag_group(waiting, systems, min_confidence)


def _tag_group(
    waiting: Sequence[tuple[Document, list[Span]]], systems: Sequence[System], min_confidence: float
) -> list[tuple[Document, Entry]]:
    """Tag documents together. If that fails, tag them one by one to name the document that cannot be tagged."""
    try:
        return list(_tag(waiting, systems, min_confidence))
    except Exception as error:
        fix = getattr(error, "fix", None) or "leave it out, or report it with the text"
        if len(waiting) == 1:
            raise MarknerError(f"document {waiting[0][0].id} cannot be tagged: {error}", fix) from error
        for each in waiting:
            _tag_group([each], systems, min_confidence)
        ends = f"{waiting[0][0].id} to {waiting[-1][0].id}"
        raise MarknerError(f"documents {ends} cannot be tagged together: {error}", "lower `batch_size`") from error


def _tag(
    waiting: Sequence[tuple[Document, list[Span]]], systems: Sequence[System], min_confidence: float = 0.0
) -> Iterator[tuple[Document, Entry]]:
    # No model was trained on line ends within a sentence; a space in their place keeps every offset.
    texts = [with_spaces(document.text[start:end]) for document, bounds in waiting for start, end in bounds]
    owners = [str(number) for number, (_, bounds) in enumerate(waiting) for _ in bounds]
    answers = [system.tag(texts, owners) for system in systems] if texts else []
    position = 0
    for document, bounds in waiting:
        mentions: list[Mention] = []
        statuses: Counter[str] = Counter()
        for start, _ in bounds:
            for answer in answers:
                tagged = answer[position]
                statuses.update(tagged.statuses)
                mentions += [each.moved(start) for each in tagged.mentions]
            position += 1
        merged = merge_mentions(mentions, min_confidence)
        yield document, Entry(document.digest(), merged, len(bounds), dict(statuses))


def merge_mentions(mentions: Iterable[Mention], min_confidence: float = 0.0) -> tuple[Mention, ...]:
    """Return the mentions of at least a confidence, in order.

    If such mentions of one type overlap, the longest is kept; of equal ones, that of the highest confidence. Mentions
    of different types may overlap.
    """
    by_type: dict[str, dict[Span, float]] = {}
    for mention in mentions:
        if mention.confidence is not None and mention.confidence >= min_confidence:
            spans, span = by_type.setdefault(mention.type, {}), mention.span
            spans[span] = max(mention.confidence, spans.get(span, 0.0))
    kept = (
        Mention(*span, kind, confidence=spans[span])
        for kind, spans in by_type.items()
        for span in resolve_overlaps(spans)
    )
    return tuple(sorted(kept, key=lambda mention: mention[:3]))


def journal_of(paths: Sequence[str], output: Path | None) -> Path | None:
    """Return the journal file of an annotation written to `output`; None if it cannot be resumed."""
    if output is None or STANDARD_INPUT in paths:
        return None
    return output.parent / f".{output.name}.journal"
