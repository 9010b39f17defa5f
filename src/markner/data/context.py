"""The context of sentences: text of their document that a model reads beside them and does not tag."""

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal, NamedTuple

from markner.data.documents import Sentence

ContextKind = Literal["none", "neighbors", "title"]


class Context(NamedTuple):
    """The text before and after a sentence; empty if there is none."""

    before: str = ""
    after: str = ""

    @property
    def text(self) -> str:
        """Context for a prompt, with `[...]` where the sentence stands; empty if there is none."""
        return " ".join(part for part in (self.before, "[...]", self.after) if part) if any(self) else ""


def contexts(sentences: Sequence[Sentence], kind: ContextKind) -> list[Context]:
    """Return the context of each sentence of a file, in which those of a document follow each other in their order.

    `neighbors` are the sentence before and the sentence after it in the document; `title` is the first sentence of the
    document, for each of its other sentences.
    """
    if kind == "none":
        return [Context()] * len(sentences)
    if kind == "neighbors":
        joined = [one.document == other.document for one, other in pairwise(sentences)]
        before = [one.text if same else "" for one, same in zip(sentences, joined, strict=False)]
        after = [other.text if same else "" for other, same in zip(sentences[1:], joined, strict=True)]
        return [Context(*each) for each in zip(["", *before], [*after, ""], strict=True)] if sentences else []
    around: list[Context] = []
    title = Sentence("", "", "")
    for number, sentence in enumerate(sentences):
        if number == 0 or sentence.document != title.document:
            title = sentence
        around.append(Context("" if sentence is title else title.text))
    return around
