import numpy as np
import pytest

from markner.errors import MarknerError
from markner.evaluation.intervals import bootstrap
from markner.evaluation.matching import Counts, ratios, total_ratios
from markner.study.schema.study import Scoring


def some_counts(seed: int, sentences: int = 400) -> Counts:
    generator = np.random.default_rng(seed)
    return Counts(*(generator.poisson(rate, sentences).astype(float) for rate in (1.2, 0.3, 0.4)))


def test_same_seed_same_interval_and_another_seed_another() -> None:
    counts = some_counts(1)
    first, again, other = (bootstrap([counts], Scoring(seed=seed))[0] for seed in (1, 1, 2))
    assert first == again
    assert first != other


def test_the_order_of_sentences_does_not_matter() -> None:
    counts = some_counts(1)
    turned = Counts(counts.tp[::-1], counts.fp[::-1], counts.fn[::-1])
    assert bootstrap([counts], Scoring()) == bootstrap([turned], Scoring())


def test_intervals_hold_the_estimate_and_grow_with_confidence() -> None:
    for seed in range(20):
        counts = some_counts(seed)
        estimate = total_ratios(counts)
        (narrow,), (wide,) = (bootstrap([counts], Scoring(confidence=level)) for level in (0.8, 0.99))
        for value, inner, outer in zip(estimate, narrow, wide, strict=True):
            assert outer[0] < inner[0] < value < inner[1] < outer[1]


def test_it_is_the_plain_bootstrap_of_sentences() -> None:
    """The grouped draw has the distribution of drawing sentence by sentence."""
    counts = some_counts(3)
    draws = np.random.default_rng(5).integers(0, len(counts.tp), (4000, len(counts.tp)))
    values = ratios(*(part[draws].sum(axis=1) for part in (counts.tp, counts.fp, counts.fn)))
    (ours,) = bootstrap([counts], Scoring(resamples=4000))
    for name in ("precision", "recall", "f1"):
        expected = np.quantile(getattr(values, name), [0.025, 0.975])
        assert getattr(ours, name) == pytest.approx(tuple(expected), abs=0.004)


def test_coverage_is_near_the_confidence() -> None:
    rates, truth = (1.2, 0.3, 0.4), 2 * 1.2 / (2 * 1.2 + 0.3 + 0.4)
    held = 0
    for seed in range(200):
        generator = np.random.default_rng(seed)
        counts = Counts(*(generator.poisson(rate, 200).astype(float) for rate in rates))
        low, high = bootstrap([counts], Scoring(resamples=300, confidence=0.9))[0].f1
        held += low <= truth <= high
    assert 165 <= held <= 194


def test_sentences_without_mentions_give_zero() -> None:
    zero = Counts(np.zeros(3), np.zeros(3), np.zeros(3))
    assert bootstrap([zero], Scoring())[0] == ((0, 0), (0, 0), (0, 0))


def test_no_sentence_is_an_error() -> None:
    with pytest.raises(MarknerError, match="no sentence"):
        bootstrap([Counts(np.zeros(0), np.zeros(0), np.zeros(0))], Scoring())
