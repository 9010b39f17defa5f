"""Pair each sentence with its prediction."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from markner.data.documents import Sentence, Span, read_sentences
from markner.errors import MarknerError
from markner.markup import check_spans
from markner.predictions import Prediction, read_predictions

_SHOWN = 5


def read_gold(sentences: Path) -> list[Sentence]:
    """Read sentences and check their gold spans; those that overlap or leave their text are a MarknerError."""
    gold = list(read_sentences(sentences))
    for sentence in gold:
        _check(sentence, sentence.spans, sentences)
    return gold


def read_answers(gold: Sequence[Sentence], sentences: Path, predictions: Path) -> list[Prediction]:
    """Read the predictions of a file in the order of the sentences, and check them.

    Raises:
        MarknerError: A sentence has no prediction or more than one, a prediction has no sentence, or its spans are not
            sorted, overlap or leave their sentence.
    """
    answers = list(read_predictions(predictions))
    if not gold:
        raise MarknerError(f"{sentences}: there is no sentence to score")
    for path, items in ((sentences, gold), (predictions, answers)):
        repeated = [name for name, count in Counter(item.id for item in items).items() if count > 1]
        if repeated:
            raise MarknerError(f"{path}: {_named(repeated)} more than once", "write each sentence exactly once")
    by_id = {answer.id: answer for answer in answers}
    missing = [sentence.id for sentence in gold if sentence.id not in by_id]
    if missing:
        raise MarknerError(
            f"{predictions}: no prediction for {_named(missing)} of {sentences}", "predict this corpus again"
        )
    extra = sorted(by_id.keys() - {sentence.id for sentence in gold})
    if extra:
        raise MarknerError(
            f"{predictions}: prediction for {_named(extra)}, which {sentences} does not hold",
            "predict this corpus again",
        )
    for sentence in gold:
        _check(sentence, by_id[sentence.id].spans, predictions)
    return [by_id[sentence.id] for sentence in gold]


def first_few(names: Sequence[str]) -> str:
    """Return the first names of a list, and the number of the others."""
    return ", ".join(names[:_SHOWN]) + (f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else "")


def _named(ids: Sequence[str]) -> str:
    return ("sentences " if len(ids) > 1 else "sentence ") + first_few([repr(name) for name in ids])


def _check(sentence: Sentence, spans: Sequence[Span], path: Path) -> None:
    """Raise a MarknerError naming file and sentence if spans do not fit the sentence's text."""
    try:
        check_spans(sentence.text, spans)
    except MarknerError as error:
        raise MarknerError(f"{path}, sentence {sentence.id!r}: {error.message}") from error
