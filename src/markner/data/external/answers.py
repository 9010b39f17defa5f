"""Answers of another system, read from a file of any of the formats that a run can name."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markner.data.documents import Span, without_space
from markner.data.formats import iob
from markner.data.formats.annotations import ReadOptions
from markner.data.formats.document_files import check_types, read_types
from markner.data.formats.lines import numbered_lines
from markner.errors import MarknerError
from markner.files import line_value
from markner.markup import MARKS, Marks, align, strip_marks
from markner.predictions import Status
from markner.study.schema.formats import AnswerFormat


@dataclass(frozen=True, slots=True)
class ExternalAnswer:
    """One text of another system with its mentions: a sentence, a part of one, or a document.

    `spans` are offsets into `text`. `raw` is the unchanged answer of a language model, None in other formats.
    """

    text: str
    spans: tuple[Span, ...]
    status: Status = "ok"
    raw: str | None = None


def read_external_answers(
    path: Path, file_format: AnswerFormat, marks: Marks, options: ReadOptions
) -> Iterator[ExternalAnswer]:
    """Read the answers of a file (for brat of a folder), in order. `marks` are those of the format `marked`.

    Raises:
        MarknerError: The file is not in its format, or has mentions but none of the types; names file and line.
    """
    if file_format == "marked":
        yield from _marked(path, marks)
    elif file_format == "iob":
        if options.types is not None:
            check_types(str(path), options.types, iob.kinds(path))
        for sentence in iob.read(path, options.types, strict=False):
            yield ExternalAnswer(sentence.text, tuple(sentence.spans()))
    else:
        for document in read_types([path], file_format, options):
            yield ExternalAnswer(document.text, tuple(mention.span for mention in document.mentions))


def read_marked(text: str, raw: str, marks: Marks) -> ExternalAnswer:
    """Return the answer of a language model that repeats a text with marks in it.

    If the answer differs from the text in white space alone, its own text and spans count. Otherwise it is aligned to
    the text character by character (`markner.markup.align`).
    """
    plain, spans, _, defect = strip_marks(raw, marks)
    if without_space(plain) == without_space(text):
        return ExternalAnswer(plain, spans, defect or "ok", raw)
    alignment = align(text, raw, marks=marks, escaped=marks == MARKS)
    return ExternalAnswer(text, alignment.spans, alignment.status, raw)


def _marked(path: Path, marks: Marks) -> Iterator[ExternalAnswer]:
    fix = 'write {"text": "the sentence", "answer": "the sentence with its marks"}, one object a line'
    for number, line in numbered_lines(path):
        if not line.strip():
            continue
        where = f"{path}, line {number}"
        row = line_value(where, line, fix)
        if not isinstance(row, dict) or not isinstance(row.get("text"), str) or "answer" not in row:
            raise MarknerError(f"{where}: not an object with `text` and `answer`", fix)
        answer = row["answer"] if row["answer"] is not None else ""
        if not isinstance(answer, str):
            raise MarknerError(f"{where}: `answer` is not text: {json.dumps(answer)[:80]}", fix)
        yield read_marked(row["text"], answer, marks)
