"""Exports of Label Studio: JSON (tasks with annotations), JSON-MIN, or either as JSON lines.

Format: https://labelstud.io/guide/export. Offsets count UTF-16 units in exports of annotations made in a browser; set
`offsets: utf16` if they do.
"""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any, BinaryIO

from markner.data.documents import Document, Span, single_passage
from markner.data.formats.annotations import AnnotatedText, Annotation, ReadOptions, read_mentions
from markner.data.formats.jsonl import check_characters, document_name
from markner.data.formats.lines import decoded_text
from markner.errors import MarknerError
from markner.files import line_value

_FIX = "export the project of Label Studio as JSON or JSON-MIN"
_NOT_MINIMAL = {"annotations", "completions", "data"}
"""Keys of a task that a row of JSON-MIN does not have."""
_LABELS = ("labels", "hypertextlabels")


def read(stream: BinaryIO, name: str, options: ReadOptions) -> Iterator[Document]:
    """Read the documents of an export.

    Of several annotations of a task the last one counts that was not cancelled. With mentions, a task without such an
    annotation (skipped, or not annotated yet) is left out: it would be a text without mentions. Results that are not
    labels of a part of the text are counted by kind (`Document.ignored`). A task without an `id` is named by its file
    and number.

    Raises:
        MarknerError: another form, or wrong offsets; names the file and the task.
    """
    content = decoded_text(stream.read(), name).removeprefix("\ufeff")
    for number, task in enumerate(_tasks(content, name), start=1):
        where = f"{name}, task {task.get('id', number) if isinstance(task, dict) else number}"
        data = task.get("data", task) if isinstance(task, dict) else {}
        text = data.get("text") if isinstance(data, dict) else None
        if not isinstance(text, str):
            raise MarknerError(f"{where}: has no `text`", "name the text `text` in the labeling configuration")
        text = check_characters(where, text)
        document = single_passage(document_name(task.get("id"), number, options), text)
        if not options.mentions:
            yield document
            continue
        ignored: Counter[str] = Counter()
        try:
            results = _results(where, task)
            annotations = [
                Annotation(f"{where}, result {index}", (span,), kind, surface)
                for index, result in enumerate(results or (), start=1)
                for span, kind, surface in _labels(f"{where}, result {index}", result, ignored)
            ]
        except (AttributeError, TypeError) as error:
            raise MarknerError(f"{where}: results that are not Label Studio's", _FIX) from error
        if results is None:
            continue
        mentions = read_mentions(where, [AnnotatedText(text, 0, annotations)], options)
        yield replace(document, mentions=mentions, ignored=ignored)


def _tasks(content: str, name: str) -> list[Any]:
    """Return the tasks of an export. JSON-MIN has a row for each annotation: the last row of a task counts."""
    tasks: dict[str | int, Any] = {}
    for number, row in enumerate(_rows(content, name)):
        minimal = isinstance(row, dict) and row.get("id") not in (None, "") and not _NOT_MINIMAL & row.keys()
        tasks[str(row["id"]) if minimal else number] = row
    return list(tasks.values())


def _rows(content: str, name: str) -> list[Any]:
    if content.lstrip().startswith("["):
        try:
            return list(json.loads(content))
        except json.JSONDecodeError as error:
            raise MarknerError(f"{name}, line {error.lineno}: not valid JSON: {error.msg}", _FIX) from error
        except (ValueError, RecursionError) as error:
            raise MarknerError(f"{name}: JSON that cannot be read: {error}", _FIX) from error
    lines = enumerate(content.split("\n"), start=1)
    return [line_value(f"{name}, line {number}", line, _FIX) for number, line in lines if line.strip()]


def _results(where: str, task: Mapping[str, Any]) -> list[Any] | None:
    """Return the results of the annotation of a task that counts; None if there is none."""
    annotations = task.get("annotations", task.get("completions"))
    if annotations is None:  # JSON-MIN has the labels beside the text, under the name of the labeling tag
        return [row for value in task.values() if isinstance(value, list) for row in value if isinstance(row, dict)]
    if not isinstance(annotations, list):
        raise MarknerError(f"{where}: `annotations` is not a list", _FIX)
    done = [each for each in annotations if isinstance(each, dict) and not each.get("was_cancelled")]
    return list(done[-1].get("result", ())) if done else None


def _labels(where: str, result: Mapping[str, Any], ignored: Counter[str]) -> Iterator[tuple[Span, str, str | None]]:
    """Yield span, type and text of each label of a result."""
    value = result.get("value", result)
    labels = next((value[key] for key in _LABELS if value.get(key)), None)
    if labels is None:
        if "label" in value and "start" in value:
            raise MarknerError(f"{where}: a label that is not Label Studio's: {json.dumps(value)[:80]}", _FIX)
        ignored["relations" if result.get("type") == "relation" else "other results"] += 1
        return
    try:
        offsets = value.get("globalOffsets") or value
        span = Span(int(offsets["start"]), int(offsets["end"]))
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise MarknerError(f"{where}: not a span: {json.dumps(value)[:80]}", _FIX) from error
    if not isinstance(labels, list):
        raise MarknerError(f"{where}: its labels are not a list: {json.dumps(value)[:80]}", _FIX)
    for label in labels:
        yield span, str(label), value.get("text")
