"""Two-column IOB files: a token, a tab, its tag; an empty line after each sentence."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from markner.data.documents import Span
from markner.data.formats.lines import numbered_lines
from markner.errors import MarknerError


@dataclass(frozen=True, slots=True)
class TaggedSentence:
    """A sentence of an IOB file. `tags` are `B`, `I` or `O`, one a token; an entity begins with `B` always."""

    tokens: tuple[str, ...]
    tags: tuple[str, ...]

    @property
    def text(self) -> str:
        """The tokens joined by one space."""
        return " ".join(self.tokens)

    def spans(self) -> list[Span]:
        """Character spans of the entities in `text`, from their tokens."""
        spans: list[Span] = []
        position = 0
        for token, tag in zip(self.tokens, self.tags, strict=True):
            end = position + len(token)
            if tag == "B":
                spans.append(Span(position, end))
            elif tag == "I":
                spans[-1] = Span(spans[-1].start, end)
            position = end + 1
        return spans


def read(path: Path, types: Collection[str] | None = None) -> Iterator[TaggedSentence]:
    """Read the sentences of an IOB file; entities of other types than the given ones become `O` (None: all count).

    Tags are `O`, or `B` and `I` with or without `-TYPE`. An `I` that continues nothing, or an entity of another type,
    begins an entity (as conlleval reads it).

    Raises:
        MarknerError: a line that is not a token, a tab and a tag; names file and line.
    """
    tokens: list[str] = []
    tags: list[str] = []
    before = ""
    for number, line in numbered_lines(path):
        if not line.strip() and "\t" not in line:
            if tokens:
                yield TaggedSentence(tuple(tokens), tuple(tags))
            tokens, tags, before = [], [], ""
            continue
        fields = line.split("\t")
        if len(fields) != 2 or not fields[0].strip():
            raise MarknerError(
                f"{path}, line {number}: expected 2 columns, a token and its tag, found {line!r}",
                "write one token, one tab and one tag a line, and an empty line after each sentence",
            )
        token, tag = fields
        letter, _, kind = tag.partition("-")
        if letter not in ("B", "I", "O") or (letter == "O" and tag != "O"):
            raise MarknerError(f"{path}, line {number}: unknown tag {tag!r}", "use O, B-TYPE and I-TYPE")
        tokens.append(token)
        if letter == "O" or (types is not None and kind not in types):
            tags.append("O")
            before = ""
        else:
            tags.append("I" if letter == "I" and before == f"-{kind}" else "B")
            before = f"-{kind}"
    if tokens:
        yield TaggedSentence(tuple(tokens), tuple(tags))


def kinds(path: Path) -> set[str]:
    """The entity types of an IOB file, as they stand after the dash."""
    tags = (line.partition("\t")[2] for _, line in numbered_lines(path))
    return {tag.partition("-")[2] for tag in tags if tag not in ("", "O")}
