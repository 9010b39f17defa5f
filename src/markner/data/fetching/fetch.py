"""Fetch the files of a corpus, from a mirror folder or the network, and check them by hash."""

import hashlib
import logging
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pooch
from tqdm import tqdm

from markner.data.fetching.download import Downloads, SourceError
from markner.data.fetching.registry import (
    OWN_ADDRESS,
    Entry,
    Source,
    all_splits,
    find_all,
    native_name,
    split_references,
)
from markner.errors import MarknerError
from markner.files import atomic, write_json
from markner.study.schema.corpora import CorpusFiles, FileRef

LOG = logging.getLogger(__name__)
MANIFEST = "files.json"
KEPT = "already there"


def fetch(
    names: Sequence[FileRef], destination: Path, mirror: Path | None, cache: Path | None = None
) -> list[dict[str, Any]]:
    """Put files below `destination` under their names and return a manifest row for each, in the order of `names`.

    An existing file with the right hash is kept. Other files come from `mirror/<name>`, if a mirror is given, or from
    the first source of the registry that gives the right bytes. Archives are kept in `cache` (default: the user's cache
    folder); one that lacks a file or has another version of it is downloaded again once. A row has `name`, `sha256`,
    `bytes`, `sources` (all known sources), `source` (the one used now), `licence` and, if the author release leaves out
    sentences of the file, `released_lacks`.

    Raises:
        MarknerError: an unknown name, or a file that no source gave; names each source and the reason.
    """
    entries = [entry for name in names for entry in find_all(name)]
    if mirror is not None and not mirror.is_dir():
        raise MarknerError(f"the mirror {mirror} is not a folder", "`--config mirror=DIR` or MARKNER_MIRROR names it")
    downloads = Downloads(cache or Path(pooch.os_cache("markner")))
    progress = tqdm(entries, desc=f"files for {destination}", unit="file", disable=None)
    return [fetch_entry(entry, destination, mirror, downloads) for entry in progress]


def fetch_corpus(corpus: CorpusFiles, destination: Path, mirror: Path | None) -> list[dict[str, Any]]:
    """Fetch all files of all variants of a corpus and write the manifest, sorted by name, to `destination/files.json`.

    Lists of identifiers are fetched first, then the file of each identifier. The source used now is logged and not
    written to the manifest, so equal files have equal manifests.
    """
    splits = all_splits(corpus)
    rows = fetch([files.ids for files in splits if files.ids is not None], destination, mirror)
    references = {native_name(file): file for files in splits for file in split_references(files, destination)}
    rows += fetch(list(references.values()), destination, mirror)
    manifest = [row for _, row in sorted({row["name"]: row for row in rows}.items())]
    for row in manifest:
        LOG.info("%s: %s", row["name"], row["source"])
    write_json(destination / MANIFEST, [{key: row[key] for key in row if key != "source"} for row in manifest])
    return manifest


def fetch_entry(entry: Entry, destination: Path, mirror: Path | None, downloads: Downloads) -> dict[str, Any]:
    """Fetch and check one file, and return its manifest row (see `fetch`)."""
    target = destination / entry.name
    content, source = _kept(entry, target) or _obtain(entry, mirror, downloads)
    if source != KEPT:
        with atomic(target, "wb") as stream:
            stream.write(content)
    row = {
        "name": entry.name,
        "sha256": hashlib.sha256(content).hexdigest(),
        "bytes": len(content),
        "sources": [str(place) for place in ([entry.path] if entry.path else entry.sources)],
        "source": source,
        "licence": entry.licence,
    }
    if entry.released_lacks:
        row["released_lacks"] = list(entry.released_lacks)
    return row


def _kept(entry: Entry, target: Path) -> tuple[bytes, str] | None:
    """Return the existing target if it has the right hash. A user's own file without a hash is always read again."""
    if entry.sha256 is None or not target.is_file():
        return None
    content = target.read_bytes()
    return (content, KEPT) if hashlib.sha256(content).hexdigest() == entry.sha256 else None


def _obtain(entry: Entry, mirror: Path | None, downloads: Downloads) -> tuple[bytes, str]:
    """Return the bytes and the name of the first source that gives the right bytes."""
    if entry.path is not None:
        content = entry.path.read_bytes()
        wrong = _mismatch(entry, content)
        if wrong:
            raise MarknerError(f"{entry.path}: {wrong}", "correct `sha256`, or bring back the file it was taken from")
        return content, str(entry.path)
    failures, content = [], b""
    if mirror is not None:
        copy = mirror / entry.name
        if not copy.is_file():
            failures.append(f"mirror {copy}: no such file")
        else:
            content = copy.read_bytes()
            wrong = _mismatch(entry, content)
            if not wrong:
                return content, "mirror"
            failures.append(f"mirror {copy}: {wrong}")
    for source in entry.sources:
        content, wrong = _read(entry, source, downloads)
        if wrong and downloads.renew(source):
            content, wrong = _read(entry, source, downloads)
        if not wrong:
            return content, str(source)
        failures.append(f"{source}: {wrong}")
    tried = "".join(f"\n  - {failure}" for failure in failures)
    fix = (
        "put the file into a folder of your own under this name and name the folder: "
        "`--config mirror=DIR` or the environment variable MARKNER_MIRROR"
    )
    if content and entry.name.startswith(OWN_ADDRESS):
        digest = hashlib.sha256(content).hexdigest()
        fix = f"if the file has changed there and you trust it, write `sha256: {digest}` beside its `url`; else {fix}"
    raise MarknerError(f"{entry.name}: no source gave the file:{tried}", fix)


def _read(entry: Entry, source: Source, downloads: Downloads) -> tuple[bytes, str]:
    """Return the bytes of a source, and why they are not those of the entry; an empty text if they are."""
    try:
        content = downloads.read(source)
    except SourceError as error:
        return b"", str(error)
    return content, _mismatch(entry, content)


def _mismatch(entry: Entry, content: bytes) -> str:
    """Return why bytes are not those of an entry; an empty text if they are."""
    digest = hashlib.sha256(content).hexdigest()
    if entry.sha256 in (None, digest):
        return ""
    size = f"{len(content)} bytes" + (f" of {entry.bytes}" if entry.bytes else "")
    return f"wrong content ({size}): SHA-256 is {digest}, must be {entry.sha256}"
