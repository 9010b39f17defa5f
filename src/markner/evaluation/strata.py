"""Strict scores by stratum: seen and unseen mentions, length, abbreviations, sentences with and without mentions.

The stratum of a mention depends on its sentence and its offsets alone, so a gold mention and an equal prediction are in
the same one. Misses count in the stratum of the gold mention, false positives in that of the prediction. The strata of
each kind therefore add up to the whole.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np

from markner.data.documents import Sentence, Span, read_sentences
from markner.data.instructions import read_instances
from markner.data.sampling import subset
from markner.evaluation.intervals import bootstrap
from markner.evaluation.matching import Counts, Floats, Ratios, SpanLists, strict_counts, total_ratios
from markner.evaluation.mention_errors import is_abbreviation, surface
from markner.evaluation.pairing import read_answers, read_gold
from markner.evaluation.rounding import rounded
from markner.evaluation.significance import Pairs, columns, pair_rows
from markner.files import write_csv_rows
from markner.markup import strip_marks, unescape_marks
from markner.study.schema.strata import TrainingSource
from markner.study.schema.study import Scoring

KINDS: Mapping[str, tuple[str, ...]] = {
    "training": ("seen", "unseen"),
    "words": ("one word", "two words", "three or more words"),
    "form": ("abbreviation", "no abbreviation"),
    "sentence": ("with mentions", "without mentions"),
}
"""Strata by kind. `training`: whether the surface of a mention, lower-cased, is marked anywhere in the training data.
`sentence`: whether the sentence has a gold mention."""
WITH_MENTIONS, WITHOUT_MENTIONS = KINDS["sentence"]
ALL = "all"

COLUMNS = (
    *("run", "seed", "origin", "kind", "stratum", "sentences", "unmarked", "tp", "fp", "fn"),
    *(name for metric in Ratios._fields for name in (metric, f"{metric}_low", f"{metric}_high")),
    "confidence",
)
"""Columns of the scores. `origin` says whose training data the kind `training` goes by (`TrainingSource`); `sentences`
counts the sentences with or without mentions in these strata, all sentences elsewhere; `unmarked` those without
mentions that have no prediction."""
TEST_COLUMNS = columns("kind", "stratum")

StratumOf = Callable[[Sentence, Span], str]
"""Returns the stratum of a gold or predicted mention."""


@dataclass(frozen=True, slots=True, eq=False)
class UnmarkedCounts(Counts):
    """Sentences without gold mentions: `tp` those left without a mark, `fn` the others, `fp` nothing.

    F1 is 0 in such sentences, whatever a system does. In its place stands the share of sentences left without a mark.
    """

    def f1_columns(self) -> Floats:
        """Return the counts of the share: sentences left without a mark, and all; of shape (sentences, 2)."""
        return np.stack([self.tp, self.tp + self.fn], axis=1)


def training_mentions(paths: Sequence[Path], source: TrainingSource, seed: int) -> frozenset[str]:
    """Return the surfaces, lower-cased, of all mentions that a training held, of whatever entity type.

    `paths` are the instruction set, or the sentences of each split, of which a part may be drawn by the run's `seed`:
    see `source`.
    """
    texts: Iterable[tuple[str, Sequence[Span]]]
    if source.instructions is not None:
        marks = source.all_marks
        texts = (strip_marks(row.output, marks, kind)[:2] for row in read_instances(paths[0]) for kind in marks.types)
    else:
        sentences = [sentence for path in paths for sentence in read_sentences(path)]
        chosen = subset(len(sentences), source.fraction, seed=seed)
        texts = ((sentences[place].text, sentences[place].spans) for place in chosen)
    return frozenset(_lower_case(text, span) for text, spans in texts for span in spans)


def strata_of(seen: frozenset[str] | None) -> dict[str, StratumOf]:
    """Return the function of each kind that gives the stratum of a mention.

    `seen` are lower-cased surfaces of the training mentions; without them the kind `training` is left out.
    """

    def words(sentence: Sentence, span: Span) -> str:
        return KINDS["words"][min(len(surface(sentence.text, span).split()), 3) - 1]

    def form(sentence: Sentence, span: Span) -> str:
        return KINDS["form"][not is_abbreviation(sentence.text, span)]

    def kind_of_sentence(sentence: Sentence, span: Span) -> str:
        return KINDS["sentence"][not sentence.spans]

    others: dict[str, StratumOf] = {"words": words, "form": form, "sentence": kind_of_sentence}
    return others if seen is None else {"training": seen_or_not(seen), **others}


def seen_or_not(seen: frozenset[str]) -> StratumOf:
    """Return the function that says whether a mention is among the training mentions, lower-cased surfaces."""
    return lambda sentence, span: KINDS["training"][_lower_case(sentence.text, span) not in seen]


def _lower_case(text: str, span: Span) -> str:
    """Return the surface of a mention in lower case, with single spaces between its words, and no mark escaped."""
    return " ".join(unescape_marks(surface(text, span)).lower().split())


def stratum_counts(
    sentences: Sequence[Sentence], predicted: SpanLists, kind: str, stratum_of: StratumOf
) -> dict[str, Counts]:
    """Return strict counts by stratum of a kind of `KINDS`. They add up to the counts of all mentions."""
    gold: dict[str, list[list[Span]]] = {name: [[] for _ in sentences] for name in KINDS[kind]}
    answers: dict[str, list[list[Span]]] = {name: [[] for _ in sentences] for name in KINDS[kind]}
    for place, (sentence, spans) in enumerate(zip(sentences, predicted, strict=True)):
        for span in sentence.spans:
            gold[stratum_of(sentence, span)][place].append(span)
        for span in spans:
            answers[stratum_of(sentence, span)][place].append(span)
    return {name: strict_counts(gold[name], answers[name]) for name in KINDS[kind]}


def unmarked_counts(sentences: Sequence[Sentence], predicted: SpanLists) -> UnmarkedCounts:
    """Count the sentences without gold mentions that have no prediction, and those that have one."""
    empty = np.array([not sentence.spans for sentence in sentences])
    unmarked = np.array([not spans for spans in predicted])
    return UnmarkedCounts((empty & unmarked).astype(float), np.zeros(len(empty)), (empty & ~unmarked).astype(float))


def write_strata(
    sentences: Path,
    predictions: Mapping[str, Mapping[int, Path]],
    training: Mapping[str, tuple[TrainingSource, Sequence[Path]]],
    scoring: Scoring,
    permutations: int,
    scores: Path,
    tests: Path,
) -> None:
    """Write the scores of all runs on a corpus by stratum, and paired tests of all pairs of runs in each stratum.

    The tests of a pair count a mention as seen if the training of either run holds it, so that both runs are tested on
    the same mentions. A run without training data is not tested in the kind `training`. In sentences without mentions
    the share of sentences left without a mark is tested in place of F1. Holm's correction is over the pairs of a
    stratum.

    `predictions` are files by run and seed. `training` has by run the training data whose mentions count as seen, and
    their files. `scores` is a CSV with the columns `COLUMNS`, `tests` one with `TEST_COLUMNS`.
    """
    gold = read_gold(sentences)
    answers = {
        run: {seed: [answer.spans for answer in read_answers(gold, sentences, path)] for seed, path in files.items()}
        for run, files in predictions.items()
    }
    seen = {
        run: {seed: training_mentions(paths, source, seed) for seed in answers[run]}
        for run, (source, paths) in training.items()
    }
    score_rows: list[list[str | float]] = []
    for run, by_seed in answers.items():
        origin = training[run][0].origin if run in training else ""
        for seed, spans in by_seed.items():
            mentions = seen[run][seed] if run in seen else None
            score_rows += ([run, seed, origin, *row] for row in _score_rows(gold, spans, mentions, scoring))
    write_csv_rows(scores, COLUMNS, score_rows)
    test_rows = []
    for kind, stratum, pairs in _compared(gold, answers, seen):
        test_rows += pair_rows([kind, stratum], pairs, scoring, permutations)
    write_csv_rows(tests, TEST_COLUMNS, test_rows)


def _score_rows(
    gold: Sequence[Sentence], predicted: SpanLists, seen: frozenset[str] | None, scoring: Scoring
) -> Iterator[list[str | float]]:
    """Yield the rows of one run and seed, those of all mentions first."""
    number = {WITH_MENTIONS: sum(bool(sentence.spans) for sentence in gold)}
    number[WITHOUT_MENTIONS] = len(gold) - number[WITH_MENTIONS]
    parts = {(ALL, ALL): strict_counts([sentence.spans for sentence in gold], predicted)}
    for kind, stratum_of in strata_of(seen).items():
        for stratum, counts in stratum_counts(gold, predicted, kind, stratum_of).items():
            parts[kind, stratum] = counts
    unmarked = int(unmarked_counts(gold, predicted).tp.sum())
    for (kind, stratum), counts in parts.items():
        ratios, intervals = total_ratios(counts)._asdict(), bootstrap([counts], scoring)[0]._asdict()
        yield [
            *(kind, stratum, number.get(stratum, len(gold)), unmarked if stratum == WITHOUT_MENTIONS else ""),
            *(int(part.sum()) for part in (counts.tp, counts.fp, counts.fn)),
            *(rounded(value) for name in ratios for value in (ratios[name], *intervals[name])),
            scoring.confidence,
        ]


def _compared(
    gold: Sequence[Sentence],
    answers: Mapping[str, Mapping[int, SpanLists]],
    seen: Mapping[str, Mapping[int, frozenset[str]]],
) -> Iterator[tuple[str, str, Pairs]]:
    """Yield kind, stratum, and the counts of each pair of runs, by seed of each."""

    def by_stratum(run: str, kind: str, stratum_of: StratumOf) -> dict[str, list[Counts]]:
        seeds = [stratum_counts(gold, spans, kind, stratum_of) for spans in answers[run].values()]
        return {stratum: [counts[stratum] for counts in seeds] for stratum in KINDS[kind]}

    known = {run: frozenset().union(*mentions.values()) for run, mentions in seen.items()}
    compared: dict[str, dict[tuple[str, str], Sequence[dict[str, list[Counts]]]]] = {"training": {}}
    for pair in combinations(known, 2):
        stratum_of = seen_or_not(known[pair[0]] | known[pair[1]])
        compared["training"][pair] = [by_stratum(run, "training", stratum_of) for run in pair]
    for kind, stratum_of in strata_of(None).items():
        of_run = {run: by_stratum(run, kind, stratum_of) for run in answers}
        if kind == "sentence":
            for run, counts in of_run.items():
                counts[WITHOUT_MENTIONS] = [unmarked_counts(gold, spans) for spans in answers[run].values()]
        compared[kind] = {(a, b): (of_run[a], of_run[b]) for a, b in combinations(answers, 2)}
    for kind, pairs in compared.items():
        for stratum in KINDS[kind] if pairs else ():
            yield kind, stratum, {pair: (a[stratum], b[stratum]) for pair, (a, b) in pairs.items()}
