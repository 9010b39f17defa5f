from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from markner.errors import MarknerError
from markner.evaluation.matching import Counts, total_ratios
from markner.evaluation.significance import (
    difference_interval,
    holm,
    permutation_test,
    pooled,
)
from markner.study.schema.study import Scoring

DRAWS = 40_000


def system(seed: int, sentences: int, skill: float) -> Counts:
    """A system that finds each of 0 to 3 gold mentions with some probability and invents a few."""
    gold = np.random.default_rng(99).integers(0, 4, sentences)
    generator = np.random.default_rng(seed)
    tp = generator.binomial(gold, skill).astype(float)
    return Counts(tp, generator.binomial(2, 0.2, sentences).astype(float), gold - tp)


def f1(counts: Counts) -> float:
    return float(total_ratios(counts).f1)


def scipy_p(a: Counts, b: Counts) -> float:
    """P by scipy, over all 2^n swaps."""
    sentences = np.arange(len(a.tp))
    table = np.array([[counts.tp, counts.fp, counts.fn] for counts in (a, b)])

    def statistic(left: np.ndarray, right: np.ndarray) -> float:
        # An index below n is a sentence as a has it, one from n on as b has it.
        first, second = (
            Counts(*(table[index // len(sentences), :, index % len(sentences)].T)) for index in (left, right)
        )
        return f1(first) - f1(second)

    result = stats.permutation_test(
        (sentences, sentences + len(sentences)),
        statistic,
        permutation_type="samples",
        n_resamples=np.inf,
        vectorized=False,
    )
    return float(result.pvalue)


def exact_p(a: Counts, b: Counts) -> float:
    """P by our own definition: the part of all swaps with a difference at least as large."""
    sides = np.array([[counts.tp, counts.fp, counts.fn] for counts in (a, b)])
    differences = []
    for swap in product([False, True], repeat=len(a.tp)):
        mixed = np.where(swap, sides[::-1], sides).sum(axis=2)
        left, right = (2 * tp / (2 * tp + fp + fn) if tp + fp + fn else 0.0 for tp, fp, fn in mixed)
        differences.append(left - right)
    return float(np.mean(np.abs(differences) >= abs(differences[0]) - 1e-12))


@pytest.mark.parametrize(("seed", "skill"), [(1, 0.6), (2, 0.9), (3, 0.4), (4, 0.2), (5, 0.75), (6, 0.95)])
def test_p_values_agree_with_scipy(seed: int, skill: float) -> None:
    a, b = system(seed, 9, skill), system(seed + 50, 9, 0.6)
    exact = scipy_p(a, b)
    assert exact == pytest.approx(exact_p(a, b), abs=1e-12)
    margin = 4.5 * (exact * (1 - exact) / DRAWS) ** 0.5 + 1 / DRAWS
    assert permutation_test(a, b, DRAWS, 1).p_value == pytest.approx(exact, abs=margin)


def test_half_credit_counts_agree_with_scipy() -> None:
    a, b = (Counts(c.tp / 2, c.fp + c.tp / 2, c.fn + c.tp / 2) for c in (system(1, 8, 0.9), system(2, 8, 0.4)))
    exact = scipy_p(a, b)
    assert 0.01 < exact < 0.99
    assert permutation_test(a, b, DRAWS, 1).p_value == pytest.approx(exact, abs=0.012)


def test_the_effect_is_the_difference_over_the_spread_of_all_swaps() -> None:
    a, b = system(1, 9, 0.9), system(2, 9, 0.4)
    sides = np.array([[counts.tp, counts.fp, counts.fn] for counts in (a, b)])
    mixed = np.array([np.where(swap, sides[::-1], sides).sum(axis=2) for swap in product([False, True], repeat=9)])
    both = 2 * mixed[..., 0] / (2 * mixed[..., 0] + mixed[..., 1] + mixed[..., 2])
    expected = (f1(a) - f1(b)) / np.std(both[:, 0] - both[:, 1]) / 3
    assert permutation_test(a, b, DRAWS, 1).effect == pytest.approx(expected, rel=0.02)


def test_the_effect_does_not_grow_with_the_corpus_but_p_falls() -> None:
    small, large = (permutation_test(system(1, n, 0.7), system(2, n, 0.6), 5000, 1) for n in (300, 10_000))
    assert large.effect == pytest.approx(small.effect, rel=0.5)
    assert large.p_value < small.p_value


def test_identical_systems_have_p_of_one_and_no_effect() -> None:
    counts = system(1, 200, 0.7)
    assert permutation_test(counts, counts, 500, 1) == (result := permutation_test(counts, counts, 900, 2))
    assert (result.difference, result.p_value, result.effect) == (0.0, 1.0, 0.0)


def test_the_smallest_p_is_one_of_the_draws_and_itself() -> None:
    a, b = system(1, 2000, 0.95), system(2, 2000, 0.05)
    assert permutation_test(a, b, 999, 1).p_value == 1 / 1000


@settings(max_examples=40, deadline=None)
@given(st.integers(0, 10_000), st.integers(1, 60), st.integers(0, 5))
def test_exchanged_systems_change_signs_and_nothing_else(seed: int, sentences: int, draw_seed: int) -> None:
    a, b = system(seed, sentences, 0.7), system(seed + 1, sentences, 0.6)
    there, back = permutation_test(a, b, 200, draw_seed), permutation_test(b, a, 200, draw_seed)
    assert (there.difference, there.effect, there.p_value) == (-back.difference, -back.effect, back.p_value)
    assert there.difference == pytest.approx(f1(a) - f1(b), abs=1e-12)


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 1000))
def test_the_order_of_sentences_does_not_matter(seed: int) -> None:
    a, b = system(seed, 40, 0.7), system(seed + 1, 40, 0.6)
    first, second = (Counts(counts.tp[::-1], counts.fp[::-1], counts.fn[::-1]) for counts in (a, b))
    assert permutation_test(a, b, 300, 1) == permutation_test(first, second, 300, 1)


def test_p_is_uniform_where_the_systems_are_alike() -> None:
    """Of alike systems, a test at 5% finds about 5% different."""
    values = [
        permutation_test(system(2 * n, 150, 0.6), system(2 * n + 1, 150, 0.6), 400, n).p_value for n in range(400)
    ]
    assert 8 <= sum(value <= 0.05 for value in values) <= 34
    assert 0.44 <= float(np.mean(values)) <= 0.57


def test_a_draw_costs_numbers_by_kind_of_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ten thousand sentences need no more random numbers a draw than there are different sentences."""
    asked: list[tuple[int, ...]] = []
    real = np.random.default_rng

    class Counting:
        def __init__(self, seed: int) -> None:
            self.generator = real(seed)

        def binomial(self, n: np.ndarray, p: float, size: tuple[int, int]) -> np.ndarray:
            asked.append(size)
            return self.generator.binomial(n, p, size)

    a, b = system(1, 10_737, 0.7), system(2, 10_737, 0.6)
    monkeypatch.setattr(np.random, "default_rng", Counting)
    permutation_test(a, b, 100, 1)
    ((kinds, draws),) = asked
    assert draws == 100
    assert kinds <= 60


@pytest.mark.parametrize(("left", "right"), [(3, 4), (0, 0)])
def test_other_or_no_sentences_are_an_error(left: int, right: int) -> None:
    with pytest.raises(MarknerError, match=f"{left} sentences with {right}"):
        permutation_test(system(1, left, 0.5), system(1, right, 0.5), 10, 1)


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.6]) == pytest.approx([1.0, 1.0])
    assert holm([0.2]) == [0.2]
    assert holm([]) == []


@given(st.lists(st.floats(0, 1), max_size=8))
def test_holm_rejects_what_the_steps_reject(p_values: list[float]) -> None:
    corrected = holm(p_values)
    rejected, alpha = set(), 0.05
    for rank, index in enumerate(sorted(range(len(p_values)), key=lambda i: p_values[i])):
        if (len(p_values) - rank) * p_values[index] > alpha:
            break
        rejected.add(index)
    assert {index for index, value in enumerate(corrected) if value <= alpha} == rejected
    assert all(low <= high <= 1 for low, high in zip(p_values, corrected, strict=True))


def test_pooled_seeds_weigh_the_same_and_scale_is_no_matter() -> None:
    one, two = system(1, 50, 0.6), system(2, 50, 0.8)
    both = pooled([one, two])
    assert both.tp.tolist() == (one.tp + two.tp).tolist()
    assert f1(pooled([one], 6)) == pytest.approx(f1(one))
    a, b = pooled([one], 2), pooled([system(3, 50, 0.6), system(4, 50, 0.6)])
    assert permutation_test(a, b, 500, 1) == permutation_test(pooled([a], 2), pooled([b], 2), 500, 1)


def test_one_seed_each_is_the_plain_paired_bootstrap() -> None:
    a, b = system(1, 300, 0.7), system(2, 300, 0.6)
    rows = np.random.default_rng(5).integers(0, 300, (4000, 300))
    plain = [total_of(a, index) - total_of(b, index) for index in rows]
    expected = np.quantile(plain, [0.025, 0.975])
    assert difference_interval([a], [b], Scoring(resamples=4000)) == pytest.approx(tuple(expected), abs=0.006)


def total_of(counts: Counts, index: np.ndarray) -> float:
    return f1(Counts(counts.tp[index], counts.fp[index], counts.fn[index]))


def test_pairing_narrows_the_interval_of_like_systems() -> None:
    a = system(1, 300, 0.6)
    b = Counts(a.tp.copy(), a.fp.copy(), a.fn.copy())
    b.fp[:10] += 1
    low, high = difference_interval([a], [b], Scoring())
    assert 0 <= low < f1(a) - f1(b) < high < 0.03
    assert difference_interval([a], [a], Scoring()) == (0.0, 0.0)


def test_seeds_that_differ_widen_the_interval() -> None:
    b = [system(9, 2000, 0.6)]
    alike = [system(seed, 2000, 0.7) for seed in (1, 2, 3)]
    unlike = [system(seed, 2000, skill) for seed, skill in ((1, 0.5), (2, 0.7), (3, 0.9))]
    widths = [high - low for low, high in (difference_interval(a, b, Scoring()) for a in (alike, unlike))]
    assert widths[1] > 3 * widths[0]


def test_seeds_add_the_variance_of_their_mean() -> None:
    """With no variance of sentences, the interval's is that of a mean of seeds: s^2 / n."""
    b = [level(0.5)]
    low, high = difference_interval([level(x) for x in (0.5, 0.6, 0.8, 0.9)], b, Scoring(confidence=0.6827))
    # The 16th and 84th percentile lie near one standard deviation of the mean.
    assert (high - low) / 2 == pytest.approx(np.std([0.5, 0.6, 0.8, 0.9], ddof=1) / 2, rel=0.2)
    assert (low + high) / 2 == pytest.approx(0.2, abs=0.03)
    # Of three seeds two are drawn, which are both the worst in one of nine: more than the tail of 10%.
    low, high = difference_interval([level(x) for x in (0.5, 0.6, 0.9)], b, Scoring(confidence=0.8, resamples=20_000))
    assert [low, high] == pytest.approx([0.0, 0.4])


def level(f1: float) -> Counts:
    """A system with the same F1 in each sentence."""
    return Counts(np.full(50, f1), np.full(50, 1 - f1), np.full(50, 1 - f1))
