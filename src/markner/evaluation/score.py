"""The score file of one run, seed and corpus."""

from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from markner.data.documents import Sentence, Span, read_sentences
from markner.errors import MarknerError
from markner.evaluation.intervals import bootstrap, figures
from markner.evaluation.matching import Counts, SpanLists, strict_counts, total_ratios
from markner.evaluation.pairing import check_answer, read_answers
from markner.evaluation.partial import partial_counts, semeval_counts
from markner.evaluation.released_gold import released_spans
from markner.evaluation.seqeval_check import checked_seqeval_scores
from markner.files import write_json
from markner.predictions import STATUSES, Prediction
from markner.study.schema.study import Scoring

_DIGITS = 6


def score(sentences: Path, predictions: Path, scoring: Scoring, run: str, corpus: str, output: Path) -> None:
    """Score predictions against gold and write the figures as JSON.

    Args:
        sentences: Gold, JSON lines of `Sentence`.
        predictions: JSON lines of `Prediction`, one for each sentence, in any order.
        scoring: Settings of the confidence intervals.
        run: Name of the run.
        corpus: Name of the corpus.
        output: File to write; the same input gives the same bytes.

    Raises:
        MarknerError: A sentence has no prediction or more than one, a prediction has no sentence, spans are not sorted,
            overlap or leave their sentence, or seqeval disagrees with the strict score.
    """
    gold = list(read_sentences(sentences))
    answers = read_answers(gold, sentences, predictions)
    for sentence in gold:
        check_answer(sentence, sentence.spans, sentences)
    true_spans, predicted = [item.spans for item in gold], [item.spans for item in answers]
    strict = strict_counts(true_spans, predicted)
    seqeval = checked_seqeval_scores([sentence.text for sentence in gold], true_spans, predicted, strict)
    statuses = Counter(answer.status for answer in answers)
    write_json(
        output,
        {
            "run": run,
            "corpus": corpus,
            "scoring": scoring.model_dump(),
            "sentences": len(gold),
            "gold_mentions": _total(true_spans),
            "predicted_mentions": _total(predicted),
            **_scores(true_spans, predicted, scoring, strict),
            "seqeval": {name: round(value, _DIGITS) for name, value in seqeval._asdict().items()},
            "status": {status: statuses[status] for status in STATUSES},
            "released": _against_released(gold, answers, scoring),
        },
    )


def _scores(gold: SpanLists, predicted: SpanLists, scoring: Scoring, strict: Counts) -> dict[str, dict[str, Any]]:
    """Figures of the three kinds of match, with intervals from the same resamples."""
    semeval = semeval_counts(gold, predicted)
    kinds = {"strict": strict, "partial": partial_counts(gold, predicted), "semeval": semeval.counts}
    intervals = bootstrap(list(kinds.values()), scoring)
    result = {
        name: figures(counts, interval) for (name, counts), interval in zip(kinds.items(), intervals, strict=True)
    }
    for name in ("correct", "partial", "spurious", "missed"):
        result["semeval"][name] = int(getattr(semeval, name).sum())
    return result


def _against_released(gold: Sequence[Sentence], answers: Iterable[Prediction], scoring: Scoring) -> Any:
    """Figures against the authors' own marks, over the sentences that their release holds; None without any."""
    pairs = [
        (sentence, sentence.released, answer)
        for sentence, answer in zip(gold, answers, strict=True)
        if sentence.released is not None
    ]
    if not pairs:
        return None
    marks = [_marks(sentence, released) for sentence, released, _ in pairs]
    predicted = [answer.spans for _, _, answer in pairs]
    strict = strict_counts(marks, predicted)
    scores = _scores(marks, predicted, scoring, strict)
    ceiling = total_ratios(strict_counts(marks, [sentence.spans for sentence, _, _ in pairs]))
    return {
        "sentences": len(pairs),
        "gold_mentions": _total(marks),
        "strict": scores["strict"],
        "partial": scores["partial"],
        "ceiling_f1": round(float(ceiling.f1), _DIGITS),
    }


def _marks(sentence: Sentence, released: str) -> tuple[Span, ...]:
    try:
        return released_spans(sentence.text, released)
    except MarknerError as error:
        raise MarknerError(f"sentence {sentence.id!r}: {error.message}") from error


def _total(spans: SpanLists) -> int:
    return sum(len(sentence) for sentence in spans)
