"""The score files of a run and seed on a corpus: of its predictions, and of all points of an encoder's grid."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from markner.data.documents import Sentence
from markner.evaluation.author_release import author_spans
from markner.evaluation.intervals import score_values
from markner.evaluation.matches import MATCHES, counts_and_intervals
from markner.evaluation.matching import SpanLists, strict_counts, total_mentions, total_ratios
from markner.evaluation.pairing import read_answers, read_gold
from markner.evaluation.partial import semeval_counts
from markner.evaluation.rounding import rounded
from markner.files import read_json, write_json
from markner.predictions import STATUSES, Prediction
from markner.study.schema.study import Scoring


def score(
    sentences: Path,
    predictions: Path,
    scoring: Scoring,
    run: str,
    corpus: str,
    output: Path,
    counts: Path | None = None,
) -> None:
    """Score predictions against gold and write the scores as JSON.

    `counts` is for imported predictions: JSON of how the file's answers matched the sentences, kept under `answers`.
    """
    gold = read_gold(sentences)
    answers = read_answers(gold, sentences, predictions)
    true_spans, predicted = [item.spans for item in gold], [item.spans for item in answers]
    statuses = Counter(answer.status for answer in answers)
    write_json(
        output,
        {
            "run": run,
            "corpus": corpus,
            "scoring": scoring.model_dump(),
            "sentences": len(gold),
            "gold_mentions": total_mentions(true_spans),
            "predicted_mentions": total_mentions(predicted),
            **_scores(true_spans, predicted, scoring),
            "status": {status: statuses[status] for status in STATUSES},
            **({"answers": read_json(counts)} if counts else {}),
            "author_release": _against_author_release(gold, answers, scoring),
        },
    )


def score_grid(sentences: Path, predictions: Path, output: Path) -> None:
    """Write precision, recall and F1 of every point of an encoder's grid (paper 3.2: minimum, median, maximum).

    `predictions` is a folder of `<point>.jsonl`. The JSON is by the name of the point, then by the kind of match:
    `precision`, `recall`, `f1`. The score file of the chosen point has the intervals.
    """
    gold = read_gold(sentences)
    true_spans = [sentence.spans for sentence in gold]
    points = {}
    for path in sorted(predictions.glob("*.jsonl")):
        predicted = [answer.spans for answer in read_answers(gold, sentences, path)]
        ratios = {match: total_ratios(count(true_spans, predicted)) for match, count in MATCHES.items()}
        points[path.stem] = {
            match: {name: rounded(value) for name, value in ratio._asdict().items()} for match, ratio in ratios.items()
        }
    write_json(output, points)


def _scores(gold: SpanLists, predicted: SpanLists, scoring: Scoring) -> dict[str, dict[str, Any]]:
    """Return the scores of each kind of match, with their intervals."""
    scores = {name: score_values(*parts) for name, parts in counts_and_intervals(gold, predicted, scoring).items()}
    semeval = semeval_counts(gold, predicted)
    for name in ("correct", "partial", "spurious", "missed"):
        scores["semeval"][name] = int(getattr(semeval, name).sum())
    return scores


def _against_author_release(gold: Sequence[Sentence], answers: Iterable[Prediction], scoring: Scoring) -> Any:
    """Return scores against the authors' own marks, over the sentences of their release; None if it has none."""
    pairs = [
        (sentence, sentence.released, answer)
        for sentence, answer in zip(gold, answers, strict=True)
        if sentence.released is not None
    ]
    if not pairs:
        return None
    marks = [author_spans(sentence, marked) for sentence, marked, _ in pairs]
    scores = _scores(marks, [answer.spans for _, _, answer in pairs], scoring)
    ceiling = total_ratios(strict_counts(marks, [sentence.spans for sentence, _, _ in pairs]))
    return {
        "sentences": len(pairs),
        "gold_mentions": total_mentions(marks),
        **{match: scores[match] for match in MATCHES},
        "ceiling_f1": rounded(ceiling.f1),
    }
