"""The scores of all points of an encoder's grid on a test set."""

from pathlib import Path

from markner.evaluation.matches import MATCHES
from markner.evaluation.matching import total_ratios
from markner.evaluation.pairing import read_answers, read_gold
from markner.evaluation.rounding import rounded
from markner.files import write_json


def score_grid(sentences: Path, predictions: Path, output: Path) -> None:
    """Write precision, recall and F1 of every grid point (paper 3.2: minimum, median, maximum).

    Args:
        sentences: Gold, JSON lines of `Sentence`.
        predictions: Folder of the predictions, `<point>.jsonl`.
        output: JSON by the name of the point, then by the kind of match: `precision`, `recall`, `f1`. The score file
            of the chosen point has the intervals.

    Raises:
        MarknerError: As `markner.evaluation.score.score`.
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
