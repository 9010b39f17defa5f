"""Training examples shown before the sentence: five at random (paper 3.2), or the nearest (paper 5)."""

import os
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from markner.data.documents import Sentence, read_sentences
from markner.errors import MarknerError
from markner.files import read_json, write_json
from markner.markup import mark
from markner.models.chat.params import FewShotParams
from markner.study.schema.chat_runs import ChatRun

Embed = Callable[[Sequence[str]], NDArray[np.floating[Any]]]
"""Texts to vectors: an array of shape (texts, width)."""

_BLOCK = 512
"""Sentences whose similarities to all training sentences are held at a time."""


@dataclass(frozen=True, slots=True)
class Shot:
    """A training sentence and its answer, marked by offset."""

    id: str
    text: str
    answer: str
    mentions: int


def random_shots(train: Sequence[Sentence], count: int, seed: int) -> list[Shot]:
    """Training examples drawn by the seed, the same for every sentence; they may hold no mention at all.

    Raises:
        MarknerError: There are fewer training sentences than examples asked for.
    """
    _enough(train, count)
    return [_shot(sentence) for sentence in random.Random(seed).sample(list(train), count)]


def similar_shots(
    train: Sequence[Sentence], sentences: Sequence[Sentence], count: int, embed: Embed
) -> list[list[Shot]]:
    """For each sentence the nearest training sentences by cosine of their embeddings, the nearest last.

    Of equal training sentences only the first counts; one that equals the sentence asked about is never shown, since
    it would give the answer away. The nearest stands last, next to the question.

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
    found: list[list[Shot]] = []
    for start in range(0, len(sentences), _BLOCK):
        scores = queries[start : start + _BLOCK] @ candidates.T
        for row, sentence in zip(scores, sentences[start : start + _BLOCK], strict=True):
            if sentence.text in place:
                row[place[sentence.text]] = -np.inf
            nearest = np.argsort(-row, kind="stable")[:count]
            found.append([_shot(pool[number]) for number in reversed(nearest)])
    return found


def choose_shots(
    run: ChatRun | FewShotParams,
    seed: int,
    corpus: str,
    train: str | os.PathLike[str] | None,
    sentences: str | os.PathLike[str],
    output: str | os.PathLike[str],
    embed: Embed | None = None,
) -> None:
    """Choose and write the examples for all sentences of a file, as the run says.

    Args:
        run: How many, and how they are chosen.
        seed: Seed of the draw.
        corpus: Corpus whose training split gives the examples.
        train: Sentences of that split; not needed where no examples are shown.
        sentences: Sentences that are asked about.
        output: The file of examples.
        embed: Texts to vectors; for `similar`.
    """
    asked = list(read_sentences(sentences))
    pool = list(read_sentences(train)) if run.shots and train is not None else []
    if run.shots and run.shot_selection == "similar":
        if embed is None:
            raise MarknerError("`shot_selection: similar` needs an embedding", "name one in the run's `embedding`")
        rows = similar_shots(pool, asked, run.shots, embed)
        write_shots(output, corpus, "similar", None, {s.id: row for s, row in zip(asked, rows, strict=True)})
        return
    drawn = random_shots(pool, run.shots, seed)
    write_shots(output, corpus, "random", seed, {sentence.id: drawn for sentence in asked})


def write_shots(
    path: str | os.PathLike[str],
    corpus: str,
    selection: str,
    seed: int | None,
    shots: Mapping[str, Sequence[Shot]],
) -> None:
    """Write the examples of all sentences with their mention counts, each example once.

    Args:
        path: The JSON file: `corpus`, `selection`, `seed`, `mentions` of all examples together, `shots` (`id`, `text`,
            `answer`, `mentions`) and `sentences`, the examples' identifiers by sentence, in the order shown.
        corpus: Corpus whose training split they come from.
        selection: How they were chosen.
        seed: Seed of the draw, None where nothing is drawn.
        shots: Examples by identifier of the sentence.
    """
    used = {shot.id: shot for row in shots.values() for shot in row}
    write_json(
        path,
        {
            "corpus": corpus,
            "selection": selection,
            "seed": seed,
            "mentions": sum(shot.mentions for shot in used.values()),
            "shots": [
                {"id": shot.id, "text": shot.text, "answer": shot.answer, "mentions": shot.mentions}
                for shot in used.values()
            ],
            "sentences": {sentence: [shot.id for shot in row] for sentence, row in shots.items()},
        },
    )


def read_shots(path: str | os.PathLike[str]) -> dict[str, list[Shot]]:
    """Examples by identifier of the sentence; raises a MarknerError that names a malformed file."""
    value = read_json(path)
    try:
        shots = {row["id"]: Shot(row["id"], row["text"], row["answer"], row["mentions"]) for row in value["shots"]}
        return {sentence: [shots[identifier] for identifier in row] for sentence, row in value["sentences"].items()}
    except (AttributeError, KeyError, TypeError) as error:
        raise MarknerError(f"{path}: not a file of examples: {error!r}") from error


def _shot(sentence: Sentence) -> Shot:
    return Shot(sentence.id, sentence.text, mark(sentence.text, sentence.spans), len(sentence.spans))


def _enough(train: Sequence[Sentence], count: int) -> None:
    if len(train) < count:
        raise MarknerError(
            f"{count} training sentences are needed, {len(train)} are there", "lower `shots`, or name a `shot_corpus`"
        )


def _unit(vectors: NDArray[np.floating[Any]], count: int) -> NDArray[np.float32]:
    """Vectors of length one; those of length zero stay."""
    rows: NDArray[np.float32] = np.array(vectors, dtype=np.float32)
    if rows.ndim != 2 or len(rows) != count or not np.isfinite(rows).all():
        raise MarknerError(f"expected {count} finite vectors from the embedding, got an array of shape {rows.shape}")
    lengths = np.linalg.norm(rows, axis=1, keepdims=True)
    rows /= np.where(lengths == 0, 1, lengths)
    return rows
