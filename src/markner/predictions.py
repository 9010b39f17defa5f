"""Predictions: one file format for every kind of system."""

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, Literal, get_args

from pydantic import Field, PlainSerializer

from markner.data.documents import Span
from markner.files import read_records, write_records

Status = Literal[
    "ok", "changed_text", "unbalanced", "nested", "truncated", "refused", "empty", "white_space", "missing"
]
"""The status of an answer. Only `ok` answers repeat their input exactly; other answers keep the spans that could
be aligned. `truncated`: the length limit was reached. Only imported predictions have the last two: `white_space`, the
answer differs from the sentence in white space alone; `missing`, the file has no answer to the sentence."""

STATUSES: tuple[Status, ...] = get_args(Status)
_Confidence = Annotated[float, Field(ge=0, le=1), PlainSerializer(lambda value: round(value, 4))]


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
    confidences: Annotated[tuple[_Confidence, ...] | None, Field(exclude_if=lambda values: values is None)] = None

    def __post_init__(self) -> None:
        """Raise a ValueError if there is not one confidence for each span."""
        if self.confidences is not None and len(self.confidences) != len(self.spans):
            raise ValueError(f"{len(self.spans)} spans with {len(self.confidences)} confidences")


def write_predictions(path: str | os.PathLike[str], predictions: Iterable[Prediction]) -> None:
    """Write predictions as JSON lines, atomically; confidences have four digits."""
    write_records(path, predictions)


def read_predictions(path: str | os.PathLike[str]) -> Iterator[Prediction]:
    """Read predictions from JSON lines; another row is an error that names file and line."""
    return read_records(path, Prediction, needed=["raw"])
