"""The rule by which the paper's authors marked their released sentences: replacement of text, with its defects."""

import os
from collections.abc import Iterable, Sequence

from markner.data.documents import Sentence, Span
from markner.files import atomic
from markner.tags import Tag, spans_from_tags


def author_marks(tokens: Sequence[str], tags: Sequence[Tag]) -> str:
    """Return the sentence as the authors marked it, without the trailing space of their lines.

    The authors marked by text, not by offset: for each mention `m` in order, they replaced the first `m + " "` of the
    sentence marked so far by `<mark>m</mark> `. So marks may be nested, inside a word (`CONCLUSIO<mark>N</mark>`) or at
    an earlier occurrence of the same text. A mention of one token at the end of the sentence is lost; a longer one
    there is kept. The rule is derived from their released files, whose counts and defects it reproduces
    (BIDS-Xu-Lab/BioNER-LLaMA, datasets).
    """
    marked = "".join(f"{token} " for token in tokens)
    places = [Span(place, place + 1) for place in range(len(tokens))]
    for start, end in spans_from_tags(places, tags):
        if end < len(tokens) or end - start > 1:
            mention = " ".join(tokens[start:end])
            marked = marked.replace(f"{mention} ", f"<mark>{mention}</mark> ", 1)
    return marked.removesuffix(" ")


def write_author_release(sentences: Iterable[Sentence], path: str | os.PathLike[str]) -> None:
    """Write the file of the author release: one marked sentence a line, each with its trailing space.

    Sentences that the release lacks (`released` is None) are left out.
    """
    with atomic(path) as stream:
        stream.writelines(f"{sentence.released} \n" for sentence in sentences if sentence.released is not None)
