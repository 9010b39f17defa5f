"""Files of columns, as in the CoNLL shared tasks: a token a line, its tag in the last column.

An empty line ends a sentence. Tab or white space separates the columns. A line with `-DOCSTART-` begins a document.
"""

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

from markner.data.documents import Span
from markner.data.formats.lines import numbered_lines
from markner.errors import MarknerError

_DOCUMENT = "-DOCSTART-"
_BEGINS = {"B", "S", "U"}
_CONTINUES = {"I", "E", "L"}
_ENDS = {"S", "U", "E", "L"}
_OPEN = {"B", "I"}
_SCHEMES = {"IOBES": "ES", "BILOU": "LU"}


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


def read(path: Path, types: Collection[str] | None = None, *, strict: bool = True) -> Iterator[TaggedSentence]:
    """Read the sentences of a file; entities of other types than the given ones become `O` (None: all count).

    Tags are `O`, or a letter with or without `-TYPE`, of any of the schemes IOB1, IOB2, IOBES and BILOU. The letters
    have one meaning in all of them: `B`, `S` and `U` begin an entity; `I`, `E` and `L` continue one, or begin one if
    there is none of their type before them (as conlleval reads IOB1 and IOB2); `S`, `U`, `E` and `L` end it.

    Args:
        path: The file.
        types: Types that count.
        strict: Refuse a file in which IOBES or BILOU is broken. Predictions may break it.

    Raises:
        MarknerError: a line without token and tag, with another number of columns than the first one, or with a tag
            that does not fit the scheme of the file; names file and line.
    """
    if strict:
        _check_scheme(path)
    for document, rows in _sentences(path):
        tags: list[str] = []
        current = ""  # `-TYPE` of the entity that the next token can continue
        for row in rows:
            if row.letter == "O" or (types is not None and row.kind not in types):
                tags.append("O")
                current = ""
            else:
                tags.append("I" if row.letter in _CONTINUES and current == f"-{row.kind}" else "B")
                current = "" if row.letter in _ENDS else f"-{row.kind}"
        yield TaggedSentence(tuple(row.token for row in rows), tuple(tags), document)


class _Row(NamedTuple):
    """A token line."""

    number: int
    token: str
    letter: str
    kind: str

    @property
    def tag(self) -> str:
        return f"{self.letter}-{self.kind}" if self.kind else self.letter


def _sentences(path: Path) -> Iterator[tuple[int, list[_Row]]]:
    """The token lines of each sentence, with the number of its document."""
    rows: list[_Row] = []
    document = 0
    for number, columns in _rows(path):
        if columns and columns[0] != _DOCUMENT:
            rows.append(_Row(number, columns[0], *_tag(path, number, columns[-1])))
            continue
        if rows:
            yield document, rows
        rows = []
        document += bool(columns)
    if rows:
        yield document, rows


def _check_scheme(path: Path) -> None:
    """Raise a MarknerError if the tags fit no scheme. A file with `B`, `I` and `O` alone is IOB1 or IOB2."""
    letters: dict[str, int] = {}
    for _, rows in _sentences(path):
        for row in rows:
            letters.setdefault(row.letter, row.number)
    schemes = {name: [letters[each] for each in ends if each in letters] for name, ends in _SCHEMES.items()}
    found = [name for name, numbers in schemes.items() if numbers]
    if len(found) > 1:
        raise MarknerError(
            f"{path}, line {max(min(numbers) for numbers in schemes.values())}: the tags fit no scheme: "
            f"{', '.join(sorted(letters))} belong to {' and '.join(found)}",
            "write the tags of one scheme",
        )
    if not found:
        return
    for _, rows in _sentences(path):
        for before, after in zip([None, *rows], [*rows, None], strict=True):
            inside = before is not None and before.letter in _OPEN
            continues = after is not None and after.letter in _CONTINUES
            if inside != continues or (inside and before and after and before.kind != after.kind):
                raise MarknerError(
                    f"{path}, line {(after or rows[-1]).number}: the tags do not fit {found[0]}: "
                    f"{after.tag if after else 'the end of the sentence'} "
                    f"{'inside' if inside else 'outside'} of an entity",
                    f"an entity of more than one token begins with B and ends with {_SCHEMES[found[0]][0]}",
                )


def kinds(path: Path) -> set[str]:
    """Return the entity types of a file, as they stand after the dash."""
    return {row.kind for _, rows in _sentences(path) for row in rows if row.letter != "O"}


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
