"""The kinds of match by which systems are scored and compared."""

from collections.abc import Callable, Mapping

from markner.evaluation.intervals import Intervals, bootstrap
from markner.evaluation.matching import Counts, SpanLists, strict_counts
from markner.evaluation.partial import authors_partial_counts, partial_counts, semeval_counts
from markner.study.schema.study import Scoring

MATCHES: Mapping[str, Callable[[SpanLists, SpanLists], Counts]] = {
    "strict": strict_counts,
    "partial": partial_counts,
    "authors_partial": authors_partial_counts,
}
"""How each kind of match counts gold and predicted spans."""


def counts_and_intervals(
    gold: SpanLists, predicted: SpanLists, scoring: Scoring
) -> dict[str, tuple[Counts, Intervals]]:
    """Return counts and intervals by kind of match: `MATCHES` and `semeval`.

    Strict, partial and SemEval scores share their resamples. The authors' partial match is resampled alone.
    """
    strict, partial, authors = (count(gold, predicted) for count in MATCHES.values())
    shared = {"strict": strict, "partial": partial, "semeval": semeval_counts(gold, predicted).counts}
    intervals = bootstrap(list(shared.values()), scoring)
    scored = {name: (counts, interval) for (name, counts), interval in zip(shared.items(), intervals, strict=True)}
    return {**scored, "authors_partial": (authors, bootstrap([authors], scoring)[0])}
