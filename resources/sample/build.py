"""Turn ``source.txt`` into the four native corpus formats of the sample corpus.

Run ``python build.py`` to rewrite ``pubtator/``, ``bioc/``, ``bc2gm/`` and
``iob/`` beside this file and to print the table of counts that README.md
shows.  The output depends on the source alone, so that a second run gives
byte-identical files.

Source notation: a document is ``# PMID split``, its title on one line and each
sentence of its abstract on a line of its own; a blank line ends it.
``[D:...]``, ``[C:...]`` and ``[G:...]`` enclose disease, chemical and gene
mentions; ``«...»`` encloses an alternative span for the gene mentions in it.
"""

from __future__ import annotations

import argparse
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path

from bioc import (
    BioCAnnotation,
    BioCCollection,
    BioCDocument,
    BioCLocation,
    BioCPassage,
    biocxml,
)

HERE = Path(__file__).resolve().parent
SPLITS = ("train", "dev", "test")
TYPES = {"D": "Disease", "C": "Chemical", "G": "Gene"}
MARKUP = re.compile(r"\[([DCG]):|[\]«»]")
HEADER = re.compile(r"# (\d{8}) (train|dev|test)")
TOKEN = re.compile(r"\w+|[^\w\s]")


@dataclass(frozen=True)
class Span:
    """A stretch of text, ``end`` exclusive, with its type."""

    start: int
    end: int
    type: str

    def moved(self, by: int) -> Span:
        """The same span in a text in which ``by`` characters come first."""
        return Span(self.start + by, self.end + by, self.type)


@dataclass(frozen=True)
class Sentence:
    """One source line without its markup."""

    text: str
    mentions: tuple[Span, ...]
    alternatives: tuple[Span, ...]


@dataclass(frozen=True)
class Document:
    """A title and the sentences of an abstract."""

    pmid: str
    split: str
    title: Sentence
    abstract: tuple[Sentence, ...]

    def placed(self) -> Iterator[tuple[int, Sentence]]:
        """Each sentence with its offset in title + " " + abstract."""
        offset = 0
        for sentence in (self.title, *self.abstract):
            yield offset, sentence
            offset += len(sentence.text) + 1

    def mentions(self) -> list[Span]:
        """Every mention, at its offset in title + " " + abstract."""
        return [m.moved(at) for at, s in self.placed() for m in s.mentions]

    def abstract_text(self) -> str:
        """The abstract as one line."""
        return " ".join(s.text for s in self.abstract)


def parse_sentence(line: str) -> Sentence:
    """Strip the markup of a source line and keep the spans it marked."""
    text = ""
    position = 0
    opened: list[tuple[str, int]] = []
    mentions: list[Span] = []
    alternatives: list[Span] = []
    for mark in MARKUP.finditer(line):
        text += line[position : mark.start()]
        position = mark.end()
        if mark[1]:
            opened.append((TYPES[mark[1]], len(text)))
        elif mark[0] == "«":
            opened.append(("«", len(text)))
        else:
            if not opened or (mark[0] == "»") != (opened[-1][0] == "«"):
                raise ValueError(f"unbalanced markup: {line}")
            kind, start = opened.pop()
            if kind == "«":
                alternatives.append(Span(start, len(text), "Gene"))
            else:
                mentions.append(Span(start, len(text), kind))
    text += line[position:]
    if opened or "[" in text or text != " ".join(text.split()):
        raise ValueError(f"bad markup or spacing: {line}")
    edges = {edge for t in TOKEN.finditer(text) for edge in t.span()}
    mentions.sort(key=lambda m: m.start)
    alternatives.sort(key=lambda a: a.start)
    for span in mentions + alternatives:
        if not {span.start, span.end} <= edges or span.start == span.end:
            raise ValueError(f"a span cuts a token: {line}")
    for left, right in pairwise(mentions):
        if left.end > right.start:
            raise ValueError(f"nested mentions: {line}")
    return Sentence(text, tuple(mentions), tuple(alternatives))


def parse_source(source: str) -> list[Document]:
    """Read all documents of the source text, in order."""
    documents: list[Document] = []
    for block in re.split(r"\n{2,}", source.strip()):
        head, *lines = block.split("\n")
        match = HEADER.fullmatch(head)
        if match is None or len(lines) < 3:
            raise ValueError(f"bad document: {head}")
        title, *abstract = (parse_sentence(line) for line in lines)
        documents.append(Document(match[1], match[2], title, tuple(abstract)))
    if len({d.pmid for d in documents}) != len(documents):
        raise ValueError("two documents share an id")
    return documents


def write(path: Path, text: str) -> None:
    """Write UTF-8 with Unix line ends, making the folder where it is missing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode("utf-8"))


def as_pubtator(documents: Iterable[Document]) -> str:
    """PubTator: title, abstract and one tab-separated line per mention."""
    blocks = []
    for doc in documents:
        text = f"{doc.title.text} {doc.abstract_text()}"
        lines = [
            f"{doc.pmid}|t|{doc.title.text}",
            f"{doc.pmid}|a|{doc.abstract_text()}",
        ]
        for m in doc.mentions():
            cells = (doc.pmid, m.start, m.end, text[m.start : m.end], m.type, "-")
            lines.append("\t".join(str(cell) for cell in cells))
        blocks.append("\n".join(lines) + "\n")
    return "\n".join(blocks)


def as_bioc(documents: Iterable[Document]) -> str:
    """BioC XML with a title and an abstract passage per document."""
    collection = BioCCollection()
    collection.source = "MarkNER sample corpus"
    collection.date = "2025-01-01"
    collection.key = "markner-sample.key"
    for doc in documents:
        passages = []
        start = len(doc.title.text) + 1
        for kind, offset, text in (
            ("title", 0, doc.title.text),
            ("abstract", start, doc.abstract_text()),
        ):
            passage = BioCPassage()
            passage.infons["type"] = kind
            passage.offset = offset
            passage.text = text
            passages.append(passage)
        whole = f"{passages[0].text} {passages[1].text}"
        for number, m in enumerate(doc.mentions()):
            annotation = BioCAnnotation()
            annotation.id = str(number)
            annotation.infons["type"] = m.type
            annotation.add_location(BioCLocation(m.start, m.end - m.start))
            annotation.text = whole[m.start : m.end]
            passages[m.start >= start].add_annotation(annotation)
        document = BioCDocument()
        document.id = doc.pmid
        for passage in passages:
            document.add_passage(passage)
        collection.add_document(document)
    return str(biocxml.dumps(collection, pretty_print=True))


def as_bc2gm(documents: Iterable[Document]) -> tuple[str, str, str]:
    """BioCreative II GM: the sentences, GENE.eval and ALTGENE.eval."""
    sentences: list[str] = []
    genes: list[str] = []
    alternatives: list[str] = []
    for doc in documents:
        for at, sentence in doc.placed():
            part = f"A{at - len(doc.title.text) - 1:04d}" if at else "T0000"
            sid = f"P{doc.pmid}{part}"
            text = sentence.text
            sentences.append(f"{sid} {text}\n")
            for spans, lines in (
                (sentence.mentions, genes),
                (sentence.alternatives, alternatives),
            ):
                for span in spans:
                    if span.type != "Gene":
                        continue
                    mention = text[span.start : span.end]
                    first = len(text[: span.start].replace(" ", ""))
                    last = first + len(mention.replace(" ", "")) - 1
                    lines.append(f"{sid}|{first} {last}|{mention}\n")
    return "".join(sentences), "".join(genes), "".join(alternatives)


def as_iob(documents: Iterable[Document], kind: str) -> str:
    """Two-column IOB of one type, a blank line after each sentence."""
    lines = []
    for doc in documents:
        for _, sentence in doc.placed():
            mentions = [m for m in sentence.mentions if m.type == kind]
            for token in TOKEN.finditer(sentence.text):
                tag = "O"
                for m in mentions:
                    if m.start <= token.start() < m.end:
                        tag = f"{'B' if token.start() == m.start else 'I'}-{kind}"
                lines.append(f"{token[0]}\t{tag}\n")
            lines.append("\n")
    return "".join(lines)


def find_terms(documents: Iterable[Document], terms: Iterable[str], kind: str) -> Iterator[Document]:
    """The same documents with the longest terms of a list, in any letters, as their only mentions."""
    longest = sorted(set(terms), key=lambda term: (-len(term), term))
    pattern = re.compile(rf"\b(?:{'|'.join(map(re.escape, longest))})\b", re.IGNORECASE)
    for doc in documents:
        title, *abstract = (
            replace(each, mentions=tuple(Span(*match.span(), kind) for match in pattern.finditer(each.text)))
            for each in (doc.title, *doc.abstract)
        )
        yield replace(doc, title=title, abstract=tuple(abstract))


def counts_table(documents: list[Document]) -> str:
    """The Markdown table of counts by split."""
    rows = ["| split | documents | sentences | Disease | Chemical | Gene |"]
    rows.append("|---|---:|---:|---:|---:|---:|")
    for name in (*SPLITS, "total"):
        docs = [d for d in documents if name in (d.split, "total")]
        kinds = Counter(m.type for d in docs for m in d.mentions())
        cells = [len(docs), sum(1 + len(d.abstract) for d in docs)]
        cells += [kinds[kind] for kind in TYPES.values()]
        rows.append("| " + " | ".join([name, *map(str, cells)]) + " |")
    return "\n".join(rows)


def build(source: Path, out: Path) -> list[Document]:
    """Write every format under ``out`` and return the documents."""
    documents = parse_source(source.read_text(encoding="utf-8"))
    for split in SPLITS:
        docs = [d for d in documents if d.split == split]
        write(out / "pubtator" / f"{split}.PubTator", as_pubtator(docs))
        write(out / "bioc" / f"{split}.xml", as_bioc(docs))
        sentences, genes, alternatives = as_bc2gm(docs)
        write(out / "bc2gm" / split / f"{split}.in", sentences)
        write(out / "bc2gm" / split / "GENE.eval", genes)
        write(out / "bc2gm" / split / "ALTGENE.eval", alternatives)
        for kind in TYPES.values():
            write(out / "iob" / kind.lower() / f"{split}.tsv", as_iob(docs, kind))
    terms = (source.parent / "terms" / "disease.txt").read_text(encoding="utf-8").splitlines()
    tests = [doc for doc in documents if doc.split == "test"]
    write(out / "matches" / "disease.PubTator", as_pubtator(find_terms(tests, terms, "Disease")))
    return documents


def main() -> None:
    """Command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--source", type=Path, default=HERE / "source.txt")
    parser.add_argument("--out", type=Path, default=HERE)
    args = parser.parse_args()
    print(counts_table(build(args.source, args.out)))


if __name__ == "__main__":
    main()
