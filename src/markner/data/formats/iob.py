"""Files of columns, as in the CoNLL shared tasks: a token a line, its tag in the last column.

An empty line ends a sentence. Tab or white space separates the columns. A line with `-DOCSTART-` begins a document.
"""

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from pathlib import Path
from typing import IO, BinaryIO, NamedTuple

from markner.data.documents import SENTENCE, Document, Mention, PassageText, Span, join_passages
from markner.data.formats.annotations import ReadOptions
from markner.data.formats.lines import decoded_lines, numbered_lines
from markner.data.sentences import document_sentences, resolve_overlaps
from markner.errors import MarknerError
from markner.tags import tags_from_spans, words

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
    file = _File(str(path), list(numbered_lines(path)))
    if strict:
        _check_scheme(file)
    for document, rows in _sentences(file):
        yield TaggedSentence(tuple(row.token for row in rows), tuple(_bio(rows, types)), document)


def read_documents(stream: BinaryIO, name: str, options: ReadOptions) -> Iterator[Document]:
    """Read the sentences of a file as passages of documents; each sentence is a document if the file names none.

    A name after `-DOCSTART-` is the identifier of the document, unless it is a tag (`O`) or `-X-`. Raises as `read`.
    """
    file = _File(name, list(decoded_lines(stream, name)))
    if options.mentions:
        _check_scheme(file)
    names = file.documents()
    numbered = enumerate(_sentences(file), start=1)
    for _, group in groupby(numbered, key=lambda item: item[1][0] or -item[0]):
        passages: list[PassageText] = []
        mentions: list[Mention] = []
        start = 0
        for number, (document, rows) in group:
            identifier = names[document] or f"{options.identifier}#{document or number}"
            text = " ".join(row.token for row in rows)
            inside = _mentions(rows, options.types) if options.mentions else ()
            mentions += [mention._replace(start=start + mention.start, end=start + mention.end) for mention in inside]
            passages.append(PassageText(text, None, {"type": SENTENCE}))
            start += len(text) + 1
        yield replace(join_passages(identifier, passages, "\n"), mentions=tuple(mentions))


def sentence_mentions(
    where: str, tokens: Sequence[str], tags: Sequence[str], types: Collection[str] | None
) -> list[Mention]:
    """Return the mentions of a sentence, whose text is its tokens joined by one space; `where` names it in errors."""
    rows = [_Row(0, token, *_tag(where, tag)) for token, tag in zip(tokens, tags, strict=True)]
    return _mentions(rows, types)


def _mentions(rows: Sequence["_Row"], types: Collection[str] | None) -> list[Mention]:
    sentence = TaggedSentence(tuple(row.token for row in rows), tuple(_bio(rows, types)))
    kinds = [row.kind for row, tag in zip(rows, sentence.tags, strict=True) if tag == "B"]
    return [Mention(*span, kind) for kind, span in zip(kinds, sentence.spans(), strict=True)]


def _bio(rows: Sequence["_Row"], types: Collection[str] | None) -> Iterator[str]:
    """Return the tags `B`, `I` and `O` of a sentence."""
    current = ""  # `-TYPE` of the entity that the next token can continue
    for row in rows:
        if row.letter == "O" or (types is not None and row.kind not in types):
            yield "O"
            current = ""
        else:
            yield "I" if row.letter in _CONTINUES and current == f"-{row.kind}" else "B"
            current = "" if row.letter in _ENDS else f"-{row.kind}"


@dataclass(frozen=True, slots=True)
class _File:
    """Name and numbered lines of a file."""

    name: str
    lines: Sequence[tuple[int, str]]

    def documents(self) -> list[str]:
        """Return the names of the documents from the first on; empty for text that is in no document."""
        fields = [line.split() for _, line in self.lines if line.startswith(_DOCUMENT)]
        return ["", *(row[1] if len(row) > 1 and row[1] not in ("O", "-X-") else "" for row in fields)]


class _Row(NamedTuple):
    """A token line."""

    number: int
    token: str
    letter: str
    kind: str

    @property
    def tag(self) -> str:
        return f"{self.letter}-{self.kind}" if self.kind else self.letter


def _sentences(file: _File) -> Iterator[tuple[int, list[_Row]]]:
    """Yield the token lines of each sentence, with the number of its document."""
    rows: list[_Row] = []
    document = 0
    for number, columns in _rows(file):
        if columns and columns[0] != _DOCUMENT:
            rows.append(_Row(number, columns[0], *_tag(f"{file.name}, line {number}", columns[-1])))
            continue
        if rows:
            yield document, rows
        rows = []
        document += bool(columns)
    if rows:
        yield document, rows


def _check_scheme(file: _File) -> None:
    """Raise a MarknerError if the tags fit no scheme. A file with `B`, `I` and `O` alone is IOB1 or IOB2."""
    letters: dict[str, int] = {}
    for _, rows in _sentences(file):
        for row in rows:
            letters.setdefault(row.letter, row.number)
    schemes = {name: [letters[each] for each in ends if each in letters] for name, ends in _SCHEMES.items()}
    fitting = [name for name, numbers in schemes.items() if numbers]
    if len(fitting) > 1:
        raise MarknerError(
            f"{file.name}, line {max(min(numbers) for numbers in schemes.values())}: the tags fit no scheme: "
            f"{', '.join(sorted(letters))} belong to {' and '.join(fitting)}",
            "write the tags of one scheme",
        )
    if not fitting:
        return
    for _, rows in _sentences(file):
        for before, after in zip([None, *rows], [*rows, None], strict=True):
            inside = before is not None and before.letter in _OPEN
            continues = after is not None and after.letter in _CONTINUES
            if inside != continues or (inside and before and after and before.kind != after.kind):
                raise MarknerError(
                    f"{file.name}, line {(after or rows[-1]).number}: the tags do not fit {fitting[0]}: "
                    f"{after.tag if after else 'the end of the sentence'} "
                    f"{'inside' if inside else 'outside'} of an entity",
                    f"an entity of more than one token begins with B and ends with {_SCHEMES[fitting[0]][0]}",
                )


def kinds(path: Path) -> set[str]:
    """Return the entity types of a file, as they stand after the dash."""
    file = _File(str(path), list(numbered_lines(path)))
    return {row.kind for _, rows in _sentences(file) for row in rows if row.letter != "O"}


def _rows(file: _File) -> Iterator[tuple[int, list[str]]]:
    """Yield number and columns of each line, none for an empty line. The first token line decides the separator."""
    tabs, width = False, 0
    for number, line in file.lines:
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
                f"{file.name}, line {number}: expected {width} columns, a token first and its tag last, found {line!r}",
                "write the same columns in each line, separated by tabs or by spaces, and an empty line after each "
                "sentence",
            )
        yield number, columns


def _tag(where: str, tag: str) -> tuple[str, str]:
    """Return letter and type of a tag."""
    letter, _, kind = tag.partition("-")
    if letter not in _BEGINS | _CONTINUES | {"O"} or (letter == "O" and tag != "O"):
        raise MarknerError(
            f"{where}: unknown tag {tag!r}",
            "use O and B-TYPE, I-TYPE (IOB), also E-, S- (IOBES) or L-, U- (BILOU), in the last column",
        )
    return letter, kind


def write(stream: IO[str], documents: Iterable[Document]) -> None:
    """Write tokens and IOB2 tags in two columns, and `-DOCSTART-` with the identifier before each document.

    Sentences and tokens are made as those of a corpus of the variant `tokenized`. If mentions overlap, the longest is
    written. A mention over the end of a sentence is not written; one that ends inside a token grows to whole tokens.
    """
    for document in documents:
        kinds = {Span(mention.start, mention.end): mention.type for mention in document.mentions}
        spans = resolve_overlaps(kinds)
        name = "_".join(document.id.split()) or "document"
        stream.write(f"{_DOCUMENT}\t{name}\n\n")
        for start, end in document_sentences(document):
            inside = [Span(*(place - start for place in span)) for span in spans if start <= span[0] and span[1] <= end]
            text = document.text[start:end]
            tokens, kind = words(text), ""
            for token, tag in zip(tokens, tags_from_spans(tokens, inside), strict=True):
                if tag == "B":
                    first = next(span for span in inside if span.start < token.end and token.start < span.end)
                    kind = kinds[Span(start + first.start, start + first.end)]
                column = tag if tag == "O" else f"{tag}-{kind}"
                stream.write(f"{text[token.start : token.end].strip()}\t{column}\n")
            stream.write("\n")
