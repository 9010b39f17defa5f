"""Write files and folders that are either whole or absent, as JSON and JSON lines too, based on `runrecord.files`."""

import csv
import json
import os
import shutil
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from markner.errors import MarknerError
from runrecord.files import atomic as atomic
from runrecord.files import no_room_named as no_room_named
from runrecord.files import usual_mode
from runrecord.files import write_text as write_text

Record = TypeVar("Record")
_adapter: Any = cache(TypeAdapter)


@contextmanager
def whole_folder(destination: Path) -> Iterator[Path]:
    """Yield an empty folder beside `destination`, which replaces it at the end; files get the usual permissions.

    After an error the folder is removed.
    """
    partial = destination.with_name(f".{destination.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    try:
        with no_room_named(destination):
            yield partial
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    for path in partial.rglob("*"):
        if path.is_file():
            path.chmod(usual_mode())  # safetensors are written for the owner alone
    shutil.rmtree(destination, ignore_errors=True)
    partial.replace(destination)


def write_json(path: str | os.PathLike[str], value: Any) -> None:
    """Write a value as JSON, indented by two spaces, keys in the given order, with a line end."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def read_json(path: str | os.PathLike[str]) -> Any:
    """Read a JSON file; a damaged one is an error that names file and line."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise MarknerError(f"{path}, line {error.lineno}: not valid JSON: {error.msg}") from error


def read_csv_rows(path: Path, columns: Sequence[str], content: str, fix: str) -> list[dict[str, str]]:
    """Read the rows of a CSV file by column. Raise a MarknerError if it has other columns than a file of `content`."""
    header, rows = read_csv(path, fix)
    if header != [*columns]:
        raise MarknerError(f"{path} does not have the columns of {content}", fix)
    return [row for _, row in rows]


def read_csv(path: Path, fix: str = "") -> tuple[list[str], list[tuple[int, dict[str, str]]]]:
    """Return the columns of a CSV file, and each row by column with the line where it begins.

    A byte order mark and empty lines are left out. A file that is not CSV in UTF-8, and a row with cells too many or
    too few, is a MarknerError that names file and line.
    """
    try:
        with path.open(encoding="utf-8-sig", newline="") as stream:
            reader = csv.reader(stream, strict=True)
            header = next(reader, [])
            rows, line = [], reader.line_num + 1
            for cells in reader:
                if cells and len(cells) != len(header):
                    raise MarknerError(f"{path}, line {line}: {len(cells)} cells under {len(header)} columns", fix)
                if cells:
                    rows.append((line, dict(zip(header, cells, strict=True))))
                line = reader.line_num + 1
    except UnicodeDecodeError as error:
        raise MarknerError(f"{path}: not UTF-8: {error.reason}", "save it as CSV in UTF-8") from error
    except csv.Error as error:
        raise MarknerError(f"{path}, line {reader.line_num}: not valid CSV: {error}") from error
    return header, rows


def write_csv_rows(path: str | os.PathLike[str], columns: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Write a CSV file: the names of its columns, then the rows with their values in this order; None is empty."""
    with atomic(path) as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(columns)
        writer.writerows(rows)


def write_jsonl(path: str | os.PathLike[str], rows: Iterable[dict[str, Any]]) -> None:
    """Write one JSON object a line, atomically."""
    with atomic(path) as stream:
        for row in rows:
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")


def line_value(where: str, line: str, fix: str = "") -> Any:
    """Return the JSON value of a line. A damaged one, or one beyond Python's limits, is a MarknerError at `where`."""
    try:
        return json.loads(line)
    except json.JSONDecodeError as error:
        raise MarknerError(f"{where}: not valid JSON: {error.msg}", fix) from error
    except (ValueError, RecursionError) as error:  # a number of thousands of digits, or very deep nesting
        raise MarknerError(f"{where}: JSON that cannot be read: {error}", fix) from error


def read_jsonl(path: str | os.PathLike[str]) -> Iterator[dict[str, Any]]:
    """Read one JSON object a line; a damaged line is an error that names file and line."""
    with open(path, encoding="utf-8") as stream:
        for number, line in enumerate(stream, start=1):
            row = line_value(f"{path}, line {number}", line)
            if not isinstance(row, dict):
                raise MarknerError(f"{path}, line {number}: expected an object, found {type(row).__name__}")
            yield row


def write_records(path: str | os.PathLike[str], records: Iterable[object]) -> None:
    """Write one record (a dataclass) a line, atomically."""
    write_jsonl(path, map(record_row, records))


def record_row(record: object) -> dict[str, Any]:
    """Return the JSON object of a record."""
    row: dict[str, Any] = _adapter(type(record)).dump_python(record, mode="json", by_alias=True)
    return row


def record_of(kind: type[Record], row: dict[str, Any]) -> Record:
    """Return the record of a JSON object; the inverse of `record_row`. Raises pydantic's ValidationError."""
    record: Record = _adapter(kind).validate_python(row)
    return record


def read_records(path: str | os.PathLike[str], kind: type[Record], needed: Collection[str] = ()) -> Iterator[Record]:
    """Read one record a line; another row is an error that names file and line.

    `needed` are fields that a row must have, although the dataclass has a default for them.
    """
    for number, row in enumerate(read_jsonl(path), start=1):
        wrong = [f"{name}: Field required" for name in needed if name not in row]
        try:
            record = record_of(kind, row)
        except ValidationError as error:
            wrong = [": ".join([*map(str, each["loc"]), each["msg"]]) for each in error.errors()]
        if wrong:
            raise MarknerError(f"{path}, line {number}: not a {kind.__name__.lower()}: {wrong[0]}")
        yield record
