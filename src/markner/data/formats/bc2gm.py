"""BioCreative II Gene Mention files: one sentence a line, and annotations that count characters without spaces."""

from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path

from markner.data.documents import SENTENCE, Document, Mention, single_passage
from markner.data.formats.lines import numbered_lines
from markner.errors import MarknerError

TYPE = "GENE"


def read(sentences: Path, genes: Path, types: Collection[str] | None = None) -> Iterator[Document]:
    """Read the sentences of `sentences` (`ID text`) with the gold of `genes` (GENE.eval: `ID|first last|text`).

    Offsets do not count white space, and `last` is inside the mention (README.GM of the corpus). Each sentence is a
    document of one passage. The acceptable alternatives of ALTGENE.eval are not gold and are not read.

    Raises:
        MarknerError: a line of another form, or an annotation outside of its sentence; names file and line.
    """
    annotations = _annotations(genes) if types is None or TYPE in types else {}
    seen: set[str] = set()
    for number, line in numbered_lines(sentences):
        if not line:
            continue
        where = f"{sentences}, line {number}"
        identifier, space, text = line.partition(" ")
        if not space or not text.strip():
            raise MarknerError(
                f"{where}: expected an identifier, one space and a sentence, found {line[:80]!r}",
                "write ID, a space, the text",
            )
        if identifier in seen:
            raise MarknerError(f"{where}: the identifier {identifier} occurs a second time", "give each its own")
        seen.add(identifier)
        places = [index for index, character in enumerate(text) if not character.isspace()]
        mentions = []
        for source, first, last, surface in annotations.pop(identifier, ()):
            if not 0 <= first <= last < len(places):
                raise MarknerError(
                    f"{source}: characters {first} to {last} are not a part of {identifier}, "
                    f"which has {len(places)} without spaces",
                    "offsets do not count spaces, and the last character is inside the mention",
                )
            mentions.append(Mention(places[first], places[last] + 1, TYPE, surface))
        yield replace(single_passage(identifier, text, {"type": SENTENCE}), mentions=tuple(mentions))
    for identifier, rows in annotations.items():
        raise MarknerError(f"{rows[0][0]}: annotation of {identifier}, which is not a sentence of {sentences}")


def _annotations(path: Path) -> dict[str, list[tuple[str, int, int, str]]]:
    """Return the annotations by sentence: place in the file, first and last character, text."""
    annotations: dict[str, list[tuple[str, int, int, str]]] = {}
    for number, line in numbered_lines(path):
        if not line:
            continue
        where = f"{path}, line {number}"
        try:
            identifier, offsets, surface = line.split("|", 2)
            first, last = (int(offset) for offset in offsets.split())
        except ValueError as error:
            raise MarknerError(f"{where}: expected ID|first last|text, found {line[:80]!r}") from error
        annotations.setdefault(identifier, []).append((where, first, last, surface))
    return annotations
