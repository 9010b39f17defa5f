"""Convert documents to another format. The result is read again, and lost parts are counted by kind."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any

from markner.data.documents import Document, without_space
from markner.data.formats.annotations import ReadOptions
from markner.data.formats.document_files import check_output, read_documents, read_types, write_documents
from markner.study.schema.formats import InputFormat, OutputFormat


def convert(
    inputs: Sequence[str | Path],
    file_format: InputFormat,
    output: Path,
    output_format: OutputFormat,
    options: ReadOptions,
) -> tuple[int, Counter[str]]:
    """Write documents in another format. Return their number, and the counts of lost parts by kind.

    The written documents are read back and compared, so the counts hold for every pair of formats. All documents are
    in memory meanwhile.

    Raises:
        MarknerError: a file is damaged or has mentions but none of the wanted types, the format cannot hold a
            character, or the output would replace other files (`check_output`).
    """
    check_output(output, output_format, inputs, file_format)
    documents = read_types(inputs, file_format, options)
    write_documents(documents, output, output_format)
    if not documents:
        return 0, Counter()  # a brat folder without texts cannot be read
    return len(documents), losses(documents, read_documents([output], output_format, ReadOptions()))


def losses(originals: Sequence[Document], copies: Iterable[Document]) -> Counter[str]:
    """Count by kind what copies of documents lack; a document is found by its text without white space."""
    by_text: dict[str, list[Document]] = defaultdict(list)
    for copy in copies:
        by_text[without_space(copy.text)].append(copy)
    lost: Counter[str] = Counter()
    for original in originals:
        lost.update(original.ignored)
        copies_of_text = by_text[without_space(original.text)]
        if not copies_of_text:
            lost.update({"documents": 1, "mentions": len(original.mentions)})
            continue
        copy = next((each for each in copies_of_text if each.id == original.id), copies_of_text[0])
        copies_of_text.remove(copy)
        kept = _parts(copy)
        lost.update({kind: (parts - kept[kind]).total() for kind, parts in _parts(original).items()})
    return +lost


def _parts(document: Document) -> dict[str, Counter[Any]]:
    """Return all parts of a document by kind. Offsets do not count white space, which a format may change."""
    place = list(accumulate((not character.isspace() for character in document.text), initial=0))
    mentions = [(place[item.start], place[item.end], item) for item in document.mentions]
    return {
        "documents whose identifier changed": Counter([document.id]),
        "documents whose white space changed": Counter([document.text]),
        "bounds of passages": Counter(
            {(place[part.start], place[part.end]) for part in document.passages if part.start < part.end}
        ),
        "properties of passages": Counter(
            (number, infon) for number, part in enumerate(document.passages) for infon in part.infons.items()
        ),
        "properties of documents": Counter(document.infons.items()),
        "mentions": Counter((start, end, item.type) for start, end, item in mentions),
        "concepts": Counter((start, end, item.concept) for start, end, item in mentions if item.concept),
        "scores": Counter((start, end, item.confidence) for start, end, item in mentions if item.confidence),
        "parts of discontinuous mentions": Counter(
            place[part.start] for item in document.mentions for part in item.parts
        ),
    }
