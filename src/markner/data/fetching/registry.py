"""The registry of corpus files: where each comes from, and what its bytes must be."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from functools import cache
from pathlib import Path, PurePosixPath

from markner.data.formats.lines import numbered_lines
from markner.errors import MarknerError
from markner.files import read_json
from markner.study.paths import CORPUS_REGISTRY
from markner.study.schema.corpora import Corpus, CorpusFile, FileRef, SplitFiles


@dataclass(frozen=True, slots=True)
class Source:
    """An address of a file: the file itself, or an archive (zip, tar.gz) with the file as a member."""

    url: str
    member: str | None = None
    drop_first_line: str | None = None
    """A first line that only this copy has; it is removed, and must be exactly this."""

    def __str__(self) -> str:
        return f"{self.url} ({self.member})" if self.member else self.url


@dataclass(frozen=True, slots=True)
class Entry:
    """One file: its name below the folder of raw files, its hash if known, and its sources in the order of trial."""

    name: str
    sha256: str | None
    sources: tuple[Source, ...] = ()
    path: Path | None = None
    """The file itself, for one of the user's own."""
    bytes: int | None = None
    licence: str | None = None
    released_lacks: tuple[int, ...] = ()
    """Sentences of the file, counted from 1, that the paper's authors' released file leaves out."""


@cache
def registry() -> Mapping[str, Entry]:
    """The entries of resources/corpora/registry.json by name."""
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
    """The entry of a reference: of the registry, or made for a local path or an address.

    Raises:
        MarknerError: a name that is neither in the registry nor an existing file.
    """
    name = raw_name(reference)
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


def raw_name(reference: FileRef) -> str:
    """The name of a file below the folder of raw files, which need not be there yet.

    A file of the user's own lies below `local/`, one from an address below `url/`, so that no name can leave the folder
    or meet one of the registry.
    """
    if isinstance(reference, CorpusFile):
        if reference.url is not None:
            file = PurePosixPath(reference.url.partition("?")[0]).name
            return f"url/{str(reference.sha256)[:12]}/{file}"
        path = str(reference.path)
    elif reference in registry():
        return reference
    else:
        path = reference
    parts = PurePosixPath(path)
    if parts.is_absolute() or ".." in parts.parts:
        return f"local/{hashlib.sha256(path.encode()).hexdigest()[:12]}/{parts.name}"
    return f"local/{parts}"


def split_references(files: SplitFiles, raw: Path) -> list[FileRef]:
    """The files of a split in order; a list of identifiers is read from the raw files and put into the pattern.

    Raises:
        MarknerError: an identifier that could name a file elsewhere, or none at all; names file and line.
    """
    if files.ids is None or files.pattern is None:
        return list(files.files)
    path = raw / raw_name(files.ids)
    references: list[FileRef] = []
    for number, line in numbered_lines(path):
        identifier = line.strip()
        if not identifier:
            continue
        if "/" in identifier or "\\" in identifier or identifier in (".", ".."):
            raise MarknerError(f"{path}, line {number}: {identifier!r} is no document identifier", "write one a line")
        references.append(files.pattern.replace("{id}", identifier))
    if not references:
        raise MarknerError(f"{path}: holds no document identifier", "write one a line")
    return references


def local_files(corpus: Corpus) -> list[str]:
    """Files of the user's own that a corpus is read from: what a job has to take as its input."""
    paths = [file.path if isinstance(file, CorpusFile) else file for file in _references(corpus)]
    return [path for path in dict.fromkeys(paths) if path is not None and path not in registry()]


def expected_hashes(corpus: Corpus) -> dict[str, str]:
    """SHA-256 of each file that the registry knows of a corpus; of a pattern, one over all files that fit it."""
    known = registry()
    names, patterns = _registered(corpus)
    hashes = {name: str(known[name].sha256) for name in names}
    for pattern, fitting in patterns.items():
        rows = sorted(f"{name} {known[name].sha256}" for name in fitting)
        hashes[pattern] = hashlib.sha256("\n".join(rows).encode()).hexdigest()
    return hashes


def licences(corpus: Corpus) -> list[str]:
    """Licences of a corpus: its own setting, else those of its files in the registry; none if none is known."""
    if corpus.licence:
        return [corpus.licence]
    known = registry()
    names, patterns = _registered(corpus)
    every = [*names, *(name for fitting in patterns.values() for name in fitting)]
    return sorted({licence for name in every if (licence := known[name].licence)})


def _registered(corpus: Corpus) -> tuple[list[str], dict[str, list[str]]]:
    """Files of a corpus that the registry knows: those named, and by pattern all that fit it."""
    known = registry()
    names = [file for file in _references(corpus) if isinstance(file, str) and file in known]
    patterns: dict[str, list[str]] = {}
    for pattern in (files.pattern for files in all_splits(corpus) if files.pattern is not None):
        head, _, tail = pattern.partition("{id}")
        patterns[pattern] = [name for name in known if name.startswith(head) and name.endswith(tail)]
    return names, patterns


def _references(corpus: Corpus) -> list[FileRef]:
    splits = all_splits(corpus)
    return [file for files in splits for file in [*files.files, *([files.ids] if files.ids is not None else [])]]


def all_splits(corpus: Corpus) -> list[SplitFiles]:
    """The files of all splits of all variants of a corpus."""
    sources = [source for variant in corpus.variants() if (source := corpus.source(variant)) is not None]
    return [source.split_files(split) for source in sources for split in source.splits()]
