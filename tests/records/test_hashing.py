"""Hashes are those of the bytes that are there now, whatever the times say."""

import hashlib
import os
import time
from pathlib import Path

import pytest

from runrecord.hashing import CACHE, CACHED_SIZE, hash_file, hash_files, hash_path, tree_hash


def settled(path: Path, size: int) -> str:
    """A file whose last change is long enough ago for its hash to be remembered."""
    path.write_bytes(os.urandom(size))
    time.sleep(1.1)
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_a_big_file_is_remembered_and_a_change_under_the_old_times_is_seen(tmp_path: Path) -> None:
    big = tmp_path / "big.bin"
    true = settled(big, CACHED_SIZE)
    assert hash_file(big, tmp_path) == true
    (entry,) = (tmp_path / CACHE).iterdir()
    entry.write_text(entry.read_text().replace(true, "remembered"))
    assert hash_file(big, tmp_path) == "remembered"
    stat = big.stat()
    with big.open("r+b") as stream:
        stream.write(bytes([stream.read(1)[0] ^ 1]))
        stream.seek(0)
    os.utime(big, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    assert big.stat().st_mtime_ns == stat.st_mtime_ns
    assert hash_file(big, tmp_path) == hashlib.sha256(big.read_bytes()).hexdigest()


@pytest.mark.parametrize("size", [0, 10, CACHED_SIZE + 1])
def test_a_fresh_file_is_hashed_and_not_remembered(tmp_path: Path, size: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"x" * size)
    assert hash_path(path, tmp_path) == hashlib.sha256(b"x" * size).hexdigest()
    assert not (tmp_path / CACHE).exists()


@pytest.mark.parametrize("name", [".snakemake_timestamp", ".DS_Store", "Thumbs.db", ".nfs000000001"])
def test_what_others_put_into_a_folder_is_no_part_of_it(tmp_path: Path, name: str) -> None:
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "weights").write_text("w")
    before = hash_path(tmp_path / "model", tmp_path)
    (tmp_path / "model" / name).write_text("view")
    assert hash_path(tmp_path / "model", tmp_path) == before
    (tmp_path / "model" / f"{name}.more".removeprefix(".nfs")).write_text("view")
    assert hash_path(tmp_path / "model", tmp_path) != before


def test_a_broken_memory_is_no_harm(tmp_path: Path) -> None:
    big = tmp_path / "big.bin"
    true = settled(big, CACHED_SIZE)
    hash_file(big, tmp_path)
    (entry,) = (tmp_path / CACHE).iterdir()
    entry.write_text("{")
    assert hash_file(big, tmp_path) == true


def test_a_folder_is_its_names_and_bytes_without_snakemakes_stamp(tmp_path: Path) -> None:
    folder = tmp_path / "folder"
    (folder / "deep").mkdir(parents=True)
    (folder / "deep/a").write_text("1")
    (folder / "b").write_text("2")
    before = hash_path(folder)
    assert list(hash_files(folder)) == ["b", "deep/a"]
    assert before == tree_hash(hash_files(folder))
    (folder / ".snakemake_timestamp").touch()
    assert hash_path(folder) == before
    (folder / "b").rename(folder / "c")
    assert hash_path(folder) != before


def test_what_is_not_there_has_no_hash(tmp_path: Path) -> None:
    assert hash_path(tmp_path / "absent") is None
