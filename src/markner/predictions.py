"""Predictions: one file format for every kind of system."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal, get_args

from markner.data.documents import Span
from markner.files import read_records, write_jsonl

Status = Literal[
    "ok", "changed_text", "unbalanced", "nested", "truncated", "refused", "empty", "white_space", "missing"
]
"""The status of an answer. Only `ok` answers repeat their input exactly; other answers keep the spans that could
be aligned. `truncated`: the length limit was reached. Only imported predictions have the last two: `white_space`, the
answer differs from the sentence in white space alone; `missing`, the file has no answer to the sentence."""

STATUSES: tuple[Status, ...] = get_args(Status)


@dataclass(frozen=True, slots=True)
class Prediction:
    """A system's answer for one sentence: a row of results/<study>/predictions/<run>/seed<k>/<corpus>.jsonl.

    `raw` is the unchanged answer of a generative system, None for an encoder. `spans` are offsets into the sentence's
    own text: sorted, not empty, not overlapping, inside the text. No sentence is ever left out. `confidences` are the
    probabilities of the spans, one for each, None if the system gives none (docs/metrics.md#confidence).
    """

    id: str
    spans: tuple[Span, ...]
    status: Status
    raw: str | None = None
    confidences: tuple[float, ...] | None = None


def write_predictions(path: str | os.PathLike[str], predictions: Iterable[Prediction]) -> None:
    """Write predictions as JSON lines, atomically."""
    write_jsonl(path, (prediction_row(prediction) for prediction in predictions))


def prediction_row(prediction: Prediction) -> dict[str, object]:
    """Return the row of a prediction; `confidences`, rounded to four digits, only if it has them."""
    row: dict[str, object] = {
        "id": prediction.id,
        "spans": [list(span) for span in prediction.spans],
        "status": prediction.status,
        "raw": prediction.raw,
    }
    if prediction.confidences is not None:
        row["confidences"] = [round(value, 4) for value in prediction.confidences]
    return row


def read_predictions(path: str | os.PathLike[str]) -> Iterator[Prediction]:
    """Read predictions from JSON lines; another row is an error that names file and line."""
    return read_records(path, "prediction", _prediction_of)


def _prediction_of(row: dict[str, Any]) -> Prediction:
    if row["status"] not in STATUSES:
        raise ValueError(f"unknown status {row['status']!r}; one of {', '.join(STATUSES)}")
    spans = tuple(Span(*pair) for pair in row["spans"])
    return Prediction(row["id"], spans, row["status"], row["raw"], _confidences(row, len(spans)))


def _confidences(row: dict[str, Any], spans: int) -> tuple[float, ...] | None:
    if "confidences" not in row:
        return None
    values = tuple(float(value) for value in row["confidences"])
    if len(values) != spans or not all(0 <= value <= 1 for value in values):
        raise ValueError(f"{spans} spans with confidences {list(values)}; one from 0 to 1 for each")
    return values
