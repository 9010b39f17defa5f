"""Find the document of each sentence again, for files of sentences that do not name it."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from operator import itemgetter

from markner.data.documents import Document, Sentence, without_space


def documents_of(sentences: Sequence[Sentence], documents: Iterable[Document]) -> list[str | None]:
    """Return the document of each sentence by its text without white space, None if no document contains it.

    A sentence in several documents belongs to the document of a neighbor. Neighbors are the last sentence before it and
    the next sentence after it that are in one document only. The first of these documents that contains the sentence is
    taken, else none.
    """
    texts = {document.id: without_space(document.text) for document in documents}
    joined = "\n".join(texts.values())
    ends, position = [], 0
    for name, text in texts.items():
        position += len(text) + 1
        ends.append((position, name))
    candidates = [_containing(without_space(sentence.text), joined, ends) for sentence in sentences]
    before = _nearest(candidates)
    after = _nearest(candidates[::-1])[::-1]
    return [
        next((name for name in (left, right) if name in names), None)
        for names, left, right in zip(candidates, before, after, strict=True)
    ]


def _containing(text: str, joined: str, ends: Sequence[tuple[int, str]]) -> list[str]:
    """Return the documents that contain a text."""
    names: list[str] = []
    place = joined.find(text) if text else -1
    while place >= 0:
        end, name = ends[bisect_right(ends, place, key=itemgetter(0))]
        names.append(name)
        place = joined.find(text, end)
    return names


def _nearest(candidates: Sequence[Sequence[str]]) -> list[str | None]:
    """Return for each sentence the document of the last one up to it that is in one document alone."""
    nearest: list[str | None] = []
    last: str | None = None
    for names in candidates:
        last = names[0] if len(names) == 1 else last
        nearest.append(last)
    return nearest
