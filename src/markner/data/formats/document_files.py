"""The formats of document files: recognition, one reader and one writer for each."""

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from shutil import rmtree
from types import ModuleType
from typing import IO, BinaryIO, Literal, Protocol

from markner.data.documents import Document
from markner.data.formats import brat, jsonl, plain, pubtator
from markner.data.formats.annotations import ReadOptions
from markner.data.formats.lines import open_file, unpacked
from markner.errors import MarknerError
from markner.files import atomic
from markner.study.schema.annotations import InputFormat, OutputFormat

STANDARD_INPUT = "-"
"""Name of standard input among the files."""

DocumentFormat = Literal["pubtator", "bioc-xml", "bioc-json", "jsonl"]

_HEAD = 4096


class Writer(Protocol):
    """Writes documents with their mentions, one after another."""

    def write(self, document: Document) -> None:
        """Write a document."""

    def close(self) -> None:
        """Write the end of the file."""


@dataclass(frozen=True, slots=True)
class Format:
    """A format of document files, but for plain text and brat folders.

    `endings` are the endings of file names, `output` is the name of a file written in a folder of its own.
    """

    endings: tuple[str, ...]
    output: str
    read: Callable[[BinaryIO, str, ReadOptions], Iterator[Document]]
    writer: Callable[[IO[str]], Writer]


def _bioc() -> ModuleType:
    """Import BioC only if it is used, as it loads an XML library."""
    from markner.data.formats import bioc

    return bioc


FORMATS: dict[DocumentFormat, Format] = {
    "pubtator": Format((".pubtator",), "annotations.PubTator", pubtator.read, pubtator.PubTatorWriter),
    "bioc-xml": Format(
        (".xml",), "annotations.xml", lambda *args: _bioc().read_xml(*args), lambda out: _bioc().BioCXmlWriter(out)
    ),
    "bioc-json": Format(
        (".json",),
        "annotations.json",
        lambda *args: _bioc().read_json(*args),
        lambda out: _bioc().BioCJsonWriter(out),
    ),
    "jsonl": Format((".jsonl", ".ndjson"), "annotations.jsonl", jsonl.read, jsonl.JsonlWriter),
}


def read_documents(paths: Sequence[str | Path], file_format: InputFormat, options: ReadOptions) -> Iterator[Document]:
    """Read the documents of files and folders, in order; gzipped files are unpacked.

    Files of a folder are read in the order of their paths; hidden ones are left out.

    Args:
        paths: Files, folders, or `-` for standard input.
        file_format: Format of all of them; `auto` decides by the name of each, else by its first bytes.
        options: How annotations are read.

    Raises:
        MarknerError: a file is missing or is not in its format, or a folder has no files.
    """
    for given in paths:
        if given == STANDARD_INPUT:
            yield from _read(unpacked(sys.stdin.buffer), "standard input", "stdin", file_format, options)
            continue
        for path, identifier in _files(Path(given)):
            with open_file(path) as stream:
                yield from _read(stream, str(path), identifier, file_format, options)


def _files(given: Path) -> list[tuple[Path, str]]:
    """Files of a path, each with the identifier of a text in it: the path of the file in its folder, without ending."""
    if not given.is_dir():
        return [(given, _without_gz(given).stem)]
    inside = sorted(path.relative_to(given) for path in given.rglob("*") if path.is_file())
    visible = [path for path in inside if not any(step.startswith(".") for step in path.parts)]
    if not visible:
        raise MarknerError(f"{given}: the folder has no files", "give a folder with texts")
    return [(given / path, _without_gz(path).with_suffix("").as_posix()) for path in visible]


def _without_gz(path: Path) -> Path:
    return path.with_suffix("") if path.suffix.lower() == ".gz" else path


def _read(
    stream: BinaryIO, name: str, identifier: str, file_format: InputFormat, options: ReadOptions
) -> Iterator[Document]:
    chosen = _recognize(stream, name) if file_format == "auto" else file_format
    return plain.read(stream, name, identifier) if chosen == "text" else FORMATS[chosen].read(stream, name, options)


def _recognize(stream: BinaryIO, name: str) -> DocumentFormat | Literal["text"]:
    """The format of a file, by the ending of its name, else by its first bytes."""
    ending = _without_gz(Path(name)).suffix.lower()
    for known, file_format in FORMATS.items():
        if ending in file_format.endings:
            return known
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


def file_in(folder: Path, file_format: OutputFormat) -> Path:
    """Return the file (for brat the folder) that a format is written to in a folder of its own."""
    return folder / ("brat" if file_format == "brat" else FORMATS[file_format].output)


def format_of(output: Path) -> OutputFormat:
    """Return the format of a file to write, by its name; a name without an ending is a brat folder."""
    ending = output.suffix.lower()
    if not ending or output.is_dir():
        return "brat"
    if ending == ".txt":
        return "pubtator"
    for known, file_format in FORMATS.items():
        if ending in file_format.endings:
            return known
    raise MarknerError(f"{output}: no format is known by {ending}", "name the format with --to")


@contextmanager
def open_writer(output: Path | None, file_format: OutputFormat) -> Iterator[Writer]:
    """Open a writer into a file, or into a folder (brat), that is complete at the end and absent after an error.

    Without `output` each document is written to standard output at once.

    Raises:
        MarknerError: brat without a folder.
    """
    if file_format == "brat":
        if output is None:
            raise MarknerError("brat standoff is a folder of files", "name it with --output FOLDER")
        partial = output.with_name(f".{output.name}.partial")
        rmtree(partial, ignore_errors=True)
        partial.mkdir(parents=True)
        yield brat.BratWriter(partial)
        rmtree(output, ignore_errors=True)
        partial.rename(output)
    elif output is None:
        sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
        yield from _closing(FORMATS[file_format].writer(sys.stdout))
        sys.stdout.flush()
    else:
        with atomic(output) as stream:
            yield from _closing(FORMATS[file_format].writer(stream))


def _closing(writer: Writer) -> Iterator[Writer]:
    yield writer
    writer.close()
