"""What each point of an encoder's grid reaches on a test set: the spread beside the score of the chosen point."""

from pathlib import Path

from markner.data.documents import read_sentences
from markner.evaluation.matching import strict_counts, total_ratios
from markner.evaluation.pairing import read_answers
from markner.evaluation.partial import partial_counts
from markner.files import write_json

_DIGITS = 6


def score_grid(sentences: Path, predictions: Path, output: Path) -> None:
    """Write precision, recall and F1 of every grid point, strict and partial (paper 3.2: minimum, median, maximum).

    Args:
        sentences: Gold, JSON lines of `Sentence`.
        predictions: Folder of the predictions, `<point>.jsonl`.
        output: JSON by the name of the point, then by `strict` and `partial`: `precision`, `recall`, `f1`. Intervals
            and significance are those of the chosen point, in its own score file.

    Raises:
        MarknerError: As `markner.evaluation.score.score`.
    """
    gold = list(read_sentences(sentences))
    true_spans = [sentence.spans for sentence in gold]
    points = {}
    for path in sorted(predictions.glob("*.jsonl")):
        predicted = [answer.spans for answer in read_answers(gold, sentences, path)]
        kinds = {"strict": strict_counts(true_spans, predicted), "partial": partial_counts(true_spans, predicted)}
        points[path.stem] = {
            kind: {name: round(float(value), _DIGITS) for name, value in total_ratios(counts)._asdict().items()}
            for kind, counts in kinds.items()
        }
    write_json(output, points)
