"""Convert documents to another format. The result is read again, and lost parts are counted by kind."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from pathlib import Path

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
        lost.update(_lost(original, copy))
    return +lost


def _lost(original: Document, copy: Document) -> Counter[str]:
    """Count what one copy lacks. Offsets are compared without white space, which a format may change."""
    place, copied = _counter(original.text), _counter(copy.text)
    bounds = {(place[part.start], place[part.end]) for part in original.passages if part.start < part.end}
    bounds -= {(copied[part.start], copied[part.end]) for part in copy.passages}
    kept: list[Mapping[str, str]] = [part.infons for part in copy.passages]
    kept += [{}] * (len(original.passages) - len(kept))
    infons = sum(len(part.infons.items() - other.items()) for part, other in zip(original.passages, kept, strict=False))
    mentions = Counter((place[item.start], place[item.end], item.type) for item in original.mentions)
    mentions -= Counter((copied[item.start], copied[item.end], item.type) for item in copy.mentions)
    concepts = Counter((place[item.start], place[item.end], item.concept or "") for item in original.mentions)
    concepts -= Counter((copied[item.start], copied[item.end], item.concept or "") for item in copy.mentions)
    scores = Counter((place[item.start], place[item.end], item.confidence or 0.0) for item in original.mentions)
    scores -= Counter((copied[item.start], copied[item.end], item.confidence or 0.0) for item in copy.mentions)
    parts = Counter(place[part.start] for item in original.mentions for part in item.parts)
    parts -= Counter(copied[part.start] for item in copy.mentions for part in item.parts)
    return Counter(
        {
            "documents whose identifier changed": int(original.id != copy.id),
            "documents whose white space changed": int(original.text != copy.text),
            "bounds of passages": len(bounds),
            "properties of passages": infons,
            "properties of documents": len(original.infons.items() - copy.infons.items()),
            "mentions": mentions.total(),
            "concepts": sum(count for (*_, concept), count in concepts.items() if concept),
            "scores": sum(count for (*_, score), count in scores.items() if score),
            "parts of discontinuous mentions": parts.total(),
        }
    )


def _counter(text: str) -> list[int]:
    """Return for each position of a text how many characters before it are not white space."""
    return list(accumulate((not character.isspace() for character in text), initial=0))
