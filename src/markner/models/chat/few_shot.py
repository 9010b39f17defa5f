"""Few-shot examples before the sentence: five at random (paper 3.2), or the nearest ones (paper 5)."""

import random
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from markner.data.documents import Sentence, read_sentences
from markner.errors import MarknerError
from markner.files import read_json, write_json
from markner.markup import mark
from markner.models.chat.params import FewShotParams

Embed = Callable[[Sequence[str]], NDArray[np.floating[Any]]]
"""Texts to vectors: an array of shape (texts, width)."""

_BLOCK = 512
"""Sentences whose similarities are computed at a time."""


@dataclass(frozen=True, slots=True)
class Example:
    """A training sentence and its answer, marked by offset."""

    id: str
    text: str
    answer: str
    mentions: int


def random_examples(train: Sequence[Sentence], count: int, seed: int) -> list[Example]:
    """Draw training examples by the seed, the same for every sentence. They may have no mention at all.

    Raises:
        MarknerError: There are fewer training sentences than examples.
    """
    _enough(train, count)
    return [_example(sentence) for sentence in random.Random(seed).sample(list(train), count)]


def similar_examples(
    train: Sequence[Sentence], sentences: Sequence[Sentence], count: int, embed: Embed
) -> list[list[Example]]:
    """Return for each sentence the nearest training sentences by cosine of their embeddings, the nearest last.

    Of equal training sentences only the first counts. A training sentence that equals the sentence asked about is left
    out: it would give the answer away.

    Raises:
        MarknerError: There are too few training sentences, or `embed` returned vectors that cannot be compared.
    """
    first: dict[str, Sentence] = {}
    for sentence in train:
        first.setdefault(sentence.text, sentence)
    pool = list(first.values())
    _enough(pool, count + 1)
    place = {sentence.text: number for number, sentence in enumerate(pool)}
    candidates = _unit(embed([sentence.text for sentence in pool]), len(pool))
    queries = _unit(embed([sentence.text for sentence in sentences]), len(sentences))
    if queries.shape[1] != candidates.shape[1]:
        raise MarknerError(f"embeddings of {queries.shape[1]} and {candidates.shape[1]} numbers cannot be compared")
    nearest: list[list[Example]] = []
    for start in range(0, len(sentences), _BLOCK):
        scores = queries[start : start + _BLOCK] @ candidates.T
        for row, sentence in zip(scores, sentences[start : start + _BLOCK], strict=True):
            if sentence.text in place:
                row[place[sentence.text]] = -np.inf
            order = np.argsort(-row, kind="stable")[:count]
            nearest.append([_example(pool[number]) for number in reversed(order)])
    return nearest


def choose_examples(
    params: FewShotParams, train: Path | None, sentences: Path, output: Path, embed: Embed | None = None
) -> None:
    """Choose the examples for all sentences of a file, and write each example once.

    `train` is None if no examples are shown. `embed` is needed for `similar`. The JSON file has `corpus`, `selection`,
    `seed` (null if nothing is drawn), `mentions` of all examples together, `shots` (`id`, `text`, `answer`,
    `mentions`), and `sentences` with the examples' identifiers by sentence, in the order shown.
    """
    rows = list(read_sentences(sentences))
    pool = list(read_sentences(train)) if params.shots and train is not None else []
    similar = params.shots > 0 and params.shot_selection == "similar"
    if not similar:
        chosen = [random_examples(pool, params.shots, params.seed)] * len(rows)
    elif embed is None:
        raise MarknerError("`shot_selection: similar` needs an embedding", "name one in the run's `embedding`")
    else:
        chosen = similar_examples(pool, rows, params.shots, embed)
    used = {example.id: example for examples in chosen for example in examples}
    write_json(
        output,
        {
            "corpus": params.corpus,
            "selection": "similar" if similar else "random",
            "seed": None if similar else params.seed,
            "mentions": sum(example.mentions for example in used.values()),
            "shots": [asdict(example) for example in used.values()],
            "sentences": {
                row.id: [example.id for example in examples] for row, examples in zip(rows, chosen, strict=True)
            },
        },
    )


def read_examples(path: Path) -> dict[str, list[Example]]:
    """Return the examples by identifier of the sentence. Raises a MarknerError with the name of a malformed file."""
    value = read_json(path)
    try:
        examples = {row["id"]: Example(**row) for row in value["shots"]}
        return {sentence: [examples[identifier] for identifier in row] for sentence, row in value["sentences"].items()}
    except (AttributeError, KeyError, TypeError) as error:
        raise MarknerError(
            f"{path}: not a file of few-shot examples: {error!r}", "remove the file and run again"
        ) from error


def _example(sentence: Sentence) -> Example:
    return Example(sentence.id, sentence.text, mark(sentence.text, sentence.spans), len(sentence.spans))


def _enough(train: Sequence[Sentence], count: int) -> None:
    if len(train) < count:
        raise MarknerError(
            f"{count} training sentences are needed, {len(train)} are there", "lower `shots`, or name a `shot_corpus`"
        )


def _unit(vectors: NDArray[np.floating[Any]], count: int) -> NDArray[np.float32]:
    """Return the vectors scaled to length one. Vectors of length zero stay."""
    rows: NDArray[np.float32] = np.array(vectors, dtype=np.float32)
    if rows.ndim != 2 or len(rows) != count or not np.isfinite(rows).all():
        raise MarknerError(f"expected {count} finite vectors from the embedding, got an array of shape {rows.shape}")
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    rows /= np.where(lengths == 0, 1, lengths)
    return rows
