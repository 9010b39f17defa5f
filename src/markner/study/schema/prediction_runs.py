"""Settings of runs that import the answers of another system."""

from typing import Literal

from pydantic import Field, model_validator

from markner.markup import MARKS
from markner.study.schema.base import CorpusName, Pair, ScoredCorpora, Settings
from markner.study.schema.corpora import OffsetUnit
from markner.study.schema.formats import WITHOUT_UNIT, AnswerFormat


class PredictionsRun(Settings):
    """Answers of another system, read from files and scored as every other run."""

    system: Literal["predictions"]
    """Answers in files."""
    files: dict[CorpusName, str] = Field(min_length=1)
    """By corpus: the file of the answers to its test split, relative to the working directory. For brat it is a
    folder; for the other formats of documents it may be one."""
    format: AnswerFormat
    """`marked`: JSON lines with `text` and `answer`, the text with marks around the mentions. `jsonl`: JSON lines with
    `text` and spans. `iob`: columns with IOB tags. The others are the formats of corpora."""
    marks: Pair = Field(default=[*MARKS])
    """The opening and the closing mark, for `marked`."""
    types: dict[CorpusName, list[str]] = Field(default_factory=dict)
    """By corpus: annotation types that count; all for a corpus that is left out. Not for `marked`."""
    offsets: OffsetUnit = "characters"
    """Unit that the offsets of PubTator, BioC, brat and JSON lines count in."""
    min_matched: float = Field(0.99, ge=0, le=1)
    """Least share of a corpus' sentences that must have an answer; below it is an error. A sentence without an answer
    counts as an empty answer."""
    evaluate: ScoredCorpora = Field(min_length=1)
    """Corpora on whose test split it is scored; each has an entry in `files`."""

    @model_validator(mode="after")
    def _settings_fit(self) -> "PredictionsRun":
        if not all(mark.strip() for mark in self.marks) or self.marks[0] == self.marks[1]:
            raise ValueError("`marks` must be two different marks that are not empty")
        if self.format != "marked" and self.marks != [*MARKS]:
            raise ValueError(f"`marks` has no meaning for the format {self.format}; remove it")
        if self.format == "marked" and self.types:
            raise ValueError("`types` has no meaning for the format marked; remove it")
        if self.format in WITHOUT_UNIT and self.offsets != "characters":
            raise ValueError(f"`offsets` has no meaning for the format {self.format}; remove it")
        return self

    @property
    def seeds(self) -> list[int]:
        """The one seed under which the answers lie; nothing is drawn at random."""
        return [1]
