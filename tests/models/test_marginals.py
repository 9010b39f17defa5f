"""Confidences of an encoder's mentions, against the enumeration of all tag sequences."""

import math
import re
from collections.abc import Sequence
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from markner.models.encoder.marginals import mention_marginals
from markner.models.encoder.viterbi import IMPOSSIBLE, LABELS, likeliest_valid
from markner.tags import Tag

SCORES = st.lists(st.lists(st.floats(-30, 30), min_size=3, max_size=3), min_size=1, max_size=6)


def all_valid(length: int) -> list[tuple[Tag, ...]]:
    sequences = ("".join(tags) for tags in product(LABELS, repeat=length))
    return [tuple(tags) for tags in sequences if "OI" not in f"O{tags}"]


def mentions(tags: Sequence[Tag]) -> list[tuple[int, int]]:
    """Return the first word of each mention and the one after its last."""
    return [match.span() for match in re.finditer("BI*", "".join(tags))]


def weight(scores: list[list[float]], tags: Sequence[Tag]) -> float:
    return math.exp(math.fsum(row[LABELS.index(tag)] for row, tag in zip(scores, tags, strict=True)))


@given(SCORES)
def test_a_marginal_is_the_sum_over_all_sequences_with_the_mention(scores: list[list[float]]) -> None:
    valid = all_valid(len(scores))
    total = math.fsum(weight(scores, tags) for tags in valid)
    for chosen in {tuple(likeliest_valid(scores)), *valid[:: max(1, len(valid) // 7)]}:
        found = mention_marginals(scores, chosen)
        expected = [
            math.fsum(weight(scores, tags) for tags in valid if mention in mentions(tags)) / total
            for mention in mentions(chosen)
        ]
        assert found == pytest.approx(expected, rel=1e-9, abs=1e-12)
        assert all(0 <= value <= 1 for value in found)


@given(SCORES)
def test_the_marginals_of_all_mentions_that_contain_a_word_sum_to_one_minus_that_of_no_mention(
    scores: list[list[float]],
) -> None:
    valid = all_valid(len(scores))
    total = math.fsum(weight(scores, tags) for tags in valid)
    for word in range(len(scores)):
        marginals = 0.0
        for first, last in product(range(word + 1), range(word, len(scores))):
            tags: list[Tag] = ["O"] * len(scores)
            tags[first : last + 1] = ["B", *["I"] * (last - first)]  # type: ignore[list-item]
            marginals += mention_marginals(scores, tags)[0]
        outside = math.fsum(weight(scores, tags) for tags in valid if tags[word] == "O") / total
        assert marginals + outside == pytest.approx(1)


def test_two_words_by_hand() -> None:
    scores = [[math.log(1), math.log(2), math.log(9)], [math.log(3), math.log(4), math.log(5)]]
    # Valid: OO 3, OB 4, BO 6, BB 8, BI 10; 31 together. OI and those that begin with I are not.
    assert mention_marginals(scores, ["B", "I"]) == pytest.approx((10 / 31,))
    assert mention_marginals(scores, ["B", "B"]) == pytest.approx(((6 + 8) / 31, (4 + 8) / 31))
    assert mention_marginals(scores, ["O", "B"]) == pytest.approx(((4 + 8) / 31,))
    assert mention_marginals(scores, ["O", "O"]) == ()


def test_a_word_that_is_surely_outside_ends_a_mention() -> None:
    scores = [[0.0, 0.0, 0.0], [0.0, IMPOSSIBLE, IMPOSSIBLE], [0.0, 0.0, 0.0]]
    assert mention_marginals(scores, ["B", "O", "B"]) == pytest.approx((0.5, 0.5))
