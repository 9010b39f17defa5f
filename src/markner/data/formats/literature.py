"""Articles without annotations: PubMed XML (`PubmedArticleSet`) and JATS, the XML of PubMed Central.

Each passage is a title, a part of the abstract or a paragraph, with its kind as infon `type`. Inline elements (`<i>`,
`<sup>`) leave their text. Formats: https://dtd.nlm.nih.gov/ncbi/pubmed/doc/out/250101, https://jats.nlm.nih.gov.
"""

import re
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any, BinaryIO

from markner.data.documents import Document, PassageText, join_passages
from markner.data.formats.annotations import ReadOptions
from markner.data.formats.jsonl import document_name
from markner.errors import MarknerError

if TYPE_CHECKING:
    from lxml.etree import _Element

_LINE_END = re.compile(r"\s*\n\s*")
_BLOCKS = {"p", "title"}
_INSIDE = {
    "fig",
    "fig-group",
    "table-wrap",
    "list",
    "def-list",
    "boxed-text",
    "disp-quote",
    "sec",
    "supplementary-material",
}
_LEFT_OUT = {"table", "ref-list", "disp-formula", "inline-formula", "tex-math", "fn-group", "alternatives", "object-id"}
_NO_TITLE = "[Not Available]"
"""What PubMed writes as the title of an article without an English one."""
_IDENTIFIERS = ("pmcid", "pmc", "pmid", "doi")


def read_pubmed(stream: BinaryIO, name: str, options: ReadOptions) -> Iterator[Document]:
    """Read the articles of a PubMed file one by one: the title, then each part of the abstract.

    The label of a part is its infon `section`. An article without an English title has its title in its own language;
    abstracts in other languages are left out.

    Raises:
        MarknerError: not XML, or an entity of its own; names the file and the line or article.
    """
    articles = xml_elements(
        stream, name, ["PubmedArticle", "PubmedBookArticle"], ["PubmedArticleSet", "PubmedBookArticleSet"]
    )
    for number, article in enumerate(articles, start=1):
        identifier = document_name(article.findtext(".//PMID"), number, options)
        where = f"{name}, article {identifier}"
        titles = [_text(where, element) for tag in ("ArticleTitle", "VernacularTitle") for element in article.iter(tag)]
        known = (title for title in titles if title and title.rstrip(".") != _NO_TITLE)
        passages = [PassageText(next(known, ""), None, {"type": "title"})]
        for part in article.iterfind(".//Abstract/AbstractText"):
            label = part.get("Label")
            infons = {"type": "abstract", "section": label} if label else {"type": "abstract"}
            passages.append(PassageText(_text(where, part), None, infons))
        yield join_passages(identifier, [passage for passage in passages if passage.text])


def read_jats(stream: BinaryIO, name: str, options: ReadOptions) -> Iterator[Document]:
    """Read the articles of a JATS file: title, abstracts, and titles, paragraphs and captions of the body.

    Tables, formulas and references are left out. The name is the identifier of PubMed Central, else the PMID or DOI.

    Raises:
        MarknerError: not XML, or an entity of its own; names the file and the line or article.
    """
    for number, article in enumerate(xml_elements(stream, name, ["{*}article"], ["pmc-articleset"]), start=1):
        numbers = {item.get("pub-id-type"): item.text or "" for item in article.iterfind("{*}front//{*}article-id")}
        kind = next((kind for kind in _IDENTIFIERS if numbers.get(kind)), None)
        identifier = document_name(kind and numbers[kind], number, options)
        if kind == "pmc" and identifier.isdecimal():
            identifier = f"PMC{identifier}"
        where = f"{name}, article {identifier}"
        title = article.find("{*}front/{*}article-meta/{*}title-group/{*}article-title")
        passages = [PassageText("" if title is None else _text(where, title), None, {"type": "title"})]
        for abstract in article.iterfind("{*}front/{*}article-meta/{*}abstract"):
            passages += _passages(where, abstract, "abstract")
        for body in article.iterfind("{*}body"):
            passages += _passages(where, body, "paragraph")
        yield join_passages(identifier, [passage for passage in passages if passage.text])


def xml_elements(stream: BinaryIO, name: str, tags: Sequence[str], roots: Collection[str]) -> Iterator["_Element"]:
    """Yield the elements with these tags one after another. Each is freed before the next is read.

    Raises:
        MarknerError: The stream is not XML (names the file and the line), or has no such element and none of these
            elements as its root: it is XML of another kind.
    """
    from lxml import etree

    parsed = etree.iterparse(stream, events=("end",), tag=tags, resolve_entities=False, no_network=True)
    empty = True
    try:
        for _, element in parsed:
            empty = False
            yield element
            element.clear()
            while element.getprevious() is not None:
                del element.getparent()[0]
    except etree.XMLSyntaxError as error:
        raise MarknerError(
            f"{name}, line {error.lineno}: not XML: {error.msg}", "fetch the file again, or name its format"
        ) from error
    root = _local(parsed.root)
    if empty and root not in roots:
        wanted = " or ".join(f"<{tag.removeprefix('{*}')}>" for tag in tags)
        raise MarknerError(
            f"{name}: the XML of <{root}> has no {wanted}", "BioC, JATS and PubMed XML are read: name the file's format"
        )


def _passages(where: str, element: "_Element", kind: str) -> Iterator[PassageText]:
    for child in element.iterchildren():
        local = _local(child)
        if local in _BLOCKS:
            yield PassageText(_text(where, child), None, {"type": "section title" if local == "title" else kind})
            # Figures and lists inside of a paragraph come after it.
            for inner in child.iterchildren():
                if _local(inner) in _INSIDE:
                    yield from _passages(where, inner, kind)
        elif local == "caption":
            yield from _passages(where, child, "caption")
        elif local not in _LEFT_OUT:
            yield from _passages(where, child, kind)


def _text(where: str, element: "_Element") -> str:
    """Return the text of an element with its inline elements; line ends with their white space become a space."""
    return _LINE_END.sub(" ", "".join(_pieces(where, element))).strip()


def _pieces(where: str, element: "_Element") -> Iterator[str]:
    yield element.text or ""
    for child in element.iterchildren():
        local = _local(child)
        if local == "&":
            raise MarknerError(
                f"{where}: the entity {child.text} is not expanded", "write the character itself in its place"
            )
        if local == "break":
            yield "\n"
        if local not in _INSIDE | _LEFT_OUT | {""}:
            yield from _pieces(where, child)
        yield child.tail or ""


def _local(element: Any) -> str:
    """Return the name of an element without its namespace: `&` for an entity, empty for comments and instructions."""
    from lxml import etree

    if isinstance(element.tag, str):
        return str(etree.QName(element).localname)
    return "&" if element.tag is etree.Entity else ""
