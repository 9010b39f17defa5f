"""The file of predictions, with and without confidences."""

import json
from pathlib import Path

import pytest

from markner.data.documents import Span
from markner.errors import MarknerError
from markner.predictions import Prediction, read_predictions, write_predictions


def test_confidences_are_a_key_of_their_own_and_absent_without_them(tmp_path: Path) -> None:
    spans = (Span(0, 4), Span(6, 9))
    rows = [Prediction("a", spans, "ok", "raw"), Prediction("b", spans, "ok", None, (0.123456, 1.0))]
    rows.append(Prediction("c", (), "empty", "", ()))
    write_predictions(tmp_path / "answers.jsonl", rows)
    first, second, third = map(json.loads, (tmp_path / "answers.jsonl").read_text().splitlines())
    assert first == {"id": "a", "spans": [[0, 4], [6, 9]], "status": "ok", "raw": "raw"}
    assert second == first | {"id": "b", "raw": None, "confidences": [0.1235, 1.0]}
    assert third["confidences"] == []
    found = list(read_predictions(tmp_path / "answers.jsonl"))
    assert [row.confidences for row in found] == [None, (0.1235, 1.0), ()]
    assert [row.spans for row in found] == [spans, spans, ()]


@pytest.mark.parametrize("confidences", [[0.5], [0.5, 1.5], [0.5, float("nan")], [0.5, "x"]])
def test_confidences_that_are_no_probabilities_of_the_spans_are_an_error(
    tmp_path: Path, confidences: list[object]
) -> None:
    row = {"id": "a", "spans": [[0, 4], [6, 9]], "status": "ok", "raw": None, "confidences": confidences}
    (tmp_path / "answers.jsonl").write_text(json.dumps(row) + "\n")
    with pytest.raises(MarknerError, match=r"answers\.jsonl, line 1: not a prediction"):
        list(read_predictions(tmp_path / "answers.jsonl"))
