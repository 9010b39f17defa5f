"""The official BioCreative II gene mention score: a prediction may also equal an acceptable alternative of the gold.

The rules are from the task's own program, alt_eval.perl (README of the BC2GM training files; Smith et al. 2008):

- Gold is the whole GENE.eval, overlapping mentions included. Offsets do not count white space, so tokenization does not
  matter.
- An alternative belongs to every gold mention of its sentence with which it shares a character.
- A gold mention is a true positive if a prediction equals it or one of its alternatives, else a false negative.
- A prediction is a false positive if it equals neither a gold mention nor an alternative of its sentence.

So a gold mention is credited once, but predictions and gold are not paired:

- If a prediction equals an alternative of two gold mentions, both are true positives.
- If two predictions equal alternatives of one gold mention, the second counts neither as right nor as wrong.
- The same holds for a prediction that equals an alternative of no gold mention.

`tp + fn` is the number of gold mentions; `tp + fp` can differ from the number of predictions.
"""

from collections.abc import Mapping, Sequence
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from markner.data.documents import Document, Sentence, Span, overlaps, without_space
from markner.data.formats import bc2gm
from markner.errors import MarknerError
from markner.evaluation.intervals import bootstrap, score_values
from markner.evaluation.matching import Counts, SpanLists, check_same_length, mentions, total_mentions
from markner.evaluation.pairing import read_answers, read_gold
from markner.files import write_json
from markner.study.schema.study import Scoring


class Reference(NamedTuple):
    """The right spans of one sentence, as offsets without white space, ends exclusive."""

    gold: tuple[Span, ...]
    alternatives: tuple[Span, ...]


References = Mapping[str, Sequence[Reference]]
"""References by the text of the sentence without white space; as many as the text has occurrences in the file."""


def read_alternatives(sentences: Path, genes: Path, alternatives: Path) -> References:
    """Read gold and alternatives of a split from its native files: `test.in`, GENE.eval, ALTGENE.eval.

    Raises:
        MarknerError: A damaged line, or an annotation of no sentence or outside of it; names file and line.
    """
    by_sentence: dict[str, list[Reference]] = {}
    for document, other in zip(bc2gm.read(sentences, genes), bc2gm.read(sentences, alternatives), strict=True):
        reference = Reference(_annotated(document), _annotated(other))
        by_sentence.setdefault(without_space(document.text), []).append(reference)
    return by_sentence


def references_of(sentences: Sequence[Sentence], references: References) -> list[Reference]:
    """Return the reference of each sentence, looked up by its text without white space.

    A few texts occur more than once in the corpus, one of them annotated in two ways: the one that
    shares most mentions with the sentence is taken.

    Raises:
        MarknerError: A sentence is not in the native files.
    """
    of_sentences = []
    for sentence in sentences:
        candidates = references.get(without_space(sentence.text))
        if not candidates:
            raise MarknerError(
                f"sentence {sentence.id!r} is not in the native files: {sentence.text!r}",
                "score the split that the sentence file, GENE.eval and ALTGENE.eval belong to",
            )
        own = set(without_spaces(sentence.text, sentence.mentions))
        of_sentences.append(max(candidates, key=lambda candidate: len(own.intersection(candidate.gold))))
    return of_sentences


def without_spaces(text: str, spans: Sequence[Span]) -> tuple[Span, ...]:
    """Return spans of a text as offsets without its white space, ends exclusive."""
    before = [0, *accumulate(int(not character.isspace()) for character in text)]
    return tuple(Span(before[start], before[end]) for start, end in spans)


def official_counts(references: Sequence[Reference], predicted: SpanLists) -> Counts:
    """Count as alt_eval.perl does, sentence by sentence.

    The offsets of `predicted` leave out white space, too.
    """
    gold = [reference.gold for reference in references]
    check_same_length(gold, predicted)
    tp, fp = np.zeros(len(gold)), np.zeros(len(gold))
    for number, (reference, spans) in enumerate(zip(references, predicted, strict=True)):
        right = {*reference.gold, *reference.alternatives}
        fp[number] = sum(span not in right for span in spans)
        accepted = right.intersection(spans)
        tp[number] = sum(_credited(mention, reference, accepted) for mention in reference.gold)
    return Counts(tp, fp, mentions(gold) - tp)


def official_score(
    sentences: Path, predictions: Path, native: Sequence[Path], scoring: Scoring, run: str, corpus: str, output: Path
) -> None:
    """Score predictions of either variant as BioCreative II did and write the scores as JSON.

    `sentences` may be a sample. `native` are the split's sentence file, GENE.eval and ALTGENE.eval.

    Raises:
        MarknerError: Other than three native files, or a sentence that they do not hold.
    """
    if len(native) != 3:
        raise MarknerError(
            f"{corpus}: the official score takes 3 native files, found {len(native)}",
            "give `files: [SENTENCES.in, GENE.eval, ALTGENE.eval]` for the test split of the section `raw:`",
        )
    rows = read_gold(sentences)
    answers = read_answers(rows, sentences, predictions)
    references = references_of(rows, read_alternatives(*native))
    predicted = [without_spaces(row.text, answer.spans) for row, answer in zip(rows, answers, strict=True)]
    counts = official_counts(references, predicted)
    write_json(
        output,
        {
            "run": run,
            "corpus": corpus,
            "scoring": scoring.model_dump(),
            "sentences": len(rows),
            "gold_mentions": total_mentions([reference.gold for reference in references]),
            "alternatives": total_mentions([reference.alternatives for reference in references]),
            "predicted_mentions": total_mentions(predicted),
            "official": _official_scores(references, predicted, counts, scoring),
        },
    )


def _official_scores(
    references: Sequence[Reference], predicted: SpanLists, counts: Counts, scoring: Scoring
) -> dict[str, Any]:
    """Return the scores, and `by_alternative`: the true positives that match an alternative only."""
    exact = official_counts([reference._replace(alternatives=()) for reference in references], predicted)
    (intervals,) = bootstrap([counts], scoring)
    return {**score_values(counts, intervals), "by_alternative": int(counts.tp.sum() - exact.tp.sum())}


def _credited(mention: Span, reference: Reference, accepted: set[Span]) -> bool:
    return mention in accepted or overlaps(mention, accepted.intersection(reference.alternatives))


def _annotated(document: Document) -> tuple[Span, ...]:
    return without_spaces(document.text, [mention.span for mention in document.mentions])
