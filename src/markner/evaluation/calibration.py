"""Calibration of confidences: reliability, expected calibration error, temperature scaling, F1 at coverage."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar

from markner.errors import MarknerError
from markner.evaluation.matching import Floats, ratios
from markner.evaluation.pairing import read_answers, read_gold
from markner.evaluation.rounding import rounded
from markner.files import write_json

_STEPS = 20
"""Steps of coverage at which F1 is given."""
_EDGE = 0.00005
"""Half of the last digit of a confidence in a file; 0 and 1 have no finite logit."""
_LONGEST = 4.0
"""Temperatures are sought from e^-4 to e^4."""


@dataclass(frozen=True, slots=True)
class ScoredMentions:
    """The predicted mentions of a run: their confidences, and 1 where a mention equals a gold mention, else 0."""

    confidences: Floats
    right: Floats
    gold: int
    """Number of gold mentions."""


def calibrate(
    runs: Mapping[str, Mapping[int, tuple[Path, Path | None]]],
    sentences: Path,
    fit_sentences: Path | None,
    bins: int,
    output: Path,
) -> None:
    """Write the calibration of each run and seed on a corpus as JSON, strict match.

    Rows have `run`, `seed`, `mentions`, `right`, `gold_mentions`, `temperature` (null if none is fitted),
    `as_predicted` and `scaled` (null), each with `expected_error` and `reliability`, and `thresholds`.

    Args:
        runs: By run and seed the predictions, and the predictions on which a temperature is fitted; None for none.
        sentences: Gold of the predictions.
        fit_sentences: Gold of the predictions for the fit.
        bins: Number of bins of equal width.
        output: The JSON file.

    Raises:
        MarknerError: Predictions have no confidences.
    """
    rows = []
    for run, seeds in runs.items():
        for seed, (predictions, fit_predictions) in seeds.items():
            mentions = scored_mentions(sentences, predictions)
            temperature = None
            if fit_predictions is not None and fit_sentences is not None:
                temperature = fitted_temperature(scored_mentions(fit_sentences, fit_predictions))
            rows.append(_row(run, seed, mentions, temperature, bins))
    write_json(output, rows)


def _row(run: str, seed: int, mentions: ScoredMentions, temperature: float | None, bins: int) -> dict[str, Any]:
    scaled = None if temperature is None else scale(mentions.confidences, temperature)
    return {
        "run": run,
        "seed": seed,
        "mentions": len(mentions.right),
        "right": int(mentions.right.sum()),
        "gold_mentions": mentions.gold,
        "temperature": None if temperature is None else rounded(temperature),
        "as_predicted": _reliability(mentions.confidences, mentions.right, bins),
        "scaled": None if scaled is None else _reliability(scaled, mentions.right, bins),
        "thresholds": threshold_scores(mentions, coverage_thresholds(mentions.confidences)),
    }


def scored_mentions(sentences: Path, predictions: Path) -> ScoredMentions:
    """Read the mentions of a prediction file with their confidences, and compare each with the gold."""
    gold = read_gold(sentences)
    confidences: list[float] = []
    right: list[float] = []
    for sentence, answer in zip(gold, read_answers(gold, sentences, predictions), strict=True):
        if answer.confidences is None:
            raise MarknerError(
                f"{predictions}, sentence {answer.id!r}: the prediction has no confidences",
                "calibrate tuned models and encoders; predict again if the file is older than its confidences",
            )
        confidences += answer.confidences
        right += [float(span in sentence.spans) for span in answer.spans]
    return ScoredMentions(np.array(confidences), np.array(right), sum(len(sentence.spans) for sentence in gold))


def scale(confidences: Floats, temperature: float) -> Floats:
    """Return confidences whose logits are divided by a temperature (Guo et al. 2017), for the two outcomes of each."""
    inside = np.clip(confidences, _EDGE, 1 - _EDGE)
    scaled: Floats = 1 / (1 + ((1 - inside) / inside) ** (1 / temperature))
    return scaled


def fitted_temperature(mentions: ScoredMentions) -> float | None:
    """Return the temperature with the least cross entropy; None if there are not both right and wrong mentions."""
    if not 0 < mentions.right.sum() < len(mentions.right):
        return None

    def cross_entropy(log_temperature: float) -> float:
        scaled = scale(mentions.confidences, float(np.exp(log_temperature)))
        return float(-np.log(np.clip(np.where(mentions.right > 0, scaled, 1 - scaled), 1e-300, None)).mean())

    return float(np.exp(minimize_scalar(cross_entropy, bounds=(-_LONGEST, _LONGEST), method="bounded").x))


def _reliability(confidences: Floats, right: Floats, bins: int) -> dict[str, Any]:
    """Return the bins that have mentions, and the expected calibration error (Naeini et al. 2015).

    That is the mean over mentions of the distance between the mean confidence and the precision of their bin.
    """
    places = np.minimum((confidences * bins).astype(int), bins - 1)
    rows, error = [], 0.0
    for place in range(bins):
        inside = places == place
        if count := int(inside.sum()):
            confidence, precision = float(confidences[inside].mean()), float(right[inside].mean())
            error += count / len(right) * abs(confidence - precision)
            rows.append(
                {
                    "low": rounded(place / bins),
                    "high": rounded((place + 1) / bins),
                    "mentions": count,
                    "confidence": rounded(confidence),
                    "precision": rounded(precision),
                }
            )
    return {"expected_error": rounded(error) if rows else None, "reliability": rows}


def coverage_thresholds(confidences: Floats) -> list[float]:
    """Return the thresholds, lowest first, that keep 100, 95, ... 5 percent of the mentions, and ties of the last."""
    count = len(confidences)
    ordered = np.sort(confidences)[::-1]
    places = [-(-count * step // _STEPS) - 1 for step in range(1, _STEPS + 1)]
    return sorted({float(ordered[place]) for place in places if 0 <= place < count})


def threshold_scores(mentions: ScoredMentions, thresholds: Sequence[float]) -> list[dict[str, Any]]:
    """Return strict scores of the mentions of at least each threshold, and the part of the mentions that they are."""
    rows = []
    for threshold in thresholds:
        kept = mentions.confidences >= threshold
        tp, count = mentions.right[kept].sum(), int(kept.sum())
        values = ratios(tp, count - tp, mentions.gold - tp)
        rows.append(
            {
                "threshold": threshold,
                "mentions": count,
                "coverage": rounded(count / max(len(kept), 1)),
                **{name: rounded(float(value)) for name, value in values._asdict().items()},
            }
        )
    return rows
