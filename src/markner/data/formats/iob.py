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
from markner.tags import Tag, spans_from_tags, tags_from_spans, words

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
    tags: tuple[Tag, ...]
    document: int = 0

    @property
    def text(self) -> str:
        """The tokens joined by one space."""
        return " ".join(self.tokens)

    def spans(self) -> tuple[Span, ...]:
        """Return the character spans of the entities in `text`."""
        places: list[Span] = []
        start = 0
        for token in self.tokens:
            places.append(Span(start, start + len(token)))
            start += len(token) + 1
        return spans_from_tags(places, self.tags)


class _Row(NamedTuple):
    """A token line."""

    number: int
    token: str
    letter: str
    kind: str

    @property
    def tag(self) -> str:
        return f"{self.letter}-{self.kind}" if self.kind else self.letter


class _Sentence(NamedTuple):
    """The token lines of a sentence, with the number and the name of its document (0 and empty if there is none)."""

    document: int
    name: str
    rows: list[_Row]


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
    sentences = list(_sentences(str(path), numbered_lines(path)))
    if strict:
        _check_scheme(str(path), sentences)
    for document, _, rows in sentences:
        yield TaggedSentence(tuple(row.token for row in rows), tuple(_bio(rows, types)), document)


def read_documents(stream: BinaryIO, name: str, options: ReadOptions) -> Iterator[Document]:
    """Read the sentences of a file as passages of documents; each sentence is a document if the file names none.

    A name after `-DOCSTART-` is the identifier of the document, unless it is a tag (`O`) or `-X-`. Raises as `read`.
    """
    sentences: Iterable[_Sentence] = _sentences(name, decoded_lines(stream, name))
    if options.mentions:
        sentences = list(sentences)
        _check_scheme(name, sentences)
    numbered = enumerate(sentences, start=1)
    for _, group in groupby(numbered, key=lambda item: item[1][0] or -item[0]):
        passages: list[PassageText] = []
        mentions: list[Mention] = []
        start = 0
        for number, (document, given, rows) in group:
            identifier = given or f"{options.identifier}#{document or number}"
            text = " ".join(row.token for row in rows)
            inside = _mentions(rows, options.types) if options.mentions else ()
            mentions += [mention.moved(start) for mention in inside]
            passages.append(PassageText(text, None, {"type": SENTENCE}))
            start += len(text) + 1
        yield replace(join_passages(identifier, passages), mentions=tuple(mentions))


def sentence_mentions(
    where: str, tokens: Sequence[str], tags: Sequence[str], types: Collection[str] | None
) -> list[Mention]:
    """Return the mentions of a sentence, whose text is its tokens joined by one space; `where` names it in errors."""
    rows = [_Row(0, token, *_tag(where, tag)) for token, tag in zip(tokens, tags, strict=True)]
    return _mentions(rows, types)


def _mentions(rows: Sequence[_Row], types: Collection[str] | None) -> list[Mention]:
    sentence = TaggedSentence(tuple(row.token for row in rows), tuple(_bio(rows, types)))
    kinds = [row.kind for row, tag in zip(rows, sentence.tags, strict=True) if tag == "B"]
    return [Mention(*span, kind) for kind, span in zip(kinds, sentence.spans(), strict=True)]


def _bio(rows: Sequence[_Row], types: Collection[str] | None) -> Iterator[Tag]:
    """Return the tags `B`, `I` and `O` of a sentence."""
    current = ""  # `-TYPE` of the entity that the next token can continue
    for row in rows:
        if row.letter == "O" or (types is not None and row.kind not in types):
            yield "O"
            current = ""
        else:
            yield "I" if row.letter in _CONTINUES and current == f"-{row.kind}" else "B"
            current = "" if row.letter in _ENDS else f"-{row.kind}"


def _sentences(name: str, lines: Iterable[tuple[int, str]]) -> Iterator[_Sentence]:
    rows: list[_Row] = []
    document, given = 0, ""
    for number, columns in _columns(name, lines):
        if columns and columns[0] != _DOCUMENT:
            rows.append(_Row(number, columns[0], *_tag(f"{name}, line {number}", columns[-1])))
            continue
        if rows:
            yield _Sentence(document, given, rows)
        rows = []
        if columns:
            document += 1
            given = columns[1] if len(columns) > 1 and columns[1] not in ("O", "-X-") else ""
    if rows:
        yield _Sentence(document, given, rows)


def _check_scheme(name: str, sentences: Sequence[_Sentence]) -> None:
    """Raise a MarknerError if the tags fit no scheme. A file with `B`, `I` and `O` alone is IOB1 or IOB2."""
    letters: dict[str, int] = {}
    for sentence in sentences:
        for row in sentence.rows:
            letters.setdefault(row.letter, row.number)
    schemes = {scheme: [letters[each] for each in ends if each in letters] for scheme, ends in _SCHEMES.items()}
    fitting = [scheme for scheme, numbers in schemes.items() if numbers]
    if len(fitting) > 1:
        raise MarknerError(
            f"{name}, line {max(min(numbers) for numbers in schemes.values())}: the tags fit no scheme: "
            f"{', '.join(sorted(letters))} belong to {' and '.join(fitting)}",
            "write the tags of one scheme",
        )
    if not fitting:
        return
    for *_, rows in sentences:
        for before, after in zip([None, *rows], [*rows, None], strict=True):
            inside = before is not None and before.letter in _OPEN
            continues = after is not None and after.letter in _CONTINUES
            if inside != continues or (inside and before and after and before.kind != after.kind):
                raise MarknerError(
                    f"{name}, line {(after or rows[-1]).number}: the tags do not fit {fitting[0]}: "
                    f"{after.tag if after else 'the end of the sentence'} "
                    f"{'inside' if inside else 'outside'} of an entity",
                    f"an entity of more than one token begins with B and ends with {_SCHEMES[fitting[0]][0]}",
                )


def kinds(path: Path) -> set[str]:
    """Return the entity types of a file, as they stand after the dash."""
    sentences = _sentences(str(path), numbered_lines(path))
    return {row.kind for sentence in sentences for row in sentence.rows if row.letter != "O"}


def _columns(name: str, lines: Iterable[tuple[int, str]]) -> Iterator[tuple[int, list[str]]]:
    """Yield number and columns of each line, none for an empty line. The first token line decides the separator."""
    tabs, width = False, 0
    for number, line in lines:
        if not line.strip() and not (tabs and "\t" in line):
            yield number, []
            continue
        if line.startswith(_DOCUMENT):
            yield number, [_DOCUMENT, *line.split()[1:]]
            continue
        tabs = tabs or (not width and "\t" in line)
        columns = line.split("\t") if tabs else line.split()
        width = width or max(len(columns), 2)
        if len(columns) != width or not columns[0].strip():
            raise MarknerError(
                f"{name}, line {number}: expected {width} columns, a token first and its tag last, found {line[:80]!r}",
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
        kinds = {mention.span: mention.type for mention in document.mentions}
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
