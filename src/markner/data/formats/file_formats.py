"""The table of formats: how a file is recognized, read and written.

A new format takes a module with its reader (and writer), its name in `markner.study.schema.formats`, and an entry here.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, BinaryIO

from markner.data.documents import Document
from markner.data.formats import bioc, brat, docbin, iob, jsonl, label_studio, literature, parquet, plain, pubtator
from markner.data.formats.annotations import ReadOptions
from markner.study.schema.formats import FileFormat


@dataclass(frozen=True, slots=True)
class Format:
    """How documents of a format are recognized, read and written.

    `read` takes an open file, its name for errors, and options; brat, a format of folders, has no such reader. `write`
    takes an open file, of bytes if `binary`, or a folder, and documents. `endings` are the endings of file names. Of
    formats that share an ending, and for a file without a known one, that one is recognized whose `head` is at the
    beginning of the file. `output` is the name of a file or folder that is written.
    """

    read: Callable[[BinaryIO, str, ReadOptions], Iterator[Document]] | None = None
    write: Callable[[Any, Iterable[Document]], None] | None = None
    endings: tuple[str, ...] = ()
    head: re.Pattern[bytes] | None = None
    output: str = ""
    binary: bool = False


def _head(pattern: bytes) -> re.Pattern[bytes]:
    return re.compile(pattern, re.DOTALL)


# Of formats that share an ending, the last is that of a file whose beginning fits none of them.
FORMATS: dict[FileFormat, Format] = {
    "pubtator": Format(
        pubtator.read,
        pubtator.write,
        endings=(".pubtator",),
        # A text may name a statistic |t|: an identifier has no space, or a line with |a| follows.
        head=_head(rb"[^|\s]{1,200}\|t\||[^|\t\n]{1,200}\|t\|[^\n]*\n[^|\t\n]{1,200}\|a\|"),
        output="annotations.PubTator",
    ),
    "pubmed": Format(
        literature.read_pubmed,
        endings=(".xml",),
        head=_head(rb"(?:<\?.{0,1000})?<(?:!DOCTYPE )?Pubmed(?:Book)?Article"),
    ),
    "jats": Format(
        literature.read_jats,
        endings=(".xml", ".nxml"),
        head=_head(rb"(?:<\?.{0,1000})?<(?:!DOCTYPE )?(?:article|pmc-articleset)[\s>]"),
    ),
    "bioc-xml": Format(
        bioc.read_xml,
        bioc.write_xml,
        endings=(".xml",),
        head=_head(rb"<\?xml|<!DOCTYPE collection|<collection"),
        output="annotations.xml",
    ),
    "label-studio": Format(
        label_studio.read,
        endings=(".json",),
        # Behind a long text the labels of JSON-MIN are not at the beginning.
        head=_head(rb'(?:\[\s*\{|\{(?=.*"result"))(?!.*"passages").*(?:"result"|"labels"|"text")'),
    ),
    "jsonl": Format(
        jsonl.read,
        jsonl.write,
        endings=(".jsonl", ".ndjson"),
        head=_head(rb'\{(?![^\n]*"passages")[^\n]*"text"'),
        output="annotations.jsonl",
    ),
    "bioc-json": Format(
        bioc.read_json,
        bioc.write_json,
        endings=(".json",),
        head=_head(rb'(?:\[\s*)?\{\s*".*(?<=")(?:documents|passages|source)"'),
        output="annotations.json",
    ),
    "iob": Format(
        iob.read_documents,
        iob.write,
        endings=(".conll", ".iob", ".bio"),
        output="annotations.conll",
    ),
    "spacy": Format(docbin.read, docbin.write, endings=(".spacy",), output="annotations.spacy", binary=True),
    "parquet": Format(
        parquet.read,
        parquet.write,
        endings=(".parquet", ".arrow"),
        head=_head(rb"PAR1\x15|ARROW1\0"),  # PAR1 alone is a gene
        output="annotations.parquet",
        binary=True,
    ),
    "brat": Format(write=brat.write, output="brat"),
    "text": Format(plain.read),
}
