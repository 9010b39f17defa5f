"""Confidence intervals by resampling sentences."""

from collections.abc import Sequence
from dataclasses import fields
from typing import Any, NamedTuple

import numpy as np

from markner.errors import MarknerError
from markner.evaluation.matching import Counts, Floats, total_ratios
from markner.evaluation.rounding import rounded
from markner.study.schema.study import Scoring

Interval = tuple[float, float]


class Intervals(NamedTuple):
    """Lower and upper bounds of precision, recall and F1."""

    precision: Interval
    recall: Interval
    f1: Interval


def bootstrap(counts: Sequence[Counts], scoring: Scoring) -> list[Intervals]:
    """Return percentile bootstrap intervals over sentences (Efron 1979), from the same resamples for each match.

    `counts` are of the same sentences, one for each kind of match. No sentence is a MarknerError.
    """
    columns = [kind.columns() for kind in counts]
    rows = np.concatenate(columns, axis=1)
    if not len(rows):
        raise MarknerError("there is no sentence to resample")
    sums = resampled_sums(rows, scoring.resamples, np.random.default_rng(scoring.seed))
    totals = np.split(sums, np.cumsum([part.shape[1] for part in columns])[:-1], axis=1)
    return [
        Intervals(*(percentile_interval(values, scoring.confidence) for values in kind.ratios(total)))
        for kind, total in zip(counts, totals, strict=True)
    ]


def resampled_sums(rows: Floats, resamples: int, generator: np.random.Generator) -> Floats:
    """Return the sums of rows drawn with replacement, as many as there are; of shape (resamples, columns).

    Sentences with equal counts are interchangeable. How often each distinct row of counts is drawn is multinomial, so a
    resample costs as many draws as there are distinct rows. The order of the rows does not matter.
    """
    distinct, frequency = np.unique(rows, axis=0, return_counts=True)
    draws = generator.multinomial(len(rows), frequency / len(rows), size=resamples)
    sums: Floats = draws @ distinct
    return sums


def percentile_interval(values: Floats, confidence: float) -> Interval:
    """Return the bounds of the middle part of values."""
    tail = (1 - confidence) / 2
    low, high = np.quantile(values, [tail, 1 - tail])
    return float(low), float(high)


def score_values(counts: Counts, intervals: Intervals) -> dict[str, Any]:
    """Return totals, and precision, recall and F1 with their intervals, rounded, as score files hold them."""
    totals = {field.name: float(getattr(counts, field.name).sum()) for field in fields(counts)}
    return {
        **{name: int(total) if total.is_integer() else total for name, total in totals.items()},
        **{name: rounded(value) for name, value in total_ratios(counts)._asdict().items()},
        **{f"{name}_interval": [rounded(bound) for bound in bounds] for name, bounds in intervals._asdict().items()},
    }
