"""The prompts of a writing model, and the file format of its sentences, the candidates."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field

from markner.data.documents import Sentence, read_sentences
from markner.data.sampling import subset
from markner.errors import MarknerError
from markner.markup import mark


@dataclass(frozen=True, slots=True)
class Candidate:
    """One line that a model wrote, with its origin: a row of candidates.jsonl.

    `model` is the name of the writing model in the study, `seed` the seed of the self-instruct set, `shown` the
    identifiers of the seed sentences in the order of the prompt. `raw` is the unchanged text; `finished` is False if
    the length limit came before the end of the line.
    """

    number: Annotated[int, Field(alias="candidate")]
    model: str
    seed: int
    shown: tuple[str, ...]
    raw: str
    finished: bool


def draw_seed(sentences: Path, size: int, seed: int) -> list[Sentence]:
    """Draw the seed sentences, in the order of the corpus; a larger draw contains a smaller one.

    Raises:
        MarknerError: none of them has a mention to show.
    """
    rows = list(read_sentences(sentences))
    drawn = [rows[place] for place in subset(len(rows), limit=size, seed=seed)]
    if not any(row.spans for row in drawn):
        raise MarknerError(
            f"{sentences}: none of the {len(drawn)} seed sentences has a mention", "raise `seed_sentences`"
        )
    return drawn


def shown_to(number: int, seed_sentences: Sequence[Sentence], examples: int, seed: int) -> list[Sentence]:
    """Draw the seed sentences of one candidate's prompt, among the seed sentences with a mention."""
    marked = [sentence for sentence in seed_sentences if sentence.spans]
    return random.Random(f"{seed}/{number}").sample(marked, min(examples, len(marked)))


def writing_prompt(request: str, entity: str, shown: Sequence[Sentence]) -> str:
    """Return the text that the model continues: the request and a numbered list whose last entry is open."""
    lines = [f"{number}. {mark(row.text, row.spans)}" for number, row in enumerate(shown, start=1)]
    # No space at the end: in most vocabularies it belongs to the next word.
    return "\n".join([request.replace("{entity}", entity), "", *lines, f"{len(shown) + 1}."])
