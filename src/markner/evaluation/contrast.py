"""Compare two systems sentence by sentence, with a paired test of the difference."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import lcm
from pathlib import Path

from markner.errors import MarknerError
from markner.evaluation.intervals import Interval
from markner.evaluation.matches import MATCHES
from markner.evaluation.matching import Counts, total_ratios
from markner.evaluation.pairing import read_answers, read_gold
from markner.evaluation.significance import PairedTest, difference_interval, permutation_test, pooled
from markner.markup import mark
from markner.study.schema.study import Scoring


@dataclass(frozen=True, slots=True)
class Difference:
    """A sentence with different answers, as marked text; `gain` is the errors of b minus those of a."""

    id: str
    gold: str
    a: str
    b: str
    gain: int


@dataclass(frozen=True, slots=True)
class Contrast:
    """Two systems on one corpus: F1 over all seeds, the paired test, the interval; sentences of the first seeds."""

    f1: tuple[float, float]
    test: PairedTest
    interval: Interval
    sentences: int
    differences: tuple[Difference, ...]

    def reversed(self) -> "Contrast":
        """Return the same comparison with the systems in the other order."""
        low, high = self.interval
        return Contrast(
            (self.f1[1], self.f1[0]),
            replace(self.test, difference=0 - self.test.difference, effect=0 - self.test.effect),
            (0 - high, 0 - low),
            self.sentences,
            tuple(Difference(row.id, row.gold, a=row.b, b=row.a, gain=-row.gain) for row in self.differences),
        )


def contrast(
    sentences: Path, a: Sequence[Path], b: Sequence[Path], scoring: Scoring, permutations: int, match: str
) -> Contrast:
    """Compare two systems on a corpus.

    Test and interval are as in `significance`, for this pair alone, without the correction for several pairs. The draws
    of the interval depend on which system is the first.

    `a` and `b` are the predictions of the two, a file for each seed. A missing file is a MarknerError.
    """
    for path in (sentences, *a, *b):
        if not path.is_file():
            raise MarknerError(f"{path} is not there", "run the study first, or name its --configfile")
    gold = read_gold(sentences)
    true_spans = [sentence.spans for sentence in gold]
    answers = [[read_answers(gold, sentences, path) for path in paths] for paths in (a, b)]
    counts: list[list[Counts]] = [
        [MATCHES[match](true_spans, [answer.spans for answer in rows]) for rows in of_system] for of_system in answers
    ]
    scale = lcm(len(a), len(b))
    pools = [pooled(seeds, scale // len(seeds)) for seeds in counts]
    errors = [seeds[0].fp + seeds[0].fn for seeds in counts]
    differences = [
        Difference(
            sentence.id,
            mark(sentence.text, sentence.spans),
            mark(sentence.text, first.spans),
            mark(sentence.text, second.spans),
            int(errors[1][index] - errors[0][index]),
        )
        for index, (sentence, first, second) in enumerate(zip(gold, answers[0][0], answers[1][0], strict=True))
        if first.spans != second.spans
    ]
    return Contrast(
        (float(total_ratios(pools[0]).f1), float(total_ratios(pools[1]).f1)),
        permutation_test(pools[0], pools[1], permutations, scoring.seed),
        difference_interval(counts[0], counts[1], scoring),
        len(gold),
        tuple(sorted(differences, key=lambda row: -abs(row.gain))),
    )
