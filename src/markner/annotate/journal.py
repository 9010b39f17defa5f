"""What was tagged so far, so that an interrupted annotation goes on where it stopped."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from markner.data.formats.text_document import Found, TextDocument
from markner.models.checkpoints import fingerprint_line


class Entry(NamedTuple):
    """A tagged document: its digest, what was found, its sentences, and the answers by what became of them."""

    digest: str
    found: tuple[Found, ...]
    sentences: int
    statuses: dict[str, int]


def line_of(entries: Sequence[Entry]) -> str:
    """The line of documents that were tagged together."""
    rows = [[entry.digest, entry.found, entry.sentences, entry.statuses] for entry in entries]
    return json.dumps(rows, ensure_ascii=False) + "\n"


def read_entries(path: Path) -> Iterator[Entry]:
    """All entries of a journal, in the order of the documents."""
    for entries, _ in _lines(path):
        yield from entries


def resume(path: Path, fingerprint: str, documents: Iterator[TextDocument]) -> int:
    """Make a journal ready to be added to, and say how many of the documents are in it.

    A journal is taken over line by line, as far as its entries are the documents', in their order; the rest is cut
    off, a torn last line too. What follows is then tagged in the same company as without the interruption, so that
    the outcome is the same to the last bit. With another fingerprint nothing is taken over.
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
        path.write_bytes(head)
    return done


def _lines(path: Path) -> Iterator[tuple[list[Entry], int]]:
    """Entries of each whole line after the first, and where in the file it ends."""
    with path.open("rb") as stream:
        end = len(stream.readline())
        for line in stream:
            if not line.endswith(b"\n"):
                return
            end += len(line)
            yield (
                [
                    Entry(digest, tuple(Found(*mention) for mention in found), sentences, statuses)
                    for digest, found, sentences, statuses in json.loads(line)
                ],
                end,
            )


class Tally:
    """What was done, for the line at the end."""

    def __init__(self) -> None:
        self.documents = self.sentences = 0
        self.mentions: Counter[str] = Counter()
        self.statuses: Counter[str] = Counter()

    def add(self, entry: Entry) -> None:
        """Count a document."""
        self.documents += 1
        self.sentences += entry.sentences
        self.mentions.update(mention.type for mention in entry.found)
        self.statuses.update(entry.statuses)

    def told(self, tagged: int, seconds: float, output: Sequence[str]) -> str:
        """Lines that say it; `tagged` of the documents took `seconds`, the others were there before."""
        found = ", ".join(f"{count:,} {kind}" for kind, count in sorted(self.mentions.items())) or "none"
        lines = [f"{self.documents:,} documents, {self.sentences:,} sentences; mentions: {found}"]
        if tagged < self.documents:
            lines.append(f"{self.documents - tagged:,} of the documents were tagged before")
        if tagged and seconds:
            lines.append(f"{tagged:,} documents in {seconds:.1f} s: {tagged / seconds:.1f} documents a second")
        others = {status: count for status, count in sorted(self.statuses.items()) if status != "ok"}
        if others:
            told = ", ".join(f"{count:,} {status.replace('_', ' ')}" for status, count in others.items())
            lines.append(f"answers that are not their sentence with marks, used as far as they fit: {told}")
        return "\n".join([*lines, *output])
