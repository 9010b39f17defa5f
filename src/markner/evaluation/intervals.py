"""Confidence intervals by resampling sentences."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from markner.errors import MarknerError
from markner.evaluation.matching import Counts, ratios, total_ratios
from markner.study.schema.study import Scoring

Interval = tuple[float, float]
_DIGITS = 6


class Intervals(NamedTuple):
    """Lower and upper bounds of precision, recall and F1."""

    precision: Interval
    recall: Interval
    f1: Interval


def bootstrap(counts: Sequence[Counts], scoring: Scoring) -> list[Intervals]:
    """Percentile bootstrap over sentences (Efron 1979), the same resamples for every kind of match.

    Sentences with equal counts are interchangeable: how often each distinct row of counts is drawn is multinomial, so
    that a resample costs as many draws as there are distinct rows, not sentences. The intervals do not depend on the
    order of the sentences.

    Args:
        counts: Counts by sentence, one for each kind of match, of one and the same corpus.
        scoring: Resamples, confidence and seed.

    Raises:
        MarknerError: There is no sentence.
    """
    rows = np.stack([part for kind in counts for part in (kind.tp, kind.fp, kind.fn)], axis=1)
    if not len(rows):
        raise MarknerError("there is no sentence to resample")
    distinct, frequency = np.unique(rows, axis=0, return_counts=True)
    generator = np.random.default_rng(scoring.seed)
    draws = generator.multinomial(len(rows), frequency / len(rows), size=scoring.resamples)
    totals = (draws @ distinct).reshape(scoring.resamples, len(counts), 3)
    tail = (1 - scoring.confidence) / 2
    found = []
    for kind in range(len(counts)):
        values = np.stack(ratios(*totals[:, kind].T))
        bounds = np.quantile(values, [tail, 1 - tail], axis=1)
        found.append(Intervals(*((float(low), float(high)) for low, high in bounds.T)))
    return found


def figures(counts: Counts, intervals: Intervals) -> dict[str, Any]:
    """Totals, precision, recall and F1 with their intervals, rounded, as score files hold them."""
    totals = {name: float(getattr(counts, name).sum()) for name in ("tp", "fp", "fn")}
    return {
        **{name: int(total) if total.is_integer() else total for name, total in totals.items()},
        **{name: round(float(value), _DIGITS) for name, value in total_ratios(counts)._asdict().items()},
        **{
            f"{name}_interval": [round(bound, _DIGITS) for bound in bounds]
            for name, bounds in intervals._asdict().items()
        },
    }
