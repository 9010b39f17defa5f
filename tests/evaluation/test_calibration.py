"""Calibration against values counted by hand, and against data whose temperature is known."""

from pathlib import Path

import numpy as np
import pytest

from markner.data.documents import Sentence, Span, write_sentences
from markner.errors import MarknerError
from markner.evaluation.calibration import (
    ScoredMentions,
    calibrate,
    coverage_thresholds,
    fitted_temperature,
    scale,
    threshold_scores,
)
from markner.files import read_json
from markner.predictions import Prediction, write_predictions
from markner.reporting.figures.reliability import draw_calibration
from markner.study.schema.calibrations import Calibration

GOLD = [
    Sentence("a", "d", "gout and ataxia", spans=(Span(0, 4), Span(9, 15))),
    Sentence("b", "d", "no gout", spans=(Span(3, 7),)),
]
ANSWERS = [
    Prediction("a", (Span(0, 4), Span(9, 15)), "ok", None, (0.95, 0.65)),
    Prediction("b", (Span(0, 2), Span(3, 7)), "ok", None, (0.62, 1.0)),
]


def calibrated(folder: Path, answers: list[Prediction] = ANSWERS, fit: bool = False) -> list[dict[str, object]]:
    write_sentences(folder / "test.jsonl", GOLD)
    write_predictions(folder / "answers.jsonl", answers)
    answer_file = folder / "answers.jsonl"
    runs = {"run": {1: (answer_file, answer_file if fit else None)}}
    calibrate(runs, folder / "test.jsonl", folder / "test.jsonl" if fit else None, 10, folder / "out.json")
    rows: list[dict[str, object]] = read_json(folder / "out.json")
    return rows


def test_reliability_and_expected_error_are_those_counted_by_hand(tmp_path: Path) -> None:
    (row,) = calibrated(tmp_path)
    assert (row["mentions"], row["right"], row["gold_mentions"]) == (4, 3, 3)
    assert (row["temperature"], row["scaled"]) == (None, None)
    # Two of four lie in the bin from 0.6, half of them right; two in the last bin, both right.
    error = 0.5 * abs(0.635 - 0.5) + 0.5 * abs(0.975 - 1)
    bins = [
        {"low": 0.6, "high": 0.7, "mentions": 2, "confidence": 0.635, "precision": 0.5},
        {"low": 0.9, "high": 1.0, "mentions": 2, "confidence": 0.975, "precision": 1.0},
    ]
    assert row["as_predicted"] == {"expected_error": pytest.approx(error, abs=1e-6), "reliability": bins}


def test_a_threshold_keeps_the_mentions_of_at_least_its_confidence() -> None:
    mentions = ScoredMentions(np.array([0.95, 0.65, 0.62, 1.0]), np.array([1.0, 1.0, 0.0, 1.0]), 3)
    first, second, third = threshold_scores(mentions, (0.0, 0.65, 0.99))
    assert first == {"threshold": 0.0, "mentions": 4, "coverage": 1.0, "precision": 0.75, "recall": 1.0, "f1": 0.857143}
    assert second == {"threshold": 0.65, "mentions": 3, "coverage": 0.75, "precision": 1.0, "recall": 1.0, "f1": 1.0}
    assert (third["mentions"], third["recall"], third["f1"]) == (1, 0.333333, 0.5)


def test_thresholds_keep_every_twentieth_of_the_mentions_and_ties() -> None:
    assert coverage_thresholds(np.array([0.95, 0.65, 0.62, 0.95])) == [0.62, 0.65, 0.95]
    many = np.arange(1000) / 1000
    assert coverage_thresholds(many) == pytest.approx([step / 20 for step in range(20)])
    assert coverage_thresholds(np.array([])) == []


@pytest.mark.parametrize("true_temperature", [0.5, 1.0, 3.0])
def test_the_temperature_of_confidences_that_are_too_sure_or_unsure_is_found(true_temperature: float) -> None:
    draw = np.random.default_rng(1)
    honest = draw.uniform(0.02, 0.98, 50_000)
    right = (draw.uniform(size=len(honest)) < honest).astype(float)
    found = fitted_temperature(ScoredMentions(scale(honest, 1 / true_temperature), right, len(right)))
    assert found == pytest.approx(true_temperature, rel=0.05)


def test_a_temperature_keeps_the_order_and_one_changes_nothing() -> None:
    values = np.array([0.0, 0.3, 0.5, 0.9, 1.0])
    assert scale(values, 1.0)[1:4] == pytest.approx(values[1:4])
    assert list(scale(values, 2.0)) == sorted(scale(values, 2.0))
    assert scale(values, 2.0)[2] == pytest.approx(0.5)
    assert fitted_temperature(ScoredMentions(values, np.ones(5), 5)) is None, "no wrong mention: nothing to fit"
    assert fitted_temperature(ScoredMentions(values, np.zeros(5), 5)) is None, "no right mention"
    assert fitted_temperature(ScoredMentions(np.array([]), np.array([]), 5)) is None, "no mention"


def test_the_figure_has_the_same_bytes_with_and_without_a_fit(tmp_path: Path) -> None:
    for fit in (False, True):
        rows = calibrated(tmp_path, fit=fit)
        assert (rows[0]["scaled"] is not None) == fit
        written = []
        for turn in ("a", "b"):
            files = [tmp_path / f"{turn}.{kind}" for kind in ("pdf", "svg", "png")]
            settings = Calibration(corpus="c", runs=["run"], title="Can they be trusted?")
            draw_calibration(rows, settings, *files)
            written.append([file.read_bytes() for file in files])
        assert written[0] == written[1]


def test_a_run_that_finds_nothing_has_no_error_and_a_figure(tmp_path: Path) -> None:
    rows = calibrated(tmp_path, [Prediction(row.id, (), "ok", None, ()) for row in GOLD], fit=True)
    assert (rows[0]["mentions"], rows[0]["temperature"]) == (0, None)
    assert rows[0]["as_predicted"] == {"expected_error": None, "reliability": []}
    files = [tmp_path / f"figure.{kind}" for kind in ("pdf", "svg", "png")]
    draw_calibration(rows, Calibration(corpus="c", runs=["run"]), *files)
    assert all(file.stat().st_size > 0 for file in files)


def test_predictions_without_confidences_are_an_error(tmp_path: Path) -> None:
    with pytest.raises(MarknerError, match=r"answers\.jsonl, sentence 'a': the prediction has no confidences"):
        calibrated(tmp_path, [Prediction(row.id, row.spans, "ok") for row in ANSWERS])
