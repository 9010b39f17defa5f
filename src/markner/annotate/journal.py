"""The journal of an annotation: the documents tagged so far, so that an interrupted annotation can continue."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from markner.data.documents import Document, Mention
from markner.files import no_room_named
from markner.models.checkpoints import fingerprint_line
from markner.study.wording import counted


class Entry(NamedTuple):
    """A tagged document: its digest, its mentions, its number of sentences, and the answers by status."""

    digest: str
    mentions: tuple[Mention, ...]
    sentences: int
    statuses: dict[str, int]


def line_of(entries: Sequence[Entry]) -> str:
    """Return the journal line of documents that were tagged together."""
    rows = [
        [entry.digest, [(*mention[:3], mention.confidence) for mention in entry.mentions], *entry[2:]]
        for entry in entries
    ]
    return json.dumps(rows, ensure_ascii=False) + "\n"


def read_entries(path: Path) -> Iterator[Entry]:
    """Yield all entries of a journal, in the order of the documents."""
    for entries, _ in _lines(path):
        yield from entries


def resume(path: Path, fingerprint: str, documents: Iterator[Document]) -> int:
    """Prepare a journal for further lines, and return the number of documents that it already holds.

    Complete lines are kept as far as their entries are those of the documents, in order. The rest of the file is
    removed. So the remaining documents are tagged in the same groups as without the interruption, and the result has
    the same bytes. If the fingerprint differs, nothing is kept.
    """
    head = fingerprint_line(fingerprint).encode()
    path.parent.mkdir(parents=True, exist_ok=True)
    done, end = 0, len(head)
    if path.is_file() and path.open("rb").readline() == head:
        for entries, after in _lines(path):
            digests = [document.digest() for document in islice(documents, len(entries))]
            if digests != [entry.digest for entry in entries]:
                break
            done, end = done + len(entries), after
        with path.open("r+b") as stream:
            stream.truncate(end)
    else:
        with no_room_named(path):
            path.write_bytes(head)
    return done


def _lines(path: Path) -> Iterator[tuple[list[Entry], int]]:
    """Yield the entries of each line after the first, and where the line ends, up to a cut or damaged one."""
    with path.open("rb") as stream:
        end = len(stream.readline())
        for line in stream:
            if not line.endswith(b"\n"):
                return
            end += len(line)
            try:
                rows = json.loads(line)
                entries = [Entry(row[0], tuple(_mention(*mention) for mention in row[1]), *row[2:]) for row in rows]
            except (ValueError, TypeError, IndexError):
                return
            yield entries, end


def _mention(start: int, end: int, kind: str, confidence: float) -> Mention:
    return Mention(start, end, kind, confidence=confidence)


class Totals:
    """Counts of an annotation, for the message at its end."""

    def __init__(self) -> None:
        self.documents = self.sentences = 0
        self.mentions: Counter[str] = Counter()
        self.statuses: Counter[str] = Counter()

    def add(self, entry: Entry) -> None:
        """Count a document."""
        self.documents += 1
        self.sentences += entry.sentences
        self.mentions.update(mention.type for mention in entry.mentions)
        self.statuses.update(entry.statuses)

    def message(self, tagged: int, seconds: float, output: Path | None) -> str:
        """Return the message; `tagged` of the documents took `seconds`, the others were tagged before."""
        mentions = ", ".join(f"{count:,} {kind}" for kind, count in sorted(self.mentions.items())) or "none"
        lines = [f"{counted(self.documents, 'document')}, {counted(self.sentences, 'sentence')}; mentions: {mentions}"]
        if tagged < self.documents:
            lines.append(f"{self.documents - tagged:,} of the documents were tagged before")
        if tagged and seconds:
            lines.append(f"{counted(tagged, 'document')} in {seconds:.1f} s: {tagged / seconds:.1f} documents a second")
        others = {status: count for status, count in sorted(self.statuses.items()) if status != "ok"}
        if others:
            counts = ", ".join(f"{count:,} {status.replace('_', ' ')}" for status, count in others.items())
            lines.append(
                f"answers that are not their sentence with marks, used as far as they can be aligned: {counts}"
            )
        if output is not None:
            lines.append(f"written: {output}")
        return "\n".join(lines)
