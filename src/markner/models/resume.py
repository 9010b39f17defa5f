"""Rows of a job that was interrupted: what lies in its partial file, if that is of the same job."""

import hashlib
import json
from pathlib import Path
from typing import Any


def fingerprint(model_folder: Path, sentences: Path, settings: Any) -> str:
    """Hash of all that a job's rows depend on; a model's files count by name, size and time of change.

    Args:
        model_folder: The model.
        sentences: The sentence file.
        settings: Everything else, as JSON can hold it.
    """
    digest = hashlib.sha256(sentences.read_bytes())
    digest.update(json.dumps(settings).encode())
    for path in sorted(model_folder.iterdir()):
        stat = path.stat()
        digest.update(f"{path.name} {stat.st_size} {stat.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def resumed_rows(partial: Path, job: str) -> list[dict[str, Any]]:
    """Rows that an interrupted job has left; the partial file is left with its head and these alone.

    The first line of the file is the job's fingerprint; with another one nothing is taken over. A torn last line is
    dropped.
    """
    rows: list[dict[str, Any]] = []
    head = json.dumps({"fingerprint": job}) + "\n"
    whole = [head]
    # Not str.splitlines, which also cuts at line separators that a text may hold.
    text = partial.read_bytes() if partial.is_file() else b""
    lines = [line.decode(errors="replace") for line in text.splitlines(keepends=True)]
    if lines and lines[0] == head:
        for line in lines[1:]:
            if not line.endswith("\n"):
                break
            rows.append(json.loads(line))
            whole.append(line)
    partial.parent.mkdir(parents=True, exist_ok=True)
    partial.write_text("".join(whole), encoding="utf-8")
    return rows
