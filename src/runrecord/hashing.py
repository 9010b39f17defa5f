"""Hash files and folders with SHA-256. The hash of a big file is stored and used again until the file changes."""

import hashlib
import json
import os
import time
from contextlib import suppress
from pathlib import Path

from runrecord.files import write_text

CACHE = Path(".runrecord/hashes")
"""Folder of cached hashes, relative to the folder the workflow runs in. Each big file has its own small file there, so
jobs on several machines need no lock."""
CACHED_SIZE = 1_000_000
"""The hash of a file of at least this many bytes is stored."""
_SETTLED = 1.0
"""A hash is stored only if the file has not changed for this many seconds: file times are too coarse before."""
IGNORED = {".snakemake_timestamp", ".DS_Store", "Thumbs.db", "desktop.ini"}
"""Files that Snakemake, and file managers that show a folder, put into it."""


def hash_path(path: str | os.PathLike[str], root: str | os.PathLike[str] = ".") -> str | None:
    """Return the SHA-256 of a file's bytes, or of a folder's names and bytes; None if the path does not exist."""
    target = Path(path)
    if target.is_dir():
        return tree_hash(hash_files(target, root))
    return hash_file(target, root) if target.is_file() else None


def hash_files(folder: str | os.PathLike[str], root: str | os.PathLike[str] = ".") -> dict[str, str]:
    """Return the SHA-256 of every file in a folder by relative path, sorted, without those that are ignored."""
    base = Path(folder)
    files = sorted(path for path in base.rglob("*") if path.is_file() and not _ignored(path.name))
    return {path.relative_to(base).as_posix(): hash_file(path, root) for path in files}


def _ignored(name: str) -> bool:
    """Return whether a file is no part of a result. NFS keeps a removed file as `.nfs*` while a program has it open."""
    return name in IGNORED or name.startswith(".nfs")


def tree_hash(files: dict[str, str]) -> str:
    """Return one hash for the files of a folder."""
    return hashlib.sha256("".join(f"{name}\0{files[name]}\n" for name in sorted(files)).encode()).hexdigest()


def hash_file(path: str | os.PathLike[str], root: str | os.PathLike[str] = ".") -> str:
    """Return the SHA-256 of a file's bytes.

    The hash of a big file is stored below `root` with inode, size, mtime and ctime. Programs cannot set the ctime back,
    so new bytes with an old mtime are noticed.
    """
    target = Path(path)
    stat = target.stat()
    if stat.st_size < CACHED_SIZE:
        return hashlib.sha256(target.read_bytes()).hexdigest()
    key = [stat.st_ino, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns]
    entry = Path(root) / CACHE / f"{hashlib.sha256(os.fsencode(target.resolve())).hexdigest()[:32]}.json"
    if (known := _remembered(entry, key)) is not None:
        return known
    begun = time.time()
    with target.open("rb") as stream:
        value = hashlib.file_digest(stream, "sha256").hexdigest()
    if begun - max(stat.st_ctime, stat.st_mtime) > _SETTLED:
        with suppress(OSError):  # a read-only checkout can be audited too
            write_text(entry, json.dumps([*key, value]))
    return value


def _remembered(entry: Path, key: list[int]) -> str | None:
    try:
        *known, value = json.loads(entry.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return value if known == key and isinstance(value, str) else None
