"""Checkpoints of interrupted jobs: their fingerprint, and the parts that a new job can use. Imports no torch."""

import hashlib
import json
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tqdm import tqdm

from markner.errors import MarknerError
from markner.files import read_json

FACTS_NAME = "markner.json"
"""File in a folder of pretrained weights with the SHA-256 of every file (`weights.fetch_weights`)."""

_FINGERPRINT = "fingerprint.sha256"


def fingerprint(settings: Any, files: Sequence[Path] = (), folders: Sequence[Path] = ()) -> str:
    """Return the hash of everything that a job's results depend on. Checkpoints of another hash are not used.

    Of input files the bytes count. Of a folder, such as a model, `markner.json` counts if it is there, because it holds
    the hash of every file. Otherwise the names, sizes and modification times of the files count, because models are
    large.
    """
    digest = hashlib.sha256(json.dumps(settings).encode())
    for path in files:
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    for folder in folders:
        facts = folder / FACTS_NAME
        if facts.is_file():
            digest.update(facts.read_bytes())
            continue
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                stat = path.stat()
                digest.update(f"{path.relative_to(folder)} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def claim_folder(folder: Path, job: str) -> None:
    """Prepare a folder for the checkpoints of a job: keep it if it has the job's fingerprint, else empty it."""
    stored = folder / _FINGERPRINT
    if not stored.is_file() or stored.read_text(encoding="utf-8") != job:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        stored.write_text(job, encoding="utf-8")


def last_state(folder: Path) -> str | None:
    """Return the last complete state of a training, or None. Incomplete states are removed."""
    states = sorted(folder.glob("checkpoint-*"), key=lambda path: int(path.name.partition("-")[2]), reverse=True)
    for state in states:
        try:
            # The Trainer writes this file last.
            read_json(state / "trainer_state.json")
            return str(state)
        except (OSError, MarknerError):
            shutil.rmtree(state)
    return None


def fingerprint_line(job: str) -> str:
    """Return the first line of a partial file: the job's fingerprint as JSON."""
    return json.dumps({"fingerprint": job}) + "\n"


def resumed_rows(partial: Path, job: str) -> list[dict[str, Any]]:
    """Return the rows that an interrupted job wrote, and leave the partial file with the fingerprint and these rows.

    There are none if the first line is another job's fingerprint. An incomplete last line is dropped.
    """
    rows: list[dict[str, Any]] = []
    head = fingerprint_line(job)
    kept = [head]
    # Not str.splitlines, which also splits at Unicode line separators inside a text.
    text = partial.read_bytes() if partial.is_file() else b""
    lines = [line.decode(errors="replace") for line in text.splitlines(keepends=True)]
    if lines and lines[0] == head:
        for line in lines[1:]:
            if not line.endswith("\n"):
                break
            rows.append(json.loads(line))
            kept.append(line)
    partial.parent.mkdir(parents=True, exist_ok=True)
    partial.write_text("".join(kept), encoding="utf-8")
    return rows


def resumed_bar(total: int | None, done: int, unit: str) -> "tqdm[Any]":
    """Return a progress bar on stderr that begins behind what is done; in a log it is written every ten seconds."""
    return tqdm(total=total, initial=done, unit=unit, mininterval=0.5 if sys.stderr.isatty() else 10.0)
