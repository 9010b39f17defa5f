"""Files of columns, as in the CoNLL shared tasks: a token a line, its tag in the last column.

An empty line ends a sentence. Tab or white space separates the columns. A line with `-DOCSTART-` begins a document.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

from markner.data.documents import Span
from markner.data.formats.lines import numbered_lines
from markner.errors import MarknerError

_DOCUMENT = "-DOCSTART-"
_BEGINS = {"B", "S", "U"}
_CONTINUES = {"I", "E", "L"}
_ENDS = {"S", "U", "E", "L"}


@dataclass(frozen=True, slots=True)
class TaggedSentence:
    """A sentence of such a file.

    `tags` are `B`, `I` or `O`, one a token; an entity always begins with `B`. `document` is the number of the document
    in the file, 0 if the file does not name documents.
    """

    tokens: tuple[str, ...]
    tags: tuple[str, ...]
    document: int = 0

    @property
    def text(self) -> str:
        """The tokens joined by one space."""
        return " ".join(self.tokens)

    def spans(self) -> list[Span]:
        """Return the character spans of the entities in `text`."""
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
    """Read the sentences of a file; entities of other types than the given ones become `O` (None: all count).

    Tags are `O`, or a letter with or without `-TYPE`, of any of the schemes IOB1, IOB2, IOBES and BILOU. The letters
    have one meaning in all of them: `B`, `S` and `U` begin an entity; `I`, `E` and `L` continue one, or begin one if
    there is none of their type before them (as conlleval reads IOB1 and IOB2); `S`, `U`, `E` and `L` end it.

    Raises:
        MarknerError: a line without token and tag, or with another number of columns than the first one; names file
            and line.
    """
    tokens: list[str] = []
    tags: list[str] = []
    document = 0
    current = ""  # `-TYPE` of the entity that the next token can continue
    for number, columns in _rows(path):
        if not columns or columns[0] == _DOCUMENT:
            if tokens:
                yield TaggedSentence(tuple(tokens), tuple(tags), document)
            tokens, tags, current = [], [], ""
            document += bool(columns)
            continue
        letter, kind = _tag(path, number, columns[-1])
        tokens.append(columns[0])
        if letter == "O" or (types is not None and kind not in types):
            tags.append("O")
            current = ""
        else:
            tags.append("I" if letter in _CONTINUES and current == f"-{kind}" else "B")
            current = "" if letter in _ENDS else f"-{kind}"
    if tokens:
        yield TaggedSentence(tuple(tokens), tuple(tags), document)


def kinds(path: Path) -> set[str]:
    """Return the entity types of a file, as they stand after the dash."""
    tags = (_tag(path, number, row[-1]) for number, row in _rows(path) if row and row[0] != _DOCUMENT)
    return {kind for letter, kind in tags if letter != "O"}


def _rows(path: Path) -> Iterator[tuple[int, list[str]]]:
    """Number and columns of each line; none for an empty line. The first token line decides on the separator."""
    tabs, width = False, 0
    for number, line in numbered_lines(path):
        if not line.strip() and not (tabs and "\t" in line):
            yield number, []
            continue
        if line.startswith(_DOCUMENT):
            yield number, [_DOCUMENT]
            continue
        tabs = tabs or (not width and "\t" in line)
        columns = line.split("\t") if tabs else line.split()
        width = width or max(len(columns), 2)
        if len(columns) != width or not columns[0].strip():
            raise MarknerError(
                f"{path}, line {number}: expected {width} columns, a token first and its tag last, found {line!r}",
                "write the same columns in each line, separated by tabs or by spaces, and an empty line after each "
                "sentence",
            )
        yield number, columns


def _tag(path: Path, number: int, tag: str) -> tuple[str, str]:
    """Letter and type of a tag."""
    letter, _, kind = tag.partition("-")
    if letter not in _BEGINS | _CONTINUES | {"O"} or (letter == "O" and tag != "O"):
        raise MarknerError(
            f"{path}, line {number}: unknown tag {tag!r}",
            "use O and B-TYPE, I-TYPE (IOB), also E-, S- (IOBES) or L-, U- (BILOU), in the last column",
        )
    return letter, kind
