"""Files of documents in any format: recognition, reading and writing."""

import sys
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from io import BufferedReader
from pathlib import Path, PurePath
from typing import BinaryIO, cast, get_args

from markner.data.documents import Document
from markner.data.formats import brat
from markner.data.formats.annotations import ReadOptions
from markner.data.formats.file_formats import FORMATS, Writer
from markner.data.formats.lines import open_file, unpacked, visible_files
from markner.errors import MarknerError
from markner.files import atomic, fresh_folder, replace_folder
from markner.study.schema.formats import FileFormat, InputFormat, OutputFormat

STANDARD_INPUT = "-"
"""Name of standard input among the files."""

_HEAD = 4096
_TAR = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")


def read_documents(paths: Sequence[str | Path], file_format: InputFormat, options: ReadOptions) -> Iterator[Document]:
    """Read the documents of files and folders, in order; gzipped files are unpacked.

    Files of a folder are read in the order of their paths, members of a tar archive in its order; hidden ones are left
    out. Nothing is kept of a document that was read, so that memory does not grow with the number of documents.

    Args:
        paths: Files, folders, or `-` for standard input.
        file_format: Format of all of them; `auto` decides by the name of each, else by its first bytes.
        options: How annotations are read.

    Raises:
        MarknerError: a file is missing or is not in its format, or a folder has no files.
    """
    for given in paths:
        path = Path(given)
        if given == STANDARD_INPUT:
            yield from _read(unpacked(sys.stdin.buffer), "standard input", PurePath("stdin"), file_format, options)
        elif file_format == "brat" or (file_format == "auto" and path.is_dir() and any(path.rglob("*.ann"))):
            yield from brat.read(path, options)
        elif path.name.lower().endswith(_TAR):
            yield from _read_archive(path, file_format, options)
        else:
            for file, inside in _files(path, file_format):
                with open_file(file) as stream:
                    yield from _read(stream, str(file), inside, file_format, options)


def _files(given: Path, file_format: InputFormat) -> list[tuple[Path, PurePath]]:
    """Return the files of a path, each with its path relative to the folder."""
    if not given.is_dir():
        return [(given, PurePath(given.name))]
    visible = visible_files(given)
    if file_format != "auto" and FORMATS[file_format].binary:
        visible = [path for path in visible if path.suffix in FORMATS[file_format].endings] or visible
    return [(given / path, path) for path in visible]


def _read_archive(path: Path, file_format: InputFormat, options: ReadOptions) -> Iterator[Document]:
    """Read the members of a tar archive one after another, without unpacking it."""
    try:
        with tarfile.open(path, "r|*") as archive:
            for member in archive:
                inside = PurePath(member.name)
                packed = archive.extractfile(member) if member.isfile() else None
                if packed is not None and not any(step.startswith(".") and step != "." for step in inside.parts):
                    stream = unpacked(cast("BinaryIO", BufferedReader(packed)))
                    yield from _read(stream, f"{path}, {member.name}", inside, file_format, options)
    except (tarfile.TarError, EOFError, zlib.error) as error:
        raise MarknerError(f"{path}: the archive is damaged: {error}", "fetch or pack it again") from error
    except OSError as error:
        raise MarknerError(f"{path}: cannot be read: {error.strerror or error}") from error


def _without_gz(path: PurePath) -> PurePath:
    return path.with_suffix("") if path.suffix.lower() == ".gz" else path


def _read(
    stream: BinaryIO, name: str, inside: PurePath, file_format: InputFormat, options: ReadOptions
) -> Iterator[Document]:
    plain_name = _without_gz(inside)
    chosen = _recognize(stream, plain_name) if file_format == "auto" else file_format
    read = FORMATS[chosen].read
    if read is None:
        raise MarknerError(f"{name}: {chosen} is a format of folders", "give a folder")
    return read(stream, name, replace(options, identifier=plain_name.with_suffix("").as_posix()))


def _recognize(stream: BinaryIO, name: PurePath) -> FileFormat:
    """Return the format of a file, by the ending of its name, else by its first bytes."""
    ending = name.suffix.lower()
    ends = [known for known, file_format in FORMATS.items() if ending in file_format.endings]
    if len(ends) == 1:
        return ends[0]
    peeked = stream.peek(_HEAD)[:_HEAD] if hasattr(stream, "peek") else b""
    head = peeked.removeprefix(b"\xef\xbb\xbf").lstrip()
    for known in ends or FORMATS:
        pattern = FORMATS[known].head
        if pattern is not None and pattern.match(head):
            return known
    return ends[-1] if ends else "text"


def file_in(folder: Path, file_format: OutputFormat) -> Path:
    """Return the file (for brat the folder) that a format is written to in a folder of its own."""
    return folder / FORMATS[file_format].output


def format_of(output: Path) -> OutputFormat:
    """Return the format of a file to write, by its name; a name without an ending is a brat folder."""
    ending = output.suffix.lower()
    if not ending or output.is_dir():
        return "brat"
    if ending == ".txt":
        return "pubtator"
    for known in get_args(OutputFormat):
        if ending in FORMATS[known].endings:
            return cast("OutputFormat", known)
    raise MarknerError(f"{output}: no format is known by {ending}", "name the format with --to")


@contextmanager
def open_writer(output: Path | None, file_format: OutputFormat) -> Iterator[Writer]:
    """Open a writer into a file, or into a folder (brat), that is complete at the end and absent after an error.

    Without `output` each document is written to standard output at once.

    Raises:
        MarknerError: brat without a folder.
    """
    chosen = FORMATS[file_format]
    make = chosen.writer
    if make is None:
        raise MarknerError(f"{file_format} is not written", f"choose one of {', '.join(get_args(OutputFormat))}")
    if file_format == "brat":
        if output is None:
            raise MarknerError("brat standoff is a folder of files", "name it with --output FOLDER")
        partial = fresh_folder(output)
        yield make(partial)
        replace_folder(partial, output)
    elif output is None:
        sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
        yield from _closing(make(sys.stdout.buffer if chosen.binary else sys.stdout))
        sys.stdout.flush()
    elif chosen.binary:
        with atomic(output, "wb") as stream:
            yield from _closing(make(stream))
    else:
        with atomic(output) as stream:
            yield from _closing(make(stream))


def _closing(writer: Writer) -> Iterator[Writer]:
    yield writer
    writer.close()
