"""Compare systems by paired permutation tests on F1, corrected, with an effect size and an interval.

Two things vary: the sentences of the test set, and the seed of the training.

- A system's F1 comes from its counts summed over its seeds, each seed with the same weight. Systems with different
  numbers of seeds can be compared. With one seed it is the F1 of the score file.
- The **p-value** is of sentences: if two systems are alike, then in each sentence their counts, on average over
  the seeds, can be swapped (Yeh 2000; Noreen 1989). Seeds of one sentence are not independent tests of the system, so
  they are swapped together. The p-value holds for these trained models.
- The **interval** is of sentences and seeds: each resample draws sentences, the same for both systems, and for each
  system seeds. Of s seeds s - 1 are drawn with replacement, which makes the variance of their mean unbiased (Rao and
  Wu 1988); drawing s would understate it by (s - 1) / s. Two or three seeds still say little about how training
  varies. With one seed, the interval is over sentences alone.
- **Significant** is a difference whose p-value after Holm's correction is at most 1 - confidence and whose interval
  excludes zero: the p-value ignores seeds, the interval ignores the other pairs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from itertools import combinations
from math import ceil, lcm
from pathlib import Path

import numpy as np

from markner.errors import MarknerError
from markner.evaluation.intervals import Interval, percentile_interval, resampled_sums
from markner.evaluation.matches import MATCHES
from markner.evaluation.matching import Counts, Floats, SpanLists
from markner.evaluation.pairing import read_answers, read_gold
from markner.evaluation.rounding import DIGITS
from markner.files import write_csv_rows
from markner.study.schema.study import Scoring

Pairs = Mapping[tuple[str, str], tuple[Sequence[Counts], Sequence[Counts]]]
"""By pair of runs: the counts of each by sentence, one for each seed."""


def columns(*tested: str) -> tuple[str, ...]:
    """Return the columns of a file of paired tests; `tested` are the columns that say which scores are compared."""
    return (
        *("run_a", "run_b", *tested, "seeds_a", "seeds_b", "f1_a", "f1_b", "difference", "low", "high", "effect"),
        *("p", "p_holm", "significant", "draws", "sentences"),
    )


COLUMNS = columns("match")
# Two differences of F1 closer than this are the same one, rounded differently.
_TIE = 1e-12


@dataclass(frozen=True, slots=True)
class PairedTest:
    """The result of a paired permutation test of systems a and b.

    `difference` is F1 of a minus F1 of b; `effect` its size, whatever the number of sentences.
    """

    difference: float
    p_value: float
    effect: float


def permutation_test(a: Counts, b: Counts, draws: int, seed: int) -> PairedTest:
    """Return the two-sided paired permutation test of the micro-averaged F1 of two systems.

    Each draw swaps the two systems' counts in each sentence with probability 1/2; p is (k + 1) / (draws + 1), with k
    draws in which F1 differs at least as much as it does (Phipson and Smyth 2010). F1 needs 2 tp and 2 tp + fp + fn
    alone, and sentences in which the systems differ by the same amounts in these, or by the opposite ones, are
    interchangeable: how many of them are swapped is binomial, so that a draw costs as many numbers as there are
    different amounts. Swapping a and b changes signs and nothing else.

    The effect size is the difference over the standard deviation of the draws, over the root of the number of
    sentences: Cohen's d for pairs, with the permutations' own standard deviation; 0 where nothing varies. Dividing by
    the root makes it a matter of the systems, not of the size of the corpus.

    `a` and `b` are counts of the same sentences to the same scale; of several seeds their sum, see `pooled`. It is a
    MarknerError if there is no sentence, or if the systems have different numbers of them.
    """
    left, right = a.f1_columns(), b.f1_columns()
    if len(left) != len(right) or not len(left):
        raise MarknerError(f"cannot compare {len(left)} sentences with {len(right)}", "count the same sentences twice")
    change = left - right
    first = change[np.arange(len(change)), (change != 0).argmax(axis=1)]
    change[first < 0] *= -1
    amounts, sizes = np.unique(change[first != 0], axis=0, return_counts=True)
    # One row for each amount: numpy prepares a binomial anew whenever its size changes.
    swapped = np.random.default_rng(seed).binomial(sizes[:, None], 0.5, size=(len(sizes), draws))
    moved = (sizes[:, None] - 2.0 * swapped).T @ amounts
    total = (left + right).sum(axis=0)
    drawn = a.f1((total + moved) / 2) - a.f1((total - moved) / 2)
    difference = float(a.f1(left.sum(axis=0)) - a.f1(right.sum(axis=0)))
    extreme = int((np.abs(drawn) >= abs(difference) - _TIE).sum())
    # The draws' mean is known: for each permutation there is the opposite one.
    spread = float(np.sqrt(np.mean(drawn**2))) * len(left) ** 0.5
    return PairedTest(difference, (extreme + 1) / (draws + 1), difference / spread if spread else 0.0)


def difference_interval(a: Sequence[Counts], b: Sequence[Counts], scoring: Scoring) -> Interval:
    """Return the bootstrap interval of F1 of a minus F1 of b, over sentences (paired) and seeds (of each system).

    `a` and `b` are counts of the same sentences, one for each seed; their numbers of seeds may differ.
    """
    rows = np.concatenate([counts.f1_columns() for counts in (*a, *b)], axis=1)
    generator = np.random.default_rng(scoring.seed)
    totals = resampled_sums(rows, scoring.resamples, generator).reshape(scoring.resamples, len(a) + len(b), -1)
    split = len(a)
    values = [
        a[0].f1(np.einsum("rs,rsk->rk", _seeds_drawn(generator, part.shape[1], scoring.resamples), part))
        for part in (totals[:, :split], totals[:, split:])
    ]
    return percentile_interval(values[0] - values[1], scoring.confidence)


def pooled(seeds: Sequence[Counts], times: int = 1) -> Counts:
    """Return counts summed over seeds, `times` over; to compare n with m seeds, take one m and the other n times."""
    kind = type(seeds[0])
    return kind(*(times * np.sum([getattr(counts, part.name) for counts in seeds], axis=0) for part in fields(kind)))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return p-values corrected for their number (Holm 1979), in the given order."""
    corrected = [0.0] * len(p_values)
    highest = 0.0
    for rank, index in enumerate(sorted(range(len(p_values)), key=p_values.__getitem__)):
        highest = max(highest, min(1.0, (len(p_values) - rank) * p_values[index]))
        corrected[index] = highest
    return corrected


def compare(
    sentences: Path, predictions: Mapping[str, Sequence[Path]], scoring: Scoring, permutations: int, output: Path
) -> None:
    """Compare all pairs of runs on one corpus and write a CSV with a row for each pair and kind of match.

    Holm's correction is over the pairs of the corpus, for each kind of match by itself. The p-value of a pair before
    correction depends on which other runs there are only if their number needs more draws. One run alone gives a file
    with the header only.

    `predictions` are files by run, one for each of its seeds; a run without one is a MarknerError. `permutations` is
    the number of draws of each test.
    """
    gold = read_gold(sentences)
    true_spans = [sentence.spans for sentence in gold]
    answers: dict[str, list[SpanLists]] = {}
    for run, paths in predictions.items():
        if not paths:
            raise MarknerError(f"run {run!r} has no predictions to compare", "give one file for each of its seeds")
        answers[run] = [[answer.spans for answer in read_answers(gold, sentences, path)] for path in paths]
    rows = []
    for match, count in MATCHES.items():
        counts = {run: [count(true_spans, spans) for spans in seeds] for run, seeds in answers.items()}
        pairs = {(a, b): (counts[a], counts[b]) for a, b in combinations(counts, 2)}
        rows += pair_rows([match], pairs, scoring, permutations)
    write_csv_rows(output, COLUMNS, rows)


def pair_rows(tested: Sequence[str], pairs: Pairs, scoring: Scoring, permutations: int) -> list[list[str | int]]:
    """Return a row with the columns `columns` for each pair of runs. Holm's correction is over these pairs.

    `tested` are the values of the columns that say which scores are compared.
    """
    # With fewer draws no pair could be significant after the correction, however large its difference.
    permutations = max(permutations, ceil(len(pairs) / (1 - scoring.confidence)))
    # Whole multiples instead of averages: equal sentences then have equal counts to the last bit.
    scale = lcm(*(len(seeds) for both in pairs.values() for seeds in both))
    pools = {pair: [pooled(seeds, scale // len(seeds)) for seeds in both] for pair, both in pairs.items()}
    tests = [permutation_test(a, b, permutations, scoring.seed) for a, b in pools.values()]
    corrected = holm([test.p_value for test in tests])
    rows: list[list[str | int]] = []
    for (pair, seeds), test, p_holm in zip(pairs.items(), tests, corrected, strict=True):
        low, high = difference_interval(*seeds, scoring)
        significant = p_holm <= 1 - scoring.confidence and not low <= 0 <= high
        f1 = [_shown(float(pool.f1(pool.f1_columns().sum(axis=0)))) for pool in pools[pair]]
        values = [_shown(value) for value in (test.difference, low, high, test.effect, test.p_value, p_holm)]
        verdict = "yes" if significant else "no"
        numbers = [len(of_run) for of_run in seeds]
        rows.append([*pair, *tested, *numbers, *f1, *values, verdict, permutations, len(seeds[0][0].tp)])
    return rows


def _seeds_drawn(generator: np.random.Generator, seeds: int, resamples: int) -> Floats:
    """Draw how often each seed is used in each resample; of shape (resamples, seeds)."""
    return generator.multinomial(max(seeds - 1, 1), [1 / seeds] * seeds, size=resamples).astype(np.float64)


def _shown(value: float) -> str:
    return f"{value + 0.0:.{DIGITS}f}"
