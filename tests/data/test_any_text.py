"""Any text, with any mentions, comes back from every format that can hold it."""

import re
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import given
from hypothesis import strategies as st

from markner.data.documents import Document, Mention, PassageText, join_passages
from markner.data.formats.annotations import ReadOptions
from markner.data.formats.conversion import losses
from markner.data.formats.document_files import file_in, open_writer, read_documents
from markner.errors import MarknerError
from markner.study.schema.formats import OutputFormat

SPECIAL = [
    "<mark>",
    "</mark>",
    "[SEP]",
    "<|im_end|>",
    "</s>",
    "e\u0301",
    "👩\u200d🔬",
    "🇨🇭",
    "\u00ad",
    "\u200b",
    "\r\n",
    "|t|",
]
PIECES = st.one_of(st.text(max_size=12), st.sampled_from(SPECIAL), st.sampled_from(["gout", " ", ". ", "\t"]))
TEXTS = st.lists(PIECES, max_size=6).map("".join)
LOSSLESS: tuple[OutputFormat, ...] = ("jsonl", "bioc-json", "bioc-xml", "brat", "spacy", "parquet", "pubtator")
NOT_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


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


@pytest.mark.parametrize("form", LOSSLESS)
@given(documents())
def test_every_text_and_mention_comes_back(form: OutputFormat, document: Document) -> None:
    with TemporaryDirectory() as folder:
        path = file_in(Path(folder), form)
        try:
            with open_writer(path, form) as writer:
                writer.write(document)
        except MarknerError:
            assert form == "bioc-xml"
            assert NOT_XML.search(document.text)
            return
        copies = list(read_documents([path], form, ReadOptions()))
        lost = losses([document], copies)
        assert lost["mentions"] == lost["documents"] == 0
        for copy in copies:
            assert all(0 <= mention.start < mention.end <= len(copy.text) for mention in copy.mentions)
        if form not in ("parquet", "pubtator"):
            assert [copy.text for copy in copies] == [document.text]
            wanted = Counter(mention[:3] for copy in copies for mention in copy.mentions)
            assert wanted == Counter(mention[:3] for mention in document.mentions)
