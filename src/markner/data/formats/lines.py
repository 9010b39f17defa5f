"""Lines of a native text file: UTF-8, with or without a byte order mark, LF or CRLF."""

from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from markner.errors import MarknerError


def numbered_lines(path: Path) -> Iterator[tuple[int, str]]:
    r"""Lines with their numbers from 1, without their line end.

    Only LF (after an optional CR) ends a line: the texts hold other characters that `str.splitlines` would split at.

    Raises:
        MarknerError: the file is not there or a line is not UTF-8.
    """
    try:
        stream = path.open("rb")
    except OSError as error:
        raise MarknerError(f"{path}: cannot be read: {error.strerror}") from error
    with stream:
        yield from decoded_lines(stream, str(path))


def decoded_lines(stream: BinaryIO, name: str) -> Iterator[tuple[int, str]]:
    """Lines of an open file, as `numbered_lines` gives them; `name` is what errors call it."""
    for number, raw in enumerate(stream, start=1):
        try:
            line = raw.decode("utf-8-sig" if number == 1 else "utf-8")
        except UnicodeDecodeError as error:
            raise MarknerError(
                f"{name}, line {number}: not UTF-8: {error.reason} at byte {error.start}", "save the file as UTF-8"
            ) from error
        yield number, line.removesuffix("\n").removesuffix("\r")
