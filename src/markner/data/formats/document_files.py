"""Files of documents in any format: recognition, reading and writing."""

import sys
import tarfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from io import BufferedReader
from pathlib import Path, PurePath
from typing import BinaryIO, Self, cast, get_args

from markner.data.documents import Document
from markner.data.formats import brat
from markner.data.formats.annotations import ReadOptions
from markner.data.formats.file_formats import FORMATS
from markner.data.formats.lines import damage_named, is_hidden, open_file, unpacked, visible_files
from markner.errors import MarknerError
from markner.files import atomic, whole_folder
from markner.study.schema.formats import FileFormat, InputFormat, OutputFormat

STANDARD_INPUT = "-"
"""Name of standard input among the files."""

_HEAD = 4096
_TAR = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
_NO_FOLDER = ("brat standoff is a folder of files", "name it with --output FOLDER")


def read_documents(paths: Sequence[str | Path], file_format: InputFormat, options: ReadOptions) -> Iterator[Document]:
    """Read the documents of files and folders, in order; gzipped files are unpacked.

    Files of a folder are read in the order of their paths, members of a tar archive in its order, also if it lies in a
    folder; hidden ones are left out. Nothing is kept of a document that was read, so that memory does not grow with the
    number of documents. A path of `-` is standard input. The format `auto` decides by the name of each file, else by
    its first bytes.

    Raises:
        MarknerError: a file is missing or is not in its format, or a folder has no files.
    """
    for given in paths:
        path = Path(given)
        if given == STANDARD_INPUT:
            name, inside = "standard input", PurePath("stdin")
            with damage_named(name, "the gzipped text"):
                yield from _read(unpacked(sys.stdin.buffer, name), name, inside, file_format, options)
        elif _is_brat(path, file_format):
            yield from brat.read(path, options)
        else:
            for file, inside in _files(path, file_format):
                if file.name.lower().endswith(_TAR):
                    yield from _read_archive(file, file_format, options)
                    continue
                with open_file(file) as stream:
                    yield from _read(stream, str(file), inside, file_format, options)


def read_types(paths: Sequence[str | Path], file_format: InputFormat, options: ReadOptions) -> list[Document]:
    """Read all documents of files, with their mentions of the wanted types; see `check_types`."""
    documents = list(read_documents(paths, file_format, replace(options, types=None)))
    types = options.types
    if types is None:
        return documents
    present = {mention.type for document in documents for mention in document.mentions}
    check_types(", ".join(map(str, paths)), types, present)
    kept = (tuple(mention for mention in document.mentions if mention.type in types) for document in documents)
    return [replace(document, mentions=mentions) for document, mentions in zip(documents, kept, strict=True)]


def check_types(where: str, types: Collection[str], present: Collection[str]) -> None:
    """Raise a MarknerError if there are mentions, but none of the wanted types: a type is misspelt."""
    if present and set(present).isdisjoint(types):
        raise MarknerError(
            f"{where}: no mention of the types {', '.join(types)}",
            f"the files have {', '.join(sorted(present))}: correct `types`",
        )


def _is_brat(path: Path, file_format: InputFormat) -> bool:
    return file_format == "brat" or (file_format == "auto" and path.is_dir() and any(path.rglob("*.ann")))


def _files(given: Path, file_format: InputFormat) -> list[tuple[Path, PurePath]]:
    """Return the files of a path, each with its path relative to the folder."""
    if not given.is_dir():
        return [(given, PurePath(given.name))]
    visible = visible_files(given)
    if file_format != "auto" and FORMATS[file_format].binary:
        visible = [path for path in visible if path.suffix in FORMATS[file_format].endings] or visible
    return [(given / path, path) for path in visible]


class _Header(tarfile.TarInfo):
    """The header of a member. `tarfile` takes a cut or damaged header, except the first, for the end of the archive."""

    @classmethod
    def fromtarfile(cls, archive: tarfile.TarFile) -> Self:
        try:
            return super().fromtarfile(archive)
        except tarfile.EOFHeaderError:  # type: ignore[attr-defined]
            raise
        except tarfile.HeaderError as error:
            raise tarfile.ReadError(f"no header at byte {archive.offset:,}: {error}") from error


def _read_archive(path: Path, file_format: InputFormat, options: ReadOptions) -> Iterator[Document]:
    """Read the members of a tar archive one after another, without unpacking it."""
    with damage_named(str(path), "the archive"), tarfile.open(path, "r|*", tarinfo=_Header) as archive:
        for member in archive:
            inside = PurePath(member.name)
            packed = archive.extractfile(member) if member.isfile() else None
            if packed is not None and not any(map(is_hidden, inside.parts)):
                name = f"{path}, {member.name}"
                if inside.suffix == ".ann" or inside.name.lower().endswith(_TAR):
                    kind = "brat" if inside.suffix == ".ann" else "another archive"
                    raise MarknerError(
                        f"{name}: {kind} in an archive is not read", "unpack the archive, name the folder"
                    )
                with damage_named(name, "the archive"):
                    stream = unpacked(cast("BinaryIO", BufferedReader(packed)), name)
                    yield from _read(stream, name, inside, file_format, options)


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
    return read(stream, name, replace(options, identifier=_identifier(plain_name)))


def _identifier(name: PurePath) -> str:
    """Return the name of a file without its ending; a number is no ending (`abstract.1`, `abstract.2`)."""
    return (name if name.suffix[1:].isdigit() else name.with_suffix("")).as_posix()


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


def check_output(
    output: Path | None, output_format: OutputFormat, inputs: Sequence[str | Path], input_format: InputFormat
) -> None:
    """Check, before anything is read, that an output can be written and replaces no other files.

    A folder is replaced as a whole. So an existing one must be empty, or be a brat folder. An output of None is
    standard output.

    Raises:
        MarknerError: The output is or holds an input, is a folder with other files than brat's, or is a folder in the
            place of a file or a file in the place of a folder; or brat has no output.
    """
    if output is None:
        if output_format == "brat":
            raise MarknerError(*_NO_FOLDER)
        return
    if str(output) == STANDARD_INPUT:
        raise MarknerError(f"{output} is standard input, not an output", "name a file, or for brat a folder")
    for given in inputs:
        if given != STANDARD_INPUT and _holds_input(output, Path(given), input_format):
            raise MarknerError(f"{output}: the output would replace input files ({given})", "name another output")
    for parent in output.parents:
        if parent.exists() and not parent.is_dir():
            raise MarknerError(f"{output}: {parent} is a file, not a folder", "name another output")
    if output_format == "brat":
        _check_folder(output)
    elif output.is_dir():
        raise MarknerError(f"{output} is a folder, but {output_format} is written to a file", "name a file in it")


def _holds_input(output: Path, given: Path, input_format: InputFormat) -> bool:
    """Return whether an output is an input, a folder with an input in it, or one of the files of an input folder."""
    target, source = output.resolve(), given.resolve()
    if source.is_relative_to(target):
        return True
    if not target.exists() or not target.is_relative_to(source):
        return False
    files = source.rglob("*.txt") if _is_brat(source, input_format) else map(source.joinpath, visible_files(source))
    return any(file.is_relative_to(target) for file in files)


def _check_folder(output: Path) -> None:
    """Raise a MarknerError if a folder of this name would replace a file, or a folder that is no brat folder."""
    if output.exists() and not output.is_dir():
        raise MarknerError(
            f"{output} is a file, but brat is written to a folder", "name a folder, or a format with --to"
        )
    if Path.cwd().is_relative_to(output.resolve()):
        raise MarknerError(f"{output}: the current folder cannot be replaced", "name a new folder")
    files = {path for path in output.rglob("*") if path.is_symlink() or not path.is_dir()}
    other = next((path for path in sorted(files) if not _is_of_pair(path, files)), None)
    if other is not None:
        raise MarknerError(
            f"{output} exists and is not a brat folder: it has {other.relative_to(output)}",
            "name a new folder, or a file with an ending; a brat folder is replaced as a whole",
        )


def _is_of_pair(path: Path, files: Collection[Path]) -> bool:
    """Return whether a file is a text with its annotation file beside it, or the other way round."""
    partner = {".txt": ".ann", ".ann": ".txt"}.get(path.suffix)
    return partner is not None and path.with_suffix(partner) in files


def write_documents(documents: Iterable[Document], output: Path | None, file_format: OutputFormat) -> None:
    """Write documents into a file, or into a folder (brat), that is complete at the end and absent after an error.

    Without `output` each document is written to standard output at once.

    Raises:
        MarknerError: brat without a folder.
    """
    chosen = FORMATS[file_format]
    write = chosen.write
    if write is None:
        raise MarknerError(f"{file_format} is not written", f"choose one of {', '.join(get_args(OutputFormat))}")
    if file_format == "brat":
        if output is None:
            raise MarknerError(*_NO_FOLDER)
        with whole_folder(output.resolve()) as partial:  # of a link, the folder that it names is replaced
            write(partial, documents)
    elif output is None:
        sys.stdout.reconfigure(encoding="utf-8", newline="\n")  # type: ignore[union-attr]
        write(sys.stdout.buffer if chosen.binary else sys.stdout, documents)
        sys.stdout.flush()
    else:
        with atomic(output, "wb" if chosen.binary else "w") as stream:
            write(stream, documents)
