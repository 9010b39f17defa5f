"""Two systems side by side: the test is that of the significance file, the sentences are those that differ."""

from pathlib import Path

import pytest

from markner.data.documents import Sentence, Span, write_sentences
from markner.errors import MarknerError
from markner.evaluation.contrast import contrast
from markner.predictions import Prediction, write_predictions
from markner.study.schema.study import Scoring

SCORING = Scoring(resamples=200)


def files(folder: Path) -> tuple[Path, Path, Path]:
    """Forty sentences; the first system finds the mention of each, the second that of every fourth."""
    gold = [Sentence(f"s{n}", "d", "Mice had ataxia.", (Span(9, 15),), (Span(9, 15),)) for n in range(40)]
    write_sentences(folder / "gold.jsonl", gold)
    write_predictions(folder / "a.jsonl", (Prediction(row.id, row.spans, "ok") for row in gold))
    found = (Prediction(row.id, row.spans if n % 4 == 0 else (), "ok") for n, row in enumerate(gold))
    write_predictions(folder / "b.jsonl", found)
    return folder / "gold.jsonl", folder / "a.jsonl", folder / "b.jsonl"


def test_differences_are_told_with_test_and_interval(tmp_path: Path) -> None:
    gold, a, b = files(tmp_path)
    found = contrast(gold, [a], [b], SCORING, 1000, "strict")
    assert found.f1 == (1.0, pytest.approx(0.4))
    assert found.test.difference == pytest.approx(0.6)
    assert found.test.p_value < 0.01
    assert 0 < found.interval[0] < 0.6 < found.interval[1]
    assert len(found.differences) == 30
    first = found.differences[0]
    assert (first.a, first.b, first.gain) == ("Mice had <mark>ataxia</mark>.", "Mice had ataxia.", 1)


def test_the_other_way_round_everything_is_opposite(tmp_path: Path) -> None:
    gold, a, b = files(tmp_path)
    one, other = contrast(gold, [a], [b], SCORING, 1000, "partial"), contrast(gold, [b], [a], SCORING, 1000, "partial")
    assert one.test.p_value == other.test.p_value
    assert one.interval == (pytest.approx(-other.interval[1]), pytest.approx(-other.interval[0]))
    assert [row.gain for row in one.differences] == [-row.gain for row in other.differences]


def test_turned_round_it_is_the_same_comparison(tmp_path: Path) -> None:
    gold, a, b = files(tmp_path)
    one = contrast(gold, [a], [b], SCORING, 1000, "strict")
    other = one.reversed()
    assert other.f1 == (one.f1[1], one.f1[0])
    assert other.interval == (-one.interval[1], -one.interval[0])
    assert (other.test.difference, other.test.p_value) == (-one.test.difference, one.test.p_value)
    assert [(row.a, row.b, row.gain) for row in other.differences] == [
        (row.b, row.a, -row.gain) for row in one.differences
    ]
    assert other.reversed() == one


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    gold, a, _ = files(tmp_path)
    with pytest.raises(MarknerError, match=r"gone\.jsonl is not there"):
        contrast(gold, [a], [tmp_path / "gone.jsonl"], SCORING, 1000, "strict")
