"""Bytes and lines of text files: plain or gzipped; UTF-8 with or without a byte order mark, LF or CRLF."""

import gzip
import os
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO, NoReturn, cast

from markner.errors import MarknerError
from runrecord.hashing import IGNORED

_GZIP = b"\x1f\x8b"
_PACKED_OTHERWISE = {
    b"PK\x03\x04": "a zip archive (or a file of Office)",
    b"BZh91AY&SY": "packed by bzip2",
    b"\xfd7zXZ\0": "packed by xz",
    b"\x28\xb5\x2f\xfd": "packed by zstd",
    b"7z\xbc\xaf\x27\x1c": "a 7z archive",
    b"%PDF-": "a PDF file",
}
"""Beginnings of files that would be read as damaged text."""


@contextmanager
def damage_named(name: str, packed: str) -> Iterator[None]:
    """Turn the errors of damaged packed data, and those of reading, into a MarknerError that names the file."""
    try:
        yield
    except (tarfile.TarError, gzip.BadGzipFile, EOFError, zlib.error) as error:
        raise MarknerError(f"{name}: {packed} is damaged: {error}", "fetch or pack it again") from error
    except IsADirectoryError as error:
        raise MarknerError(f"{name}: a folder, but a file is expected", "name the files in it, one by one") from error
    except OSError as error:
        raise MarknerError(f"{name}: cannot be read: {error.strerror or error}") from error


@contextmanager
def open_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file for reading; a gzipped one is unpacked.

    Raises:
        MarknerError: the file cannot be read, or is not whole.
    """
    with damage_named(str(path), "the gzipped file"), path.open("rb") as stream:
        yield unpacked(stream, str(path))


def visible_files(folder: Path) -> list[Path]:
    """Return the files of a folder and the folders in it, relative to it, by path; hidden ones are left out.

    Raises:
        MarknerError: there is none, a folder cannot be read, or a link in it is not followed.
    """
    visible = []
    # `rglob` would leave out the files of a folder that it may not read.
    for place, folders, names in os.walk(folder, onerror=_refuse):
        folders[:] = [name for name in folders if not is_hidden(name)]
        paths = [Path(place, name) for name in [*folders, *names] if not is_hidden(name)]
        visible += [path.relative_to(folder) for path in paths if path.is_file()]
        if lost := [path for path in paths if path.is_symlink() and not path.is_file()]:
            raise MarknerError(
                f"{lost[0]}: a link to a folder or to nothing, which is not followed",
                "remove it, or name what it links to",
            )
    if not visible:
        raise MarknerError(f"{folder}: the folder has no files", "give a folder with files")
    return sorted(visible)


def is_hidden(name: str) -> bool:
    """Return whether a file or folder of this name is hidden, or was put there by a file manager."""
    return name.startswith(".") or name in IGNORED


def _refuse(error: OSError) -> NoReturn:
    raise MarknerError(f"{error.filename}: cannot be read: {error.strerror}", "give permission to read it") from error


def unpacked(stream: BinaryIO, name: str) -> BinaryIO:
    """Return a stream of the unpacked bytes if a stream is gzipped, else the stream itself.

    Raises:
        MarknerError: it is packed in another way.
    """
    head = stream.peek(1) if hasattr(stream, "peek") else b""
    for beginning, kind in _PACKED_OTHERWISE.items():
        if head.startswith(beginning):
            raise MarknerError(f"{name}: {kind}, which is not read", "unpack it, or give its text; gzip is read")
    return cast("BinaryIO", gzip.open(stream)) if head.startswith(_GZIP) else stream


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    r"""Yield the lines of a file with their numbers from 1, without their line ends.

    Only LF (after an optional CR) ends a line. `str.splitlines` would also split at other characters, which texts have.

    Raises:
        MarknerError: the file is not there or a line is not UTF-8.
    """
    with open_file(path) as stream:
        yield from decoded_lines(stream, str(path))


def decoded_lines(stream: BinaryIO, name: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of an open file as `numbered_lines` does; `name` is its name in errors."""
    for number, raw in enumerate(stream, start=1):
        try:
            line = raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise MarknerError(
                f"{name}, line {number}: not UTF-8: {error.reason} at byte {error.start}", "save the file as UTF-8"
            ) from error
        line = line.removesuffix("\n").removesuffix("\r")
        if number == 1 and "\r" in line and not raw.endswith(b"\n"):
            raise MarknerError(f"{name}: its lines end with CR alone", "save the file with LF or CRLF as line ends")
        yield number, line


def decoded_text(content: bytes, name: str) -> str:
    """Return the text of a whole file. If it is not UTF-8, raise a MarknerError that names the file and the line."""
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError as error:
        line = content.count(b"\n", 0, error.start) + 1
        raise MarknerError(
            f"{name}, line {line}: not UTF-8: {error.reason} at byte {error.start} of the file",
            "save the file as UTF-8",
        ) from error
