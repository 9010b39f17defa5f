"""Recompute a score from its sentences, and show what each sentence contributes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np

from markner.data.documents import Span, read_sentences
from markner.errors import MarknerError
from markner.evaluation.matches import counts_and_intervals
from markner.evaluation.matching import total_ratios
from markner.evaluation.rounding import rounded
from markner.markup import mark
from markner.predictions import Status, read_predictions
from markner.study.schema.study import Scoring


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
    """The sentences behind a score, in the order of the corpus, and the values recomputed from them."""

    sentences: tuple[TracedSentence, ...]
    values: dict[str, float]
    """`precision`, `recall`, `f1`, each also with `_low` and `_high`; rounded as score files are."""

    def total(self, kind: str) -> int:
        """Return the number of mentions of one kind (`tp`, `fp`, `fn`) in all sentences."""
        return sum(getattr(sentence, kind) for sentence in self.sentences)

    def having(self, kind: str) -> list[TracedSentence]:
        """Return the sentences with at least one mention of a kind (`tp`, `fp`, `fn`)."""
        return [sentence for sentence in self.sentences if getattr(sentence, kind)]


def trace(sentences: Path, predictions: Path, scoring: Scoring, match: str) -> Trace:
    """Score predictions against gold again, sentence by sentence.

    Args:
        sentences: Gold, JSON lines of `Sentence`.
        predictions: JSON lines of `Prediction`, one for each sentence.
        scoring: Settings of the confidence intervals.
        match: Kind of match.

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
    counts, interval = counts_and_intervals(true_spans, predicted, scoring)[match]
    values = {name: rounded(value) for name, value in total_ratios(counts)._asdict().items()}
    for name, bounds in interval._asdict().items():
        values |= {f"{name}_{end}": rounded(bound) for end, bound in zip(("low", "high"), bounds, strict=True)}
    rows = np.stack([counts.tp, counts.fp, counts.fn], axis=1).astype(int).tolist()
    return Trace(
        tuple(
            TracedSentence(item.id, *both, answer.status, *row)
            for item, answer, both, row in zip(gold, paired, marked, rows, strict=True)
        ),
        values,
    )


def mean_values(traces: Sequence[Trace]) -> dict[str, float]:
    """Return the means over seeds, rounded as in a table's CSV."""
    return {name: rounded(fmean(each.values[name] for each in traces)) for name in traces[0].values}


def _marked(text: str, spans: Sequence[Span], path: Path, name: str) -> str:
    try:
        return mark(text, spans)
    except MarknerError as error:
        raise MarknerError(f"{path}, sentence {name!r}: {error.message}", error.fix) from error
