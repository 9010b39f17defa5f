import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from chat_support import chat_run, few_shot_params
from numpy.typing import NDArray

from markner.data.documents import Sentence, Span, write_sentences
from markner.errors import MarknerError
from markner.models.chat.few_shot import (
    choose_examples,
    random_examples,
    read_examples,
    similar_examples,
)


def sentence(identifier: str, text: str, *spans: Span) -> Sentence:
    return Sentence(identifier, "d", text, spans, spans)


TRAIN = [sentence(f"t{number}", f"gene{number} binds", Span(0, 5)) for number in range(10)]


def letters(texts: Sequence[str]) -> NDArray[np.floating[Any]]:
    return np.array([[text.count(letter) for letter in "abcdefgh"] for text in texts], dtype=float)


def test_random_examples_are_drawn_by_the_seed() -> None:
    first = random_examples(TRAIN, 5, 1)
    assert first == random_examples(TRAIN, 5, 1) != random_examples(TRAIN, 5, 2)
    assert len({example.id for example in first}) == 5
    assert all(
        example.answer == f"<mark>{example.text[:5]}</mark> binds" and example.mentions == 1 for example in first
    )
    with pytest.raises(MarknerError, match="11 training sentences are needed, 10 are there"):
        random_examples(TRAIN, 11, 1)


def test_similar_examples_are_the_nearest_and_never_the_sentence_itself() -> None:
    train = [
        sentence("x", "aaab"),
        sentence("y", "aab"),
        sentence("z", "hhh"),
        sentence("y2", "aab"),
        sentence("w", ""),
    ]
    (row,) = similar_examples(train, [sentence("q", "aab")], 2, letters)
    assert [example.id for example in row] == ["z", "x"]
    (row,) = similar_examples(train, [sentence("q", "aabb")], 2, letters)
    assert [example.id for example in row] == ["x", "y"]


def test_similar_examples_agree_with_a_plain_search() -> None:
    rng = np.random.default_rng(1)
    vectors = rng.normal(size=(700, 6))
    place = {f"s{number}": number for number in range(700)}

    def embed(texts: Sequence[str]) -> NDArray[np.floating[Any]]:
        return vectors[[place[text] for text in texts]]

    train = [sentence(f"t{number}", f"s{number}") for number in range(100)]
    queries = [sentence(f"q{number}", f"s{number}") for number in range(100, 700)]
    for query, row in zip(queries, similar_examples(train, queries, 3, embed), strict=True):
        a = vectors[place[query.text]]
        cosine = [float(a @ b / np.linalg.norm(a) / np.linalg.norm(b)) for b in vectors[:100]]
        assert [example.id for example in row] == [f"t{number}" for number in np.argsort(cosine)[-3:]]


@pytest.mark.parametrize("broken", [np.zeros(3), np.full((5, 2), np.nan), np.zeros((4, 2))])
def test_vectors_that_cannot_be_compared_are_refused(broken: NDArray[np.floating[Any]]) -> None:
    with pytest.raises(MarknerError, match="expected 10 finite vectors"):
        similar_examples(TRAIN, TRAIN[:1], 2, lambda texts: broken)


def test_the_file_of_examples_has_their_mentions(tmp_path: Path) -> None:
    write_sentences(tmp_path / "train.jsonl", TRAIN)
    write_sentences(tmp_path / "test.jsonl", [sentence("q", "some text"), sentence("r", "more text")])
    arguments = (tmp_path / "train.jsonl", tmp_path / "test.jsonl", tmp_path / "few_shot.json")
    choose_examples(few_shot_params(chat_run(shots=5), 7, "corpus"), *arguments)
    value = json.loads((tmp_path / "few_shot.json").read_text())
    assert (value["corpus"], value["selection"], value["seed"], value["mentions"]) == ("corpus", "random", 7, 5)
    examples = read_examples(tmp_path / "few_shot.json")
    assert examples["q"] == examples["r"] == random_examples(TRAIN, 5, 7)
    choose_examples(
        few_shot_params(chat_run(shots=2, shot_selection="similar", embedding="e"), 7, "corpus"),
        *arguments,
        embed=letters,
    )
    assert json.loads((tmp_path / "few_shot.json").read_text())["seed"] is None
    with pytest.raises(MarknerError, match="needs an embedding"):
        choose_examples(
            few_shot_params(chat_run(shots=2, shot_selection="similar", embedding="e"), 7, "corpus"), *arguments
        )
    choose_examples(few_shot_params(chat_run(), 7, "corpus"), *arguments)
    assert read_examples(tmp_path / "few_shot.json") == {"q": [], "r": []}


def test_a_malformed_file_of_examples_is_named(tmp_path: Path) -> None:
    write_sentences(tmp_path / "train.jsonl", TRAIN)
    write_sentences(tmp_path / "test.jsonl", [sentence("q", "some text")])
    params = few_shot_params(chat_run(shots=2))
    choose_examples(params, tmp_path / "train.jsonl", tmp_path / "test.jsonl", tmp_path / "a.json")
    value = json.loads((tmp_path / "a.json").read_text())
    del value["shots"][0]
    (tmp_path / "a.json").write_text(json.dumps(value))
    with pytest.raises(MarknerError, match=r"a\.json: not a file of few-shot examples"):
        read_examples(tmp_path / "a.json")
