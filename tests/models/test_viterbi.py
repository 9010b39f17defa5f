"""Tag sequences that mean something."""

from itertools import product

from hypothesis import given
from hypothesis import strategies as st

from markner.models.encoder.viterbi import LABELS, likeliest_valid

SCORES = st.lists(st.lists(st.integers(-50, 50), min_size=3, max_size=3), max_size=6)


@given(SCORES)
def test_the_likeliest_valid_sequence_is_that_of_all_sequences(scores: list[list[int]]) -> None:
    def valid(tags: tuple[int, ...]) -> bool:
        return all(LABELS[tag] != "I" or (at > 0 and LABELS[tags[at - 1]] != "O") for at, tag in enumerate(tags))

    def total(tags: tuple[int, ...]) -> int:
        return sum(row[tag] for row, tag in zip(scores, tags, strict=True))

    found = tuple(LABELS.index(tag) for tag in likeliest_valid(scores))
    assert valid(found)
    assert total(found) == max(total(tags) for tags in product(range(3), repeat=len(scores)) if valid(tags))


def test_an_orphan_either_begins_an_entity_or_is_dropped_as_the_words_around_say() -> None:
    weak, strong = [1.0, 0.0, 1.5], [0.0, 2.9, 3.0]
    assert likeliest_valid([weak]) == ["O"]
    assert likeliest_valid([weak, strong]) == ["O", "B"]
    assert likeliest_valid([[1.0, 0.95, 0.0], strong]) == ["B", "I"]
