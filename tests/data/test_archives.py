"""Tar archives, alone and in folders, and packed standard input: read whole, or an error."""

import bz2
import gzip
import io
import lzma
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from markner.data.documents import Document
from markner.data.formats import iob
from markner.data.formats.annotations import ReadOptions
from markner.data.formats.document_files import STANDARD_INPUT, read_documents
from markner.errors import MarknerError

COUNT = 5
BLOCK = tarfile.BLOCKSIZE


def read(path: Path | str) -> list[Document]:
    return list(read_documents([path], "auto", ReadOptions(mentions=False)))


def archive(path: Path, first: int = 0) -> Path:
    """Write an archive of some texts; each takes a block for its header and one for itself."""
    with tarfile.open(path, "w:gz" if path.suffix == ".gz" else "w", format=tarfile.GNU_FORMAT) as packed:
        for number in range(first, first + COUNT):
            content = f"Text {number}.".encode()
            info = tarfile.TarInfo(f"{number}.txt")
            info.size = len(content)
            packed.addfile(info, io.BytesIO(content))
    return path


def zipped(content: bytes) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        archive.writestr("a.txt", content)
    return packed.getvalue()


def test_archives_in_a_folder_are_read_by_their_members(tmp_path: Path) -> None:
    archive(tmp_path / "b.tar.gz")
    archive(tmp_path / "c.tar", COUNT)
    (tmp_path / "a.txt").write_text("A text.", encoding="utf-8")
    documents = read(tmp_path)
    assert [document.id for document in documents] == ["a", *map(str, range(2 * COUNT))]
    assert documents[-1].text == f"Text {2 * COUNT - 1}."


@pytest.mark.parametrize(("inside", "kind"), [("b/1.ann", "brat"), ("b.tgz", "another archive")])
def test_brat_and_archives_in_an_archive_are_refused(tmp_path: Path, inside: str, kind: str) -> None:
    (tmp_path / "file").write_bytes(b"T1\tD 0 4\tGout\n")
    with tarfile.open(tmp_path / "a.tar", "w") as packed:
        packed.add(tmp_path / "file", inside)
    with pytest.raises(MarknerError, match=f"a.tar, {inside}: {kind} in an archive is not read"):
        read(tmp_path / "a.tar")


@pytest.mark.parametrize("size", range(BLOCK // 2, 2 * COUNT * BLOCK + 1, BLOCK // 2))
def test_a_cut_archive_is_an_error_wherever_it_is_cut(tmp_path: Path, size: int) -> None:
    whole = archive(tmp_path / "a.tar")
    assert len(read(whole)) == COUNT
    for path in (tmp_path / "cut.tar", tmp_path / "cut.tar.gz"):
        cut = whole.read_bytes()[:size]
        path.write_bytes(gzip.compress(cut) if path.suffix == ".gz" else cut)
        with pytest.raises(MarknerError, match=rf"{path.name}.*the archive is damaged"):
            read(path)


def test_a_damaged_header_is_an_error(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.tar")
    content = bytearray(path.read_bytes())
    content[4 * BLOCK + 10] ^= 1
    path.write_bytes(content)
    with pytest.raises(MarknerError, match=r"a\.tar: the archive is damaged: no header at byte 2,048"):
        read(path)


@pytest.mark.parametrize("size", [5, -30, -6])
def test_a_damaged_gzipped_file_is_named_in_a_folder_and_in_an_archive(tmp_path: Path, size: int) -> None:
    packed = gzip.compress(b"1|t|T\n1|a|A\n\n" * 100)
    damaged = packed[:size] if size == 5 else packed[:size] + b"x" + packed[size + 1 :]
    (tmp_path / "in").mkdir()
    (tmp_path / "in" / "a.PubTator.gz").write_bytes(damaged)
    with tarfile.open(tmp_path / "a.tar", "w") as archive:
        archive.add(tmp_path / "in" / "a.PubTator.gz", "b.PubTator.gz")
    for path, name in ((tmp_path / "in", "a.PubTator.gz"), (tmp_path / "a.tar", "a.tar, b.PubTator.gz")):
        with pytest.raises(MarknerError, match=rf"{name}: the .* is damaged: .*\n  fix: fetch or pack it again"):
            read(path)


@pytest.mark.parametrize(
    ("pack", "kind"),
    [(bz2.compress, "packed by bzip2"), (lzma.compress, "packed by xz"), (zipped, "a zip archive")],
)
def test_other_packing_is_named(tmp_path: Path, pack: Callable[[bytes], bytes], kind: str) -> None:
    path = tmp_path / "a.txt"
    path.write_bytes(pack(b"A text."))
    with pytest.raises(MarknerError, match=rf"a\.txt: {kind}.*, which is not read"):
        read(path)
    with pytest.raises(MarknerError, match=rf"a\.txt: {kind}.*, which is not read"):
        list(iob.read(path))


def test_cut_packed_standard_input_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    packed = gzip.compress(b"1|t|T\n1|a|A\n\n" * 100)
    for content, count in ((packed, 100), (packed[:-12], None)):
        stream = io.TextIOWrapper(io.BufferedReader(io.BytesIO(content)))
        monkeypatch.setattr(sys, "stdin", stream)
        if count is not None:
            assert len(read(STANDARD_INPUT)) == count
            continue
        with pytest.raises(MarknerError, match="standard input: the gzipped text is damaged"):
            read(STANDARD_INPUT)


def test_texts_that_a_number_ends_have_names_of_their_own(tmp_path: Path) -> None:
    for name in ("abstract.1", "abstract.2", "note.md", "v1.2.txt"):
        (tmp_path / name).write_text("A text.", encoding="utf-8")
    assert [document.id for document in read(tmp_path)] == ["abstract.1", "abstract.2", "note", "v1.2"]
