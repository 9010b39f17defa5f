"""Scores of an encoder's grid: each point's are those of its own score file."""

import json
from pathlib import Path

import pytest

from markner.data.documents import Sentence, Span, write_sentences
from markner.errors import MarknerError
from markner.evaluation.score import score, score_grid
from markner.predictions import Prediction, write_predictions
from markner.study.schema.study import Scoring

GOLD = [Sentence(f"s{i}", "d", "heart failure", (), (Span(0, 13),)) for i in range(4)]


def answers(right: int) -> list[Prediction]:
    return [Prediction(f"s{i}", (Span(0, 13 if i < right else 5),), "ok") for i in range(4)]


def test_a_point_has_the_scores_of_its_own_score_file(tmp_path: Path) -> None:
    write_sentences(tmp_path / "gold.jsonl", GOLD)
    for name, right in (("lr1", 1), ("lr2", 3)):
        write_predictions(tmp_path / "grid" / f"{name}.jsonl", answers(right))
    score_grid(tmp_path / "gold.jsonl", tmp_path / "grid", tmp_path / "grid.json")
    points = json.loads((tmp_path / "grid.json").read_text())
    assert list(points) == ["lr1", "lr2"]
    for name, point in points.items():
        score(
            tmp_path / "gold.jsonl", tmp_path / "grid" / f"{name}.jsonl", Scoring(), "r", "c", tmp_path / "score.json"
        )
        whole = json.loads((tmp_path / "score.json").read_text())
        for match, values in point.items():
            assert values == {metric: whole[match][metric] for metric in ("precision", "recall", "f1")}
    assert points["lr2"]["strict"]["f1"] == 0.75


def test_a_point_that_left_a_sentence_out_is_refused(tmp_path: Path) -> None:
    write_sentences(tmp_path / "gold.jsonl", GOLD)
    write_predictions(tmp_path / "grid" / "lr1.jsonl", answers(1)[1:])
    with pytest.raises(MarknerError, match="lr1"):
        score_grid(tmp_path / "gold.jsonl", tmp_path / "grid", tmp_path / "grid.json")
