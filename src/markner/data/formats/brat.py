"""Brat standoff: a folder with a text file and an annotation file for each document.

Specification: brat standoff format, https://brat.nlplab.org/standoff.html.
"""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path

from markner.data.documents import Document, Mention, Span, single_passage
from markner.data.formats.annotations import AnnotatedText, Annotation, ReadOptions, as_confidence, read_mentions
from markner.data.formats.lines import decoded_text, numbered_lines, open_file, visible_files
from markner.errors import MarknerError

_KINDS = {
    "R": "relations",
    "*": "relations",
    "E": "events",
    "A": "attributes",
    "M": "attributes",
    "N": "normalizations",
    "#": "notes",
}
_NAME_BYTES = 200
"""File systems take 255 bytes, of which some are for an ending and the number of a repeated name."""
_LINE_END = re.compile(r"\r?\n")
_SCORE = re.compile(r"#\S+\tAnnotatorNotes (T\S+)\tscore (\S+)")
_REFERENCE = re.compile(r"N\S+\tReference (T\S+) (\S+)(?:\t.*)?")
_TEXT_BOUND = re.compile(r"T\S+\t(\S+) (\d+ \d+(?:;\d+ \d+)*)(?:\t(.*))?")


def read(folder: Path, options: ReadOptions) -> Iterator[Document]:
    """Read the documents of a folder and the folders in it, in the order of their paths.

    A document is a `.txt` file with an `.ann` file of the same name, and one passage. Text-bound annotations (`T`) are
    mentions; other lines are counted by kind (`Document.ignored`).

    Raises:
        MarknerError: The folder has no texts, a text has no annotation file, or a line is damaged.
    """
    texts = [path for path in visible_files(folder) if path.suffix == ".txt"] if folder.is_dir() else []
    if not texts:
        raise MarknerError(f"{folder}: a folder with .txt files is expected", "name the brat folder")
    for inside in texts:
        path = folder / inside
        with open_file(path) as stream:
            text = decoded_text(stream.read(), str(path))
        ignored: Counter[str] = Counter()
        annotations = _annotations(path.with_suffix(".ann"), ignored) if options.mentions else []
        document = single_passage(inside.with_suffix("").as_posix(), text)
        mentions = read_mentions(str(path), [AnnotatedText(text, 0, annotations)], options)
        yield replace(document, mentions=mentions, ignored=ignored)


def _annotations(path: Path, ignored: Counter[str]) -> list[Annotation]:
    """Return the text-bound annotations, each with its concept (a normalization) and its score, if it has them."""
    annotations: list[tuple[str, Annotation]] = []
    concepts: dict[str, str] = {}
    scores: dict[str, float | None] = {}
    if not path.exists():
        raise MarknerError(f"{path}: no such file beside its text", "write an empty file if the text has no annotation")
    for number, line in numbered_lines(path):
        if reference := _REFERENCE.fullmatch(line):
            concepts[reference[1]] = "|".join(filter(None, [concepts.get(reference[1]), reference[2]]))
            continue
        if score := _SCORE.fullmatch(line):
            scores[score[1]] = as_confidence(score[2])
            continue
        if not line.strip():
            continue
        if line[0] in _KINDS:
            ignored[_KINDS[line[0]]] += 1
            continue
        where = f"{path}, line {number}"
        match = _TEXT_BOUND.fullmatch(line)
        if match is None:
            raise MarknerError(
                f"{where}: not a text-bound annotation: {line[:80]!r}", "write T1<tab>TYPE START END<tab>TEXT"
            )
        parts = tuple(Span(*map(int, part.split())) for part in match[2].split(";"))
        annotations.append((line.partition("\t")[0], Annotation(where, parts, match[1], match[3])))
    return [
        replace(annotation, concept=concepts.get(name), confidence=scores.get(name)) for name, annotation in annotations
    ]


def write(folder: Path, documents: Iterable[Document]) -> None:
    """Write brat standoff: for each document its exact text, and the file of its annotations beside it.

    The identifier of a document is its name in the folder; if it repeats, a number is added.
    """
    counts: dict[str, int] = {}
    for document in documents:
        path = folder / _file_name(document.id, counts)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.with_name(f"{path.name}.txt").write_bytes(document.text.encode())
        rows = "".join(_row(number, document.text, item) for number, item in enumerate(document.mentions, start=1))
        path.with_name(f"{path.name}.ann").write_bytes(rows.encode())


def _file_name(identifier: str, counts: dict[str, int]) -> str:
    """Return the name of the files of a document, without ending. `counts` says how often each name was wanted."""
    steps = [re.sub(r"[^\w.+-]", "_", step).strip(".") for step in identifier.split("/")]
    short = [step.encode()[:_NAME_BYTES].decode(errors="ignore") for step in steps]
    name = "/".join(step for step in short if step) or "document"
    while name in counts:
        counts[name] += 1
        name = f"{name}-{counts[name]}"
    counts[name] = 1
    return name


def _row(number: int, text: str, mention: Mention) -> str:
    """Return the lines of a text-bound annotation. If it crosses a line end, it has a fragment for each line.

    A mention of line ends alone has no lines, because brat cannot represent it. The confidence is written as a note.
    """
    bounds = [span for part in mention.spans for span in _fragments(text, part)]
    if not bounds:
        return ""
    kind = re.sub(r"\s+", "_", mention.type)
    places = ";".join(f"{start} {end}" for start, end in bounds)
    surface = " ".join(text[start:end] for start, end in bounds)
    row = f"T{number}\t{kind} {places}\t{surface}\n"
    if mention.concept is not None:
        concept = re.sub(r"\s+", "_", mention.concept)
        row += f"N{number}\tReference T{number} {concept}\t{surface}\n"
    if mention.confidence is not None:
        row += f"#{number}\tAnnotatorNotes T{number}\tscore {mention.confidence}\n"
    return row


def _fragments(text: str, span: Span) -> list[Span]:
    """Return the parts of a span between line ends."""
    fragments, start = [], span.start
    for line_end in _LINE_END.finditer(text, span.start, span.end):
        fragments.append(Span(start, line_end.start()))
        start = line_end.end()
    return [fragment for fragment in [*fragments, Span(start, span.end)] if fragment.start < fragment.end]
