"""ROUGE-L against its definition, and runs of words."""

from fractions import Fraction
from functools import cache
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from markner.data.synthetic.similarity import Neighbours, Runs, words

few_words = st.lists(st.sampled_from(["a", "b", "c", "d"]), min_size=1, max_size=8).map(" ".join)


def rouge_l(left: list[str], right: list[str]) -> float:
    """F1 of the longest common subsequence, as Lin (2004) defines it with equal weights, by plain recursion."""

    @cache
    def common(i: int, j: int) -> int:
        if i == len(left) or j == len(right):
            return 0
        if left[i] == right[j]:
            return 1 + common(i + 1, j + 1)
        return max(common(i + 1, j), common(i, j + 1))

    precision, recall = common(0, 0) / len(left), common(0, 0) / len(right)
    return 2 * precision * recall / (precision + recall) if precision else 0.0


@given(few_words, few_words)
def test_the_similarity_is_rouge_l(left: str, right: str) -> None:
    found = Neighbours([("it", right)]).nearest(left)
    assert found == ("it", pytest.approx(rouge_l(left.split(), right.split())))


@given(st.lists(few_words, min_size=1, max_size=5), few_words, st.floats(0.1, 1))
def test_the_nearest_is_the_best_there_is(sentences: list[str], text: str, least: float) -> None:
    scores = [rouge_l(text.split(), sentence.split()) for sentence in sentences]
    found = Neighbours((str(number), sentence) for number, sentence in enumerate(sentences)).nearest(text, least)
    if max(scores) > least + 1e-9:
        assert found is not None
        assert found[1] == pytest.approx(max(scores))
        assert scores[int(found[0])] == pytest.approx(max(scores))
    elif max(scores) < least - 1e-9:
        assert found is None


@pytest.mark.parametrize("least", ["0.55", "0.6", "0.7", "0.8", "1"])
def test_a_sentence_of_exactly_the_least_similarity_is_near(least: str) -> None:
    for size, other in product(range(1, 61), repeat=2):
        common = Fraction(least) * (size + other) / 2
        if common.denominator > 1 or common > min(size, other):
            continue
        sentence = [f"a{number}" for number in range(size)]
        text = sentence[: int(common)] + [f"b{number}" for number in range(other - int(common))]
        pool = Neighbours([("it", " ".join(sentence))])
        assert pool.nearest(" ".join(text), float(least)) == ("it", pytest.approx(float(least)))
        assert pool.nearest(" ".join(["c", *text[1:]]), float(least)) is None


def test_of_equals_the_first_is_named() -> None:
    assert Neighbours([("one", "a b c x"), ("two", "a b c y")]).nearest("a b c z") == ("one", 0.75)


def test_tokenised_and_raw_text_have_the_same_words() -> None:
    raw, tokenized = "IL-2 (α-chain) rose 3.5-fold.", "IL - 2 ( α - chain ) rose 3 . 5 - fold ."
    assert words(raw) == words(tokenized) == ["il", "2", "α", "chain", "rose", "3", "5", "fold"]
    assert words("ﬁbrosis Ⅱ STRASSE") == words("fibrosis II straße")


def test_nothing_is_near_to_an_empty_pool_or_without_words() -> None:
    assert Neighbours().nearest("a b c") is None
    assert Neighbours([("none", "...")]).nearest("...") is None


def test_more_words_than_characters_before_the_surrogates() -> None:
    many = [" ".join(f"w{number}x{place}" for place in range(10)) for number in range(6000)]
    pool = Neighbours((str(number), sentence) for number, sentence in enumerate(many))
    assert pool.nearest(many[5999]) == ("5999", 1.0)


def test_runs_of_words_in_common() -> None:
    runs = Runs(3, [("one", "The cat sat on the mat."), ("two", "A cat sat on it")])
    assert runs.shared("Why: CAT SAT - on a chair?") == "one"
    assert runs.shared("sat on it") == "two"
    assert runs.shared("the cat on the chair") is None
    assert runs.shared("cat sat") is None
