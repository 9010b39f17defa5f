"""Names of the formats of text files; `markner.data.formats.file_formats` has an entry for each."""

from typing import Literal

AnnotatedFormat = Literal[
    "pubtator", "bioc-xml", "bioc-json", "jsonl", "label-studio", "spacy", "parquet", "brat", "iob"
]
"""Formats that hold mentions."""
FileFormat = Literal[AnnotatedFormat, "text", "pubmed", "jats"]
CorpusFormat = Literal[AnnotatedFormat, "bc2gm"]
AnswerFormat = Literal["marked", AnnotatedFormat]
InputFormat = Literal["auto", FileFormat]
OutputFormat = Literal["pubtator", "bioc-xml", "bioc-json", "jsonl", "spacy", "parquet", "brat", "iob"]

WITHOUT_UNIT = ("iob", "bc2gm", "marked", "spacy")
"""Formats whose mentions have no offsets, or offsets in one unit only."""
