"""The registry of corpus files: sources and hash of each."""

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path, PurePosixPath

from markner.data.formats.lines import numbered_lines, visible_files
from markner.errors import MarknerError
from markner.files import read_json
from markner.study.paths import CORPUS_REGISTRY
from markner.study.schema.corpora import Corpus, CorpusFile, CorpusFiles, FileRef, SplitFiles

OWN_ADDRESS = "url/"
"""Beginning of the names of files from addresses that a study gives."""


@dataclass(frozen=True, slots=True)
class Source:
    """An address: of the file itself, or of an archive (zip, tar.gz) that holds the file as a member."""

    url: str
    member: str | None = None
    drop_first_line: str | None = None
    """A first line that only this copy has. It must be exactly this, and is removed."""

    def __str__(self) -> str:
        return f"{self.url} ({self.member})" if self.member else self.url


@dataclass(frozen=True, slots=True)
class Entry:
    """One file: its name in the folder of native files, its hash if known, and its sources in the order of trial."""

    name: str
    sha256: str | None
    sources: tuple[Source, ...] = ()
    path: Path | None = None
    """A file of the user."""
    bytes: int | None = None
    licence: str | None = None
    released_lacks: tuple[int, ...] = ()
    """Sentences of the file, counted from 1, that the author release leaves out."""


@cache
def registry() -> Mapping[str, Entry]:
    """Return the entries of resources/corpora/registry.json by name."""
    content = read_json(CORPUS_REGISTRY)
    licences = content["licences"]
    return {
        name: Entry(
            name=name,
            sha256=row["sha256"],
            sources=tuple(Source(**source) for source in row["sources"]),
            bytes=row["bytes"],
            licence=licences[row["licence"]],
            released_lacks=tuple(row.get("released_lacks", ())),
        )
        for name, row in content["files"].items()
    }


def find(reference: FileRef) -> Entry:
    """Return the entry of a reference: from the registry, or for a local path or an address.

    Raises:
        MarknerError: a name that is neither in the registry nor an existing file.
    """
    name = native_name(reference)
    if isinstance(reference, CorpusFile):
        if reference.url is not None:
            return Entry(name, reference.sha256, (Source(reference.url),))
        path = Path(str(reference.path))
        if not path.is_file():
            raise MarknerError(f"{path}: no such file", "`path` is relative to the working directory")
        return Entry(name, reference.sha256, path=path)
    known = registry()
    if reference in known:
        return known[reference]
    if Path(reference).is_file():
        return Entry(name, None, path=Path(reference))
    close = get_close_matches(reference, known, n=3)
    raise MarknerError(
        f"{reference!r} is neither a file of the registry (resources/corpora/registry.json) nor a local file",
        f"did you mean {', '.join(close)}?"
        if close
        else "give a path relative to the working directory, or `url` with `sha256`",
    )


def find_all(reference: FileRef) -> list[Entry]:
    """Return the entry of a file, or of each visible file of a local folder; raises as `find`."""
    path = reference.path if isinstance(reference, CorpusFile) else reference
    if path is None or not Path(path).is_dir():
        return [find(reference)]
    if isinstance(reference, CorpusFile) and reference.sha256 is not None:
        raise MarknerError(f"{path}: a folder has no `sha256`", "remove it, or name the files one by one")
    name = native_name(reference)
    return [Entry(f"{name}/{file.as_posix()}", None, path=Path(path, file)) for file in visible_files(Path(path))]


def native_name(reference: FileRef) -> str:
    """Return the name of a file in the folder of native files, which need not exist yet.

    A file of the user's own lies below `local/`, one from an address of the study below `url/`, so that no name can
    leave the folder or meet one of the registry.
    """
    if isinstance(reference, CorpusFile):
        if reference.url is not None:
            file = PurePosixPath(reference.url.partition("?")[0]).name
            key = reference.sha256 or hashlib.sha256(reference.url.encode()).hexdigest()
            return f"{OWN_ADDRESS}{key[:12]}/{file}"
        path = str(reference.path)
    elif reference in registry():
        return reference
    else:
        path = reference
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts:
        return f"local/{hashlib.sha256(path.encode()).hexdigest()[:12]}/{parts.name}"
    return f"local/{parts}"


def split_references(files: SplitFiles, native: Path) -> list[FileRef]:
    """Return the files of a split in order; with a list of identifiers, the pattern filled with each.

    Raises:
        MarknerError: an identifier that could name a file elsewhere, or an empty list; names file and line.
    """
    if files.ids is None or files.pattern is None:
        return list(files.files)
    with named_as_in_study([files.ids], native):
        return list(_filled(files.pattern, native / native_name(files.ids)))


@contextmanager
def named_as_in_study(references: Iterable[FileRef], native: Path) -> Iterator[None]:
    """Name files in errors as the study does, because a user must mend the file itself and not its copy in `native`."""
    try:
        yield
    except MarknerError as error:
        message = error.message
        for reference in references:
            name = reference if isinstance(reference, str) else str(reference.path or reference.url)
            message = message.replace(str(native / native_name(reference)), name)
        raise MarknerError(message, error.fix) from error


def _filled(pattern: str, ids: Path) -> list[str]:
    """Return a pattern filled with each identifier of a file. Raises as `split_references`."""
    names: dict[str, None] = {}
    for number, line in numbered_lines(ids):
        identifier = line.strip()
        if not identifier:
            continue
        if "/" in identifier or "\\" in identifier or identifier in (".", ".."):
            raise MarknerError(f"{ids}, line {number}: {identifier!r} is not a document identifier", "write one a line")
        name = pattern.replace("{id}", identifier)
        if name in names:
            raise MarknerError(f"{ids}, line {number}: {identifier} occurs a second time", "name each document once")
        names[name] = None
    if not names:
        raise MarknerError(f"{ids}: holds no document identifier", "write one a line")
    return list(names)


def local_files(corpus: CorpusFiles) -> list[str]:
    """Return the user's own files of a corpus: a job declares them as its input.

    Those of a pattern are known if its list of identifiers is a file of the user, too.
    """
    paths = [_own_path(file) for file in _references(corpus)]
    for files in all_splits(corpus):
        ids = _own_path(files.ids) if files.ids is not None else None
        if files.pattern is not None and ids is not None and Path(ids).is_file():
            with suppress(MarknerError):  # of the list; the job names it
                paths += map(_own_path, _filled(files.pattern, Path(ids)))
    return [path for path in dict.fromkeys(paths) if path is not None]


def _own_path(file: FileRef) -> str | None:
    path = file.path if isinstance(file, CorpusFile) else file
    return None if path in registry() else path


def expected_hashes(corpus: CorpusFiles) -> dict[str, str]:
    """Return the SHA-256 of each file of a corpus in the registry; for a pattern, one of all files that fit it."""
    known = registry()
    names, patterns = _registered(corpus)
    hashes = {name: str(known[name].sha256) for name in names}
    for pattern, fitting in patterns.items():
        rows = sorted(f"{name} {known[name].sha256}" for name in fitting)
        hashes[pattern] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    return hashes


def licences(corpus: Corpus) -> list[str]:
    """Return the known licences of a corpus: its own setting, else the licences of its files in the registry."""
    if corpus.licence:
        return [corpus.licence]
    known = registry()
    names, patterns = _registered(corpus)
    every = [*names, *(name for fitting in patterns.values() for name in fitting)]
    return sorted({licence for name in every if (licence := known[name].licence)})


def _registered(corpus: CorpusFiles) -> tuple[list[str], dict[str, list[str]]]:
    """Return the files of a corpus in the registry: named files, and all files that match a pattern."""
    known = registry()
    names = [file for file in _references(corpus) if isinstance(file, str) and file in known]
    patterns: dict[str, list[str]] = {}
    for pattern in (files.pattern for files in all_splits(corpus) if files.pattern is not None):
        head, _, tail = pattern.partition("{id}")
        patterns[pattern] = [name for name in known if name.startswith(head) and name.endswith(tail)]
    return names, patterns


def _references(corpus: CorpusFiles) -> list[FileRef]:
    splits = all_splits(corpus)
    return [file for files in splits for file in [*files.files, *([files.ids] if files.ids is not None else [])]]


def all_splits(corpus: CorpusFiles) -> list[SplitFiles]:
    """Return the files of all splits of all variants of a corpus."""
    sources = [source for variant in corpus.variants() if (source := corpus.source(variant)) is not None]
    return [source.split_files(split) for source in sources for split in source.splits()]
