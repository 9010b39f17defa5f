"""From documents to what trained systems find in them: sentences out, mentions back at the text's own offsets."""

import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from tqdm import tqdm

from markner.annotate.journal import Entry, Tally, line_of, read_entries, resume
from markner.data.documents import Span
from markner.data.formats.registry import STANDARD_INPUT, documents, writer
from markner.data.formats.text_document import Found, TextDocument
from markner.data.sentences import resolve_overlaps, sentence_bounds
from markner.models.checkpoints import fingerprint
from markner.models.tagging import System, load_system
from markner.study.schema.annotations import InputFormat, OutputFormat, Tagger

_BATCHES = 16
"""Batches of sentences that are tagged before they are written down: enough to sort them by length, few to lose."""

_SPACES = str.maketrans("\t\n\v\f\r", "     ")


def annotate(
    paths: Sequence[str],
    form: InputFormat,
    taggers: Sequence[Tagger],
    results: Path,
    output: Path | None,
    kind: OutputFormat,
    journal: Path | None,
) -> str:
    """Tag texts and write them with what was found.

    Without a journal documents are written as they come. With one, what is found is kept there first, and written when
    all documents are done: called again after an interruption, with the same texts and models, it goes on from there.
    The journal is removed at the end.

    Args:
        paths: Files and folders, or `-` for standard input (which needs `journal=None`, as it is read once).
        form: Their format.
        taggers: Runs whose findings are put together.
        results: Folder of the study's results, with the trained models.
        output: File or (brat) folder; standard output if None.
        kind: Format that is written.
        journal: File in which an interrupted annotation goes on.

    Returns:
        Lines for people: what was done and how fast.

    Raises:
        MarknerError: a file that is not in its format, or a run that is not trained.
    """
    tally, begun = Tally(), time.perf_counter()
    where = [f"written: {output}"] if output is not None else []
    if journal is None:
        systems = [load_system(tagger, results) for tagger in taggers]
        begun = time.perf_counter()
        with writer(output, kind) as out, _bar(None, 0) as bar:
            for together in tag_documents(documents(paths, form), systems):
                for document, entry in together:
                    out.write(document, entry.found)
                    tally.add(entry)
                bar.update(len(together))
        return tally.told(tally.documents, time.perf_counter() - begun, where)
    # Read all once: a damaged file is told before hours of tagging, not after.
    total = sum(1 for _ in documents(paths, form))
    models = [results / tagger.folder for tagger in taggers]
    job = fingerprint([tagger.model_dump() for tagger in taggers], folders=models)
    done = resume(journal, job, documents(paths, form))
    if done < total:
        systems = [load_system(tagger, results) for tagger in taggers]
        begun = time.perf_counter()
        rest = islice(documents(paths, form), done, None)
        with journal.open("a", encoding="utf-8") as stream, _bar(total, done) as bar:
            for together in tag_documents(rest, systems):
                stream.write(line_of([entry for _, entry in together]))
                stream.flush()
                bar.update(len(together))
    seconds = time.perf_counter() - begun
    with writer(output, kind) as out:
        for document, entry in zip(documents(paths, form), read_entries(journal), strict=True):
            out.write(document, entry.found)
            tally.add(entry)
    journal.unlink()
    return tally.told(tally.documents - done, seconds, where)


def tag_documents(
    found: Iterable[TextDocument], systems: Sequence[System]
) -> Iterator[list[tuple[TextDocument, Entry]]]:
    """Tag documents, in order; as many together as fill some batches of sentences."""
    size = _BATCHES * max(system.batch_size for system in systems)
    waiting: list[tuple[TextDocument, list[Span]]] = []
    sentences = 0
    for document in found:
        bounds = document_sentences(document)
        waiting.append((document, bounds))
        sentences += len(bounds)
        if sentences >= size:
            yield list(_tag(waiting, systems))
            waiting, sentences = [], 0
    if waiting:
        yield list(_tag(waiting, systems))


def document_sentences(document: TextDocument) -> list[Span]:
    """Bounds of a document's sentences in its text; each part is split by itself."""
    return [
        Span(part.start + start, part.start + end)
        for part in document.parts
        for start, end in sentence_bounds(document.text[part.start : part.end])
    ]


def _tag(
    waiting: Sequence[tuple[TextDocument, list[Span]]], systems: Sequence[System]
) -> Iterator[tuple[TextDocument, Entry]]:
    # A line end within a sentence would be news to the models; a space in its place keeps every offset.
    texts = [document.text[start:end].translate(_SPACES) for document, bounds in waiting for start, end in bounds]
    answers = [system.tag(texts) for system in systems] if texts else []
    position = 0
    for document, bounds in waiting:
        spans: dict[str, list[Span]] = {}
        statuses: Counter[str] = Counter()
        for start, _ in bounds:
            for answer in answers:
                tagged = answer[position]
                statuses.update(tagged.statuses)
                for entity, inside in tagged.spans.items():
                    spans.setdefault(entity, []).extend(Span(start + a, start + b) for a, b in inside)
            position += 1
        yield document, Entry(document.digest(), merged(spans), len(bounds), dict(statuses))


def merged(spans: dict[str, list[Span]]) -> tuple[Found, ...]:
    """Mentions of all types, in order. Of overlapping ones of one type the longest stays; types may overlap."""
    found = (Found(*span, entity) for entity, inside in spans.items() for span in resolve_overlaps(inside))
    return tuple(sorted(found))


def journal_of(paths: Sequence[str], output: Path | None) -> Path | None:
    """Where an annotation written to `output` keeps its journal; None where it cannot go on after an interruption."""
    if output is None or STANDARD_INPUT in paths:
        return None
    return output.with_name(f".{output.name}.journal")


def _bar(total: int | None, done: int) -> "tqdm[Any]":
    interval = 0.5 if sys.stderr.isatty() else 10.0
    return tqdm(total=total, initial=done, unit="document", file=sys.stderr, mininterval=interval)
