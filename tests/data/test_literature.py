"""PubMed XML and JATS as inputs: titles, abstracts, inline elements, archives, memory, and refused entities."""

import gzip
import io
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from markner.data.documents import Document
from markner.data.formats import literature
from markner.data.formats.annotations import ReadOptions
from markner.data.formats.document_files import read_documents
from markner.errors import MarknerError

HEAD = '<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE PubmedArticleSet PUBLIC "-//NLM//DTD PubMed//EN" "p.dtd">\n'
ARTICLE = """<PubmedArticle><MedlineCitation><PMID Version="1">{}</PMID><Article>
<ArticleTitle>Effects of <i>BRCA1</i> on 10<sup>3</sup>
   cells.</ArticleTitle>
<Abstract><AbstractText Label="AIMS" NlmCategory="OBJECTIVE">To treat gout &amp; pain.</AbstractText>
<AbstractText Label="RESULTS">None <!-- no comment -->died.</AbstractText></Abstract></Article>
<OtherAbstract Language="spa"><AbstractText>Tratar.</AbstractText></OtherAbstract>
</MedlineCitation><PubmedData><ReferenceList><Reference><ArticleIdList/></Reference></ReferenceList></PubmedData>
</PubmedArticle>"""
OTHER = (
    "<PubmedArticle><MedlineCitation><PMID>8</PMID><Article><ArticleTitle/>"
    "<VernacularTitle>Über Gicht.</VernacularTitle></Article></MedlineCitation></PubmedArticle>"
)
PUBMED = f"{HEAD}<PubmedArticleSet>{ARTICLE.format(7)}{OTHER}</PubmedArticleSet>"
JATS = """<?xml version="1.0"?>
<!DOCTYPE article PUBLIC "-//NLM//DTD JATS//EN" "JATS-archivearticle1.dtd">
<article xmlns:xlink="http://www.w3.org/1999/xlink"><front><journal-meta><journal-id>x</journal-id></journal-meta>
<article-meta><article-id pub-id-type="pmid">5</article-id><article-id pub-id-type="pmc">42</article-id>
<title-group><article-title>On <italic>gout</italic></article-title></title-group>
<abstract><sec><title>Aim</title><p>To treat.</p></sec></abstract></article-meta></front>
<body><sec><title>Methods</title><p>We gave <bold>aspirin</bold> (<xref>1</xref>).
<fig><label>Fig. 1</label><caption><p>A hand.</p></caption></fig> Daily.</p>
<table-wrap><caption><p>Doses.</p></caption><table><tr><td>1</td></tr></table></table-wrap></sec></body>
<back><ref-list><ref><mixed-citation>Left out</mixed-citation></ref></ref-list></back></article>"""


def read(path: Path) -> list[Document]:
    return list(read_documents([path], "auto", ReadOptions(mentions=False)))


def parts(document: Document) -> list[tuple[str, str]]:
    return [(part.infons["type"], document.text[part.start : part.end]) for part in document.passages]


def check_pubmed(documents: list[Document]) -> None:
    first, second = documents
    assert (first.id, second.id) == ("7", "8")
    assert parts(first) == [
        ("title", "Effects of BRCA1 on 103 cells."),
        ("abstract", "To treat gout & pain."),
        ("abstract", "None died."),
    ]
    assert [part.infons.get("section") for part in first.passages] == [None, "AIMS", "RESULTS"]
    assert parts(second) == [("title", "Über Gicht.")]


@pytest.mark.parametrize("name", ["a.xml", "a.xml.gz", "a", "a.tar", "a.tar.gz"])
def test_pubmed_is_recognized_and_read_packed_too(tmp_path: Path, name: str) -> None:
    path, content = tmp_path / name, PUBMED.encode()
    if ".tar" in name:
        with tarfile.open(path, "w:gz" if name.endswith("gz") else "w") as archive:
            for member, data in (("in/one.xml.gz", gzip.compress(content)), ("in/.hidden.xml", b"<x")):
                info = tarfile.TarInfo(member)
                info.size = len(data)
                archive.addfile(info, io.BytesIO(data))
    else:
        path.write_bytes(gzip.compress(content) if name.endswith("gz") else content)
    check_pubmed(read(path))


def test_the_placeholder_of_a_title_is_not_read(tmp_path: Path) -> None:
    known = OTHER.replace("<ArticleTitle/>", "<ArticleTitle>[Not Available].</ArticleTitle>")
    unknown = known.replace("<VernacularTitle>Über Gicht.</VernacularTitle>", "")
    (tmp_path / "a.xml").write_text(f"{HEAD}<PubmedArticleSet>{known}{unknown}</PubmedArticleSet>", encoding="utf-8")
    assert [parts(document) for document in read(tmp_path / "a.xml")] == [[("title", "Über Gicht.")], []]


def test_articles_without_an_identifier_are_named_by_file_and_number(tmp_path: Path) -> None:
    nameless = OTHER.replace("<PMID>8</PMID>", "")
    (tmp_path / "a.xml").write_text(f"<PubmedArticleSet>{nameless}{nameless}</PubmedArticleSet>", encoding="utf-8")
    (tmp_path / "b.nxml").write_text("<article><front/></article>", encoding="utf-8")
    assert [document.id for document in read(tmp_path)] == ["a#1", "a#2", "b#1"]


def test_a_line_break_within_a_title_is_a_space(tmp_path: Path) -> None:
    for name, line_break in (("a.xml", "<break/>"), ("b.xml", " <break />\n")):
        (tmp_path / name).write_text(JATS.replace("On <italic>", f"On{line_break}<italic>"), encoding="utf-8")
    assert [parts(document)[0] for document in read(tmp_path)] == [("title", "On gout")] * 2


def test_jats_is_recognized_and_read(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(JATS, encoding="utf-8")
    (document,) = read(tmp_path / "a.xml")
    assert document.id == "PMC42"
    assert parts(document) == [
        ("title", "On gout"),
        ("section title", "Aim"),
        ("abstract", "To treat."),
        ("section title", "Methods"),
        ("paragraph", "We gave aspirin (1). Daily."),
        ("caption", "A hand."),
        ("caption", "Doses."),
    ]


@pytest.mark.parametrize("declared", ['SYSTEM "file:///etc/hostname"', '"aaaaaaaaaa"'])
def test_entities_are_refused(tmp_path: Path, declared: str) -> None:
    content = PUBMED.replace('"p.dtd">', f'"p.dtd" [<!ENTITY a {declared}><!ENTITY b "&a;&a;&a;&a;">]>')
    (tmp_path / "a.xml").write_text(content.replace("gout", "&b;"), encoding="utf-8")
    with pytest.raises(MarknerError, match=r"a\.xml, article 7: the entity &b; is not expanded"):
        read(tmp_path / "a.xml")


def test_a_cut_file_and_a_damaged_archive_are_named(tmp_path: Path) -> None:
    (tmp_path / "a.xml").write_text(PUBMED[:-30], encoding="utf-8")
    with pytest.raises(MarknerError, match=r"a\.xml, line \d+: not XML"):
        read(tmp_path / "a.xml")
    (tmp_path / "a.tar").write_bytes(b"x" * 2000)
    with pytest.raises(MarknerError, match=r"a\.tar: the archive is damaged"):
        read(tmp_path / "a.tar")


class Endless(io.RawIOBase):
    """A file of many articles, made as it is read."""

    def __init__(self, count: int) -> None:
        self._pieces = self._make(count)
        self._rest = b""

    def _make(self, count: int) -> Iterator[bytes]:
        yield f"{HEAD}<PubmedArticleSet>".encode()
        for number in range(count):
            yield ARTICLE.format(number).encode()
        yield b"</PubmedArticleSet>"

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        while not self._rest:
            try:
                self._rest = next(self._pieces)
            except StopIteration:
                return 0
        size = min(len(buffer), len(self._rest))
        buffer[:size], self._rest = self._rest[:size], self._rest[size:]
        return size


def resident_kilobytes() -> int:
    (line,) = (row for row in Path("/proc/self/status").read_text().splitlines() if row.startswith("VmRSS"))
    return int(line.split()[1])


@pytest.mark.skipif(not Path("/proc/self/status").is_file(), reason="memory is read from /proc")
def test_memory_does_not_grow_with_the_number_of_articles() -> None:
    stream = io.BufferedReader(Endless(10_000))
    sizes = []
    for number, _ in enumerate(literature.read_pubmed(stream, "many", ReadOptions()), start=1):
        if number in (1_000, 10_000):
            sizes.append(resident_kilobytes())
    assert sizes[1] - sizes[0] < 10_000, "nine thousand articles of 800 bytes"
