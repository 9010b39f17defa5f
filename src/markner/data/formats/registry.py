"""Files of text to tag, in whatever of the known formats they are, and the writers of these formats."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from shutil import rmtree
from typing import IO, BinaryIO, Protocol

from markner.data.formats import jsonl, plain, pubtator
from markner.data.formats.text_document import Found, TextDocument
from markner.errors import MarknerError
from markner.files import atomic
from markner.study.schema.annotations import InputFormat, OutputFormat

STANDARD_INPUT = "-"
"""Name of standard input among the files."""

_HEAD = 4096
_BY_NAME: dict[str, InputFormat] = {
    ".pubtator": "pubtator",
    ".xml": "bioc-xml",
    ".json": "bioc-json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
_WRITTEN: dict[str, OutputFormat] = {
    ".pubtator": "pubtator",
    ".txt": "pubtator",
    ".xml": "bioc-xml",
    ".json": "bioc-json",
    ".jsonl": "jsonl",
}
_FILES: dict[OutputFormat, str] = {
    "pubtator": "annotations.PubTator",
    "bioc-xml": "annotations.xml",
    "bioc-json": "annotations.json",
    "jsonl": "annotations.jsonl",
    "brat": "brat",
}


class Writer(Protocol):
    """Writes documents with what was found in them, one after another."""

    def write(self, document: TextDocument, found: Sequence[Found]) -> None:
        """Write a document."""

    def close(self) -> None:
        """Write what stands at the end."""


def documents(paths: Sequence[str], form: InputFormat) -> Iterator[TextDocument]:
    """The documents of files and folders, in order; those of a folder by their path, hidden ones left out.

    Args:
        paths: Files, folders, or `-` for standard input.
        form: Format of all of them; `auto` looks at the name of each, and at its beginning where that says nothing.

    Raises:
        MarknerError: a file is missing or is not in its format, or a folder has no files.
    """
    for given in paths:
        if given == STANDARD_INPUT:
            yield from _read(sys.stdin.buffer, "standard input", "stdin", form)
            continue
        for path, identifier in _files(Path(given)):
            try:
                with path.open("rb") as stream:
                    yield from _read(stream, str(path), identifier, form)
            except OSError as error:
                raise MarknerError(f"{path}: cannot be read: {error.strerror}") from error


def _files(given: Path) -> list[tuple[Path, str]]:
    """Files of a path and what a text in each of them is called: the file's path in its folder without its ending."""
    if not given.is_dir():
        return [(given, given.stem)]
    inside = sorted(path.relative_to(given) for path in given.rglob("*") if path.is_file())
    found = [path for path in inside if not any(step.startswith(".") for step in path.parts)]
    if not found:
        raise MarknerError(f"{given}: the folder has no files", "give a folder with texts")
    return [(given / path, path.with_suffix("").as_posix()) for path in found]


def _read(stream: BinaryIO, name: str, identifier: str, form: InputFormat) -> Iterator[TextDocument]:
    chosen = _recognise(stream, name) if form == "auto" else form
    if chosen == "text":
        return plain.read(stream, name, identifier)
    if chosen == "pubtator":
        return pubtator.read(stream, name)
    if chosen == "jsonl":
        return jsonl.read(stream, name)
    # Only here, as it loads an XML library.
    from markner.data.formats import bioc

    return bioc.read_xml(stream, name) if chosen == "bioc-xml" else bioc.read_json(stream, name)


def _recognise(stream: BinaryIO, name: str) -> InputFormat:
    """The format of a file, by the ending of its name, else by its first bytes."""
    by_name = _BY_NAME.get(Path(name).suffix.lower())
    if by_name is not None:
        return by_name
    head = stream.peek(_HEAD)[:_HEAD] if hasattr(stream, "peek") else b""
    first = head.removeprefix(b"\xef\xbb\xbf").lstrip().split(b"\n", 1)[0]
    if first.startswith((b"<?xml", b"<!DOCTYPE collection", b"<collection")):
        return "bioc-xml"
    if first.startswith(b"{") and b'"text"' in first and b'"passages"' not in first:
        return "jsonl"
    if first.startswith((b"{", b"[")) and (b'"documents"' in head or b'"passages"' in head or b'"source"' in head):
        return "bioc-json"
    if b"|t|" in first.split(b"\t")[0][:200]:
        return "pubtator"
    return "text"


def file_in(folder: Path, form: OutputFormat) -> Path:
    """What a format is written to in a folder of its own."""
    return folder / _FILES[form]


def kind_of(output: Path) -> OutputFormat:
    """The format that the name of a file to write tells; a name without an ending is a brat folder."""
    ending = output.suffix.lower()
    if not ending or output.is_dir():
        return "brat"
    if ending not in _WRITTEN:
        raise MarknerError(f"{output}: no format is known by {ending}", "name it with --to")
    return _WRITTEN[ending]


@contextmanager
def writer(output: Path | None, form: OutputFormat) -> Iterator[Writer]:
    """A writer of a format into a file, or into a folder (brat); whole when done, absent after an error.

    Without `output` it writes to standard output, each document as it comes.

    Raises:
        MarknerError: brat without a folder.
    """
    if form == "brat":
        if output is None:
            raise MarknerError("brat standoff is a folder of files", "name it with --output FOLDER")
        partial = output.with_name(f".{output.name}.partial")
        rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        yield plain.BratFolder(partial)
        rmtree(output, ignore_errors=True)
        partial.rename(output)
    elif output is None:
        sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
        yield from _into(sys.stdout, form)
        sys.stdout.flush()
    else:
        with atomic(output) as stream:
            yield from _into(stream, form)


def _into(stream: IO[str], form: OutputFormat) -> Iterator[Writer]:
    made: Writer
    if form == "pubtator":
        made = pubtator.PubTatorWriter(stream)
    elif form == "jsonl":
        made = jsonl.JsonlWriter(stream)
    else:
        from markner.data.formats import bioc

        made = bioc.BioCXmlWriter(stream) if form == "bioc-xml" else bioc.BioCJsonWriter(stream)
    yield made
    made.close()
