"""A score once more, from the sentences that made it: what each of them adds, and what comes out."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np

from markner.data.documents import Span, read_sentences
from markner.errors import MarknerError
from markner.evaluation.intervals import bootstrap
from markner.evaluation.matching import strict_counts, total_ratios
from markner.evaluation.partial import partial_counts, semeval_counts
from markner.markup import mark
from markner.predictions import Status, read_predictions
from markner.study.schema.study import Scoring

_DIGITS = 6
_MATCHES = ("strict", "partial")


@dataclass(frozen=True, slots=True)
class TracedSentence:
    """One sentence: gold and answer as marked text, and how many true, false and missed mentions it adds."""

    id: str
    gold: str
    answer: str
    status: Status
    tp: int
    fp: int
    fn: int


@dataclass(frozen=True, slots=True)
class Trace:
    """The sentences behind a score, in the order of the corpus, and the figures that they give."""

    sentences: tuple[TracedSentence, ...]
    figures: dict[str, float]
    """`precision`, `recall`, `f1`, each also with `_low` and `_high`; rounded as score files are."""

    def total(self, kind: str) -> int:
        """Mentions of one kind (`tp`, `fp`, `fn`) in all sentences."""
        return sum(getattr(sentence, kind) for sentence in self.sentences)

    def having(self, kind: str) -> list[TracedSentence]:
        """The sentences with at least one mention of a kind (`tp`, `fp`, `fn`)."""
        return [sentence for sentence in self.sentences if getattr(sentence, kind)]


def trace(sentences: Path, predictions: Path, scoring: Scoring, match: str) -> Trace:
    """Score predictions against gold again, sentence by sentence.

    Args:
        sentences: Gold, JSON lines of `Sentence`.
        predictions: JSON lines of `Prediction`, one for each sentence.
        scoring: Settings of the confidence intervals.
        match: `strict` or `partial`.

    Raises:
        MarknerError: A file is missing or broken, a sentence has no prediction, a prediction has no sentence, or spans
            are not sorted, overlap or leave their sentence.
    """
    for path in (sentences, predictions):
        if not path.is_file():
            raise MarknerError(f"{path} is not there any more", "make it again")
    gold = list(read_sentences(sentences))
    answers = {answer.id: answer for answer in read_predictions(predictions)}
    if not gold or answers.keys() != {sentence.id for sentence in gold}:
        raise MarknerError(f"{predictions} does not answer the sentences of {sentences}", "predict this corpus again")
    paired = [answers[sentence.id] for sentence in gold]
    marked = [
        (_marked(item.text, item.spans, sentences, item.id), _marked(item.text, answer.spans, predictions, item.id))
        for item, answer in zip(gold, paired, strict=True)
    ]
    true_spans, predicted = [item.spans for item in gold], [answer.spans for answer in paired]
    kinds = [strict_counts(true_spans, predicted), partial_counts(true_spans, predicted)]
    # The three kinds of match of a score file share their resamples: the third has to be drawn with them.
    intervals = bootstrap([*kinds, semeval_counts(true_spans, predicted).counts], scoring)
    counts, interval = kinds[_MATCHES.index(match)], intervals[_MATCHES.index(match)]
    figures = {name: round(float(value), _DIGITS) for name, value in total_ratios(counts)._asdict().items()}
    for name, bounds in interval._asdict().items():
        figures |= {f"{name}_{end}": round(bound, _DIGITS) for end, bound in zip(("low", "high"), bounds, strict=True)}
    rows = np.stack([counts.tp, counts.fp, counts.fn], axis=1).astype(int).tolist()
    return Trace(
        tuple(
            TracedSentence(item.id, *both, answer.status, *row)
            for item, answer, both, row in zip(gold, paired, marked, rows, strict=True)
        ),
        figures,
    )


def mean_figures(traces: Sequence[Trace]) -> dict[str, float]:
    """Means over seeds, rounded as a table's CSV is."""
    return {name: round(fmean(found.figures[name] for found in traces), _DIGITS) for name in traces[0].figures}


def _marked(text: str, spans: Sequence[Span], path: Path, name: str) -> str:
    try:
        return mark(text, spans)
    except MarknerError as error:
        raise MarknerError(f"{path}, sentence {name!r}: {error.message}", error.fix) from error
