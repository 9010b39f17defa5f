"""Recompute a score from its sentences, and show what each sentence contributes."""

from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

import numpy as np

from markner.errors import MarknerError
from markner.evaluation.matches import counts_and_intervals
from markner.evaluation.matching import total_ratios
from markner.evaluation.pairing import read_answers, read_gold
from markner.evaluation.rounding import rounded
from markner.markup import mark
from markner.predictions import Status
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
    """Score predictions against gold again, sentence by sentence. A missing file is a MarknerError."""
    for path in (sentences, predictions):
        if not path.is_file():
            raise MarknerError(f"{path} is not there any more", "make it again")
    gold = read_gold(sentences)
    answers = read_answers(gold, sentences, predictions)
    true_spans, predicted = [item.spans for item in gold], [answer.spans for answer in answers]
    counts, interval = counts_and_intervals(true_spans, predicted, scoring)[match]
    values = {name: rounded(value) for name, value in total_ratios(counts)._asdict().items()}
    for name, bounds in interval._asdict().items():
        values |= {f"{name}_{end}": rounded(bound) for end, bound in zip(("low", "high"), bounds, strict=True)}
    rows = np.stack([counts.tp, counts.fp, counts.fn], axis=1).astype(int).tolist()
    return Trace(
        tuple(
            TracedSentence(item.id, mark(item.text, item.spans), mark(item.text, answer.spans), answer.status, *row)
            for item, answer, row in zip(gold, answers, rows, strict=True)
        ),
        values,
    )


def mean_values(traces: Collection[Trace]) -> dict[str, float]:
    """Return the means over seeds, rounded as in a table's CSV."""
    names = next(iter(traces)).values
    return {name: rounded(fmean(each.values[name] for each in traces)) for name in names}
