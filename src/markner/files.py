"""Files that are either whole or not there: atomic writing, JSON and JSON lines."""

import json
import os
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from markner.errors import MarknerError


@contextmanager
def atomic(path: str | os.PathLike[str], mode: str = "w") -> Iterator[IO[Any]]:
    """Open a temporary file beside `path` and rename it on success; on an error nothing is left behind.

    Text is written as UTF-8 with LF line ends.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.")
    try:
        binary = "b" in mode
        with os.fdopen(handle, mode, encoding=None if binary else "utf-8", newline=None if binary else "\n") as stream:
            yield stream
        os.chmod(name, usual_mode())
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def usual_mode() -> int:
    """The permissions that a new file has here."""
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask


def fresh_folder(destination: Path) -> Path:
    """An empty folder beside `destination`, to be filled and then put in its place by `replace_folder`."""
    partial = destination.with_name(f".{destination.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    return partial


def replace_folder(partial: Path, destination: Path) -> None:
    """Rename a filled folder to its place, removing what was there; its files get the permissions of other files."""
    for path in partial.rglob("*"):
        if path.is_file():
            path.chmod(usual_mode())  # safetensors are written for the owner alone
    shutil.rmtree(destination, ignore_errors=True)
    partial.replace(destination)


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a whole text file atomically."""
    with atomic(path) as stream:
        stream.write(text)


def write_json(path: str | os.PathLike[str], value: Any) -> None:
    """Write a value as JSON, keys in the order given, two spaces deep, one line end at the end."""
    write_text(path, json.dumps(value, ensure_ascii=False, indent=2) + "\n")


def read_json(path: str | os.PathLike[str]) -> Any:
    """Read a JSON file; a broken one is an error that names the file and the line."""
    try:
        return json.loads(Path(path).read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise MarknerError(f"{path}, line {error.lineno}: not valid JSON: {error.msg}") from error


def write_jsonl(path: str | os.PathLike[str], rows: Iterable[dict[str, Any]]) -> None:
    """Write one JSON object a line, atomically."""
    with atomic(path) as stream:
        for row in rows:
            stream.write(json.dumps(row, ensure_ascii=False) + "\n")


def read_jsonl(path: str | os.PathLike[str]) -> Iterator[dict[str, Any]]:
    """Read one JSON object a line; a broken line is an error that names file and line."""
    with open(path, encoding="utf-8") as stream:
        for number, line in enumerate(stream, start=1):
            try:
                row = json.loads(line)
            except json.JSONDecodeError as error:
                raise MarknerError(f"{path}, line {number}: not valid JSON: {error.msg}") from error
            if not isinstance(row, dict):
                raise MarknerError(f"{path}, line {number}: expected an object, found {type(row).__name__}")
            yield row
