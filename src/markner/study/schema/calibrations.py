"""Settings of calibrations: how far the confidences of runs can be trusted."""

from typing import Annotated

from pydantic import Field

from markner.study.schema.base import CorpusName, Distinct, RunName, Settings


class Calibration(Settings):
    """Reliability, expected calibration error, and F1 at coverage of the confidences of runs on a corpus."""

    corpus: CorpusName
    """Corpus on whose test split the confidences are judged."""
    runs: Annotated[list[RunName], Distinct()] = Field(min_length=1)
    """Tuned models and encoders that are scored on it; other runs have no confidences."""
    fit: CorpusName | None = None
    """Corpus on whose test split temperatures are fitted: one with the dev file of `corpus` as its `test`. A run that
    is not scored on it keeps its confidences as they are."""
    bins: int = Field(10, ge=2, le=100)
    """Bins of equal width from 0 to 1."""
    title: str = ""
    """Title of the figure; none when empty."""
    width: float = Field(6.9, ge=3, le=20)
    """Width of the figure in inches; 3.4 is a column, 6.9 a page."""
