"""Settings of strata: tables and figures of scores by stratum, and the training data behind seen mentions."""

from typing import Annotated, Literal

from pydantic import Field

from markner.study.schema.base import EntryOf, Name, Settings, TableName, WithMarks
from markner.study.schema.corpora import Splits


class TrainingSource(WithMarks):
    """The training data whose mentions count as seen for a run; made from the study, not written in it."""

    instructions: Name | None = None
    """Instruction set of a tuned language model."""
    corpus: Name | None = None
    """Corpus whose training sentences count, if there is no instruction set."""
    split: Splits = Field(default=["train"], min_length=1)
    """Splits of that corpus, one file each."""
    fraction: float = 1.0
    """Part of these sentences, drawn by the seed of the run."""
    origin: Literal["run", "corpus"]
    """`run`: the run was trained on it. `corpus`: the run has no training here; it is the corpus' training split."""

    @property
    def number_of_files(self) -> int:
        """Return how many files hold the training data: the instruction set, or a file for each split."""
        return 1 if self.instructions is not None else len(self.split)


class StrataTable(Settings):
    """Table of strict scores by stratum, of the systems and corpora of a results table."""

    table: TableName
    """Results table whose rows and corpora are shown."""
    title: str = Field(min_length=1)
    """Caption."""


class StrataFigure(Settings):
    """Figure of one kind of strata: for each system and corpus a score in each stratum, with its interval."""

    strata_table: Annotated[Name, EntryOf("strata_tables")]
    """Table of strata whose scores are drawn."""
    kind: Literal["training", "words", "form"] = "training"
    """`training`: mentions seen in training and others. `words`: of one, two, three and more words. `form`:
    abbreviations and others."""
    metric: Literal["precision", "recall", "f1"] = "recall"
    """What is drawn."""
    title: str = ""
    """Title; that of the table when empty."""
    width: float = Field(6.9, ge=3, le=20)
    """Width in inches; 3.4 is a column, 6.9 a page."""
