"""An annotation in shards: jobs that tag some of the documents each, and the file that they make together."""

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain, islice
from pathlib import Path

from markner.annotate.journal import Entry, Totals, read_entries
from markner.annotate.pipeline import BLOCK, AnnotationJob, count, fill_journal, write_entries
from markner.data.documents import Document
from markner.errors import MarknerError
from markner.files import atomic, write_json
from markner.models.device import device_name


@dataclass(frozen=True, slots=True)
class Shard:
    """One of several shards. The blocks of documents are dealt to the shards in turn."""

    number: int
    count: int

    @classmethod
    def of(cls, name: str) -> "Shard":
        """Return the shard that Snakemake names `3-of-10`."""
        match = re.fullmatch(r"(\d+)-of-(\d+)", name)
        if match is None or not 1 <= int(match[1]) <= int(match[2]):
            raise MarknerError(f"{name} is no shard", "write it as 3-of-10")
        return cls(int(match[1]), int(match[2]))

    def documents(self, documents: Iterator[Document]) -> Iterator[Document]:
        """Yield the documents of this shard."""
        for number, document in enumerate(documents):
            if number // BLOCK % self.count == self.number - 1:
                yield document


def annotate_shard(job: AnnotationJob, shard: Shard, output: Path, costs: Path) -> str:
    """Tag the documents of a shard, write their entries, and return a message.

    An interrupted shard goes on from its journal.

    Args:
        job: The annotation, with the journal of this shard.
        shard: The shard.
        output: The entries: lines as those of a journal, in the order of the documents.
        costs: JSON: `documents` and `seconds` of this call, and the `device`.

    Raises:
        MarknerError: A document cannot be read or tagged.
    """
    assert job.journal is not None
    # Each of several shards would read all texts once more for its count, of which it tags a part.
    total = count(job) if shard.count == 1 else None
    tagged, seconds = fill_journal(job, job.journal, lambda: shard.documents(job.documents()), total)
    totals = Totals()
    for entry in read_entries(job.journal):
        totals.add(entry)
    with job.journal.open(encoding="utf-8") as stream, atomic(output) as written:
        # The first line of the journal depends on times of the models' files.
        written.write(json.dumps({"shard": f"{shard.number}-of-{shard.count}"}) + "\n")
        written.writelines(islice(stream, 1, None))
    write_json(costs, {"documents": tagged, "seconds": seconds, "device": device_name()})
    job.journal.unlink()
    return totals.message(tagged, seconds, output)


def gather_shards(job: AnnotationJob, shards: Sequence[Path]) -> str:
    """Write the documents with the mentions of all shards, in the order of the documents, and return a message.

    The result has the bytes that an annotation without shards has.

    Raises:
        MarknerError: The shards are not those of these documents.
    """
    return write_entries(job, _in_turn([read_entries(path) for path in shards])).message(0, 0.0, job.output)


def _in_turn(shards: Sequence[Iterator[Entry]]) -> Iterator[Entry]:
    """Yield a block of each shard in turn."""
    while True:
        for entries in shards:
            block = list(islice(entries, BLOCK))
            yield from block
            if len(block) < BLOCK:
                yield from chain.from_iterable(shards)
                return
