"""Write files atomically: a file is either whole or absent."""

import glob
import os
import socket
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

from runrecord.errors import NO_ROOM

_HOST = socket.gethostname()


@contextmanager
def atomic(path: str | os.PathLike[str], mode: str = "w") -> Iterator[IO[Any]]:
    """Open a temporary file beside `path` and rename it on success; on an error nothing is left behind.

    A process that is killed leaves its temporary file; the next one on this machine that writes the same file removes
    it. Text is written as UTF-8 with LF line ends.
    """
    target = Path(path)
    target.parent.mkdir(parents=True, exist_ok=True)
    _remove_leftovers(target)
    handle, name = tempfile.mkstemp(dir=target.parent, prefix=f".{target.name}.{_HOST}-{os.getpid()}.")
    try:
        binary = "b" in mode
        encoding, newline = (None, None) if binary else ("utf-8", "\n")
        with no_room_named(target), os.fdopen(handle, mode, encoding=encoding, newline=newline) as stream:
            yield stream
        os.chmod(name, usual_mode())
        os.replace(name, target)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


@contextmanager
def no_room_named(path: Path) -> Iterator[None]:
    """Name a file in the error of a full disk, which has no name when an open file is written."""
    try:
        yield
    except OSError as error:
        if error.errno in NO_ROOM and error.filename is None:
            error.filename = str(path)
        raise


def _remove_leftovers(target: Path) -> None:
    """Remove temporary files of a target whose process on this machine has ended."""
    begin = f".{target.name}.{_HOST}-"
    for path in target.parent.glob(f"{glob.escape(begin)}*.*"):
        process = path.name.removeprefix(begin).partition(".")[0]
        if process.isdigit() and not _is_running(int(process)):
            path.unlink(missing_ok=True)


def _is_running(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass  # it belongs to another user
    return True


def usual_mode() -> int:
    """Return the permissions that new files get in this process."""
    umask = os.umask(0)
    os.umask(umask)
    return 0o666 & ~umask


def write_text(path: str | os.PathLike[str], text: str) -> None:
    """Write a whole text file atomically."""
    with atomic(path) as stream:
        stream.write(text)
