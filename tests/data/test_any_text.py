"""Any text, with any mentions, comes back from every format that can hold it."""

import io
import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import get_args

import pytest
import regex
from hypothesis import strategies as st
from random_texts import TEXTS, batches

from markner.data.documents import Document, Mention, PassageText, join_passages
from markner.data.formats.annotations import ReadOptions
from markner.data.formats.bioc import write_xml
from markner.data.formats.document_files import file_in, read_documents, write_documents
from markner.errors import MarknerError
from markner.study.schema.formats import OutputFormat
from markner.tags import words

NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
LINE_END = re.compile("[\r\n]")
SWALLOWS = regex.compile(r"\p{GCB=Prepend}[\s\p{GCB=Control}]")
"""A number sign of Arabic that carries nothing; in columns a space stands after it, which is then a part of it."""


@st.composite
def documents(draw: st.DrawFn) -> Document:
    """A document of one or two passages, with mentions inside of them that begin and end with a sign."""
    document = join_passages("1", [PassageText(draw(TEXTS)) for _ in range(draw(st.integers(1, 2)))], "\n")
    mentions = set()
    for passage in document.passages:
        for _ in range(draw(st.integers(0, 3)) if passage.start < passage.end else 0):
            start = draw(st.integers(passage.start, passage.end - 1))
            end = draw(st.integers(start + 1, passage.end))
            bare = document.text[start:end].strip()
            if bare:
                start += document.text[start:end].index(bare)
                mentions.add(Mention(start, start + len(bare), draw(st.sampled_from(["Disease", "Gene"]))))
    return Document(document.id, document.text, document.passages, tuple(sorted(mentions)))


def copies(folder: Path, form: OutputFormat, originals: Sequence[Document]) -> list[Document]:
    """Write documents in one file of a format, and read them."""
    path = file_in(folder, form)
    write_documents(originals, path, form)
    return list(read_documents([path], form, ReadOptions()))


def mention_counts(document: Document) -> Counter[tuple[int, int, str]]:
    return Counter(mention[:3] for mention in document.mentions)


def check_columns(folder: Path, originals: Sequence[Document]) -> None:
    """Columns hold the words of each text that has some; a second writing has the bytes of the first."""
    originals = [each for each in originals if each.text.split() and not SWALLOWS.search(each.text)]
    first = copies(folder, "iob", originals)
    written = file_in(folder, "iob").read_bytes()
    assert [copy.id for copy in first] == [document.id for document in originals]
    texts = {document.id: document.text for document in originals}
    for copy in first:
        text = texts[copy.id]
        assert copy.text.split() == [text[start:end].strip() for start, end in words(text)]
    # Sentences of the file stay sentences: their passages are marked as such.
    copies(folder, "iob", first)
    assert file_in(folder, "iob").read_bytes() == written


def check_format(folder: Path, form: OutputFormat, originals: Sequence[Document]) -> None:
    """Each document comes back with its mentions, and with its text but for line ends, where the format holds none."""
    written = copies(folder, form, originals)
    assert len(written) == len(originals)
    for document, copy in zip(originals, written, strict=True):
        assert mention_counts(copy) == mention_counts(document)
        if form == "pubtator":
            # Line ends are spaces; an empty abstract is none.
            assert LINE_END.sub(" ", document.text) in (copy.text, copy.text + " ")
        elif form == "parquet":
            # Between two passages stands a space.
            cut = document.passages[0].end
            assert copy.text == (document.text[:cut] + " " + document.text[cut + 1 :])[: len(copy.text)]
            assert document.text[len(copy.text) :].strip() == ""
        else:
            assert copy.text == document.text


@pytest.mark.slow
@batches(documents())
def test_every_text_and_mention_comes_back(drawn: list[Document]) -> None:
    originals = [replace(document, id=f"d{number:02}") for number, document in enumerate(drawn)]
    with TemporaryDirectory() as folder:
        for form in get_args(OutputFormat):
            if form == "iob":
                check_columns(Path(folder), originals)
            elif form == "bioc-xml":
                check_format(Path(folder), form, [each for each in originals if not NOT_XML.search(each.text)])
            else:
                check_format(Path(folder), form, originals)
    for document in originals:
        if NOT_XML.search(document.text):
            with pytest.raises(MarknerError, match="holds a character that XML cannot hold"):
                write_xml(io.StringIO(), [document])
