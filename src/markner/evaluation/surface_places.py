"""Where the surfaces of a corpus' mentions stand: the places that are marked and those that are not."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field

from markner.data.documents import Sentence, Span, overlaps
from markner.data.repair.surfaces import Surface, Words, lengths_of
from markner.data.sentences import resolve_overlaps


@dataclass(frozen=True, slots=True)
class Places:
    """The places of one surface: sentence and offsets. `marked`: a gold mention; `unmarked`: free of all mentions."""

    marked: list[tuple[Sentence, Span]] = field(default_factory=list)
    unmarked: list[tuple[Sentence, Span]] = field(default_factory=list)

    def annotated_otherwise(self, *, marked: bool, itself: bool = True) -> tuple[int, int]:
        """Return how many places are annotated otherwise than one of them, and the number of other places.

        `marked` says whether the one place is marked, `itself` whether it is counted here.
        """
        otherwise = self.unmarked if marked else self.marked
        return len(otherwise), len(self.marked) + len(self.unmarked) - itself


def surface_of(text: str, span: Span) -> Surface | None:
    """Return the words of a span, lower-cased; None if it does not begin and end with a word."""
    return Words(text, str.lower).surface(span)


def surface_places(sentences: Sequence[Sentence]) -> dict[Surface, Places]:
    """Return the places of each surface that is marked anywhere in these sentences, by its words, lower-cased.

    An unmarked place begins and ends with a word and overlaps no annotation; of overlapping ones the longest counts.
    """
    places: dict[Surface, Places] = defaultdict(Places)
    texts = [Words(sentence.text, str.lower) for sentence in sentences]
    for sentence, words in zip(sentences, texts, strict=True):
        for span in sentence.spans:
            if (surface := words.surface(span)) is not None:
                places[surface].marked.append((sentence, span))
    lengths = lengths_of(places)
    for sentence, words in zip(sentences, texts, strict=True):
        taken = {*sentence.mentions, *sentence.spans}
        free = {span: surface for surface, span in words.occurrences(places, lengths) if not overlaps(span, taken)}
        for span in resolve_overlaps(free):
            places[free[span]].unmarked.append((sentence, span))
    return dict(places)
