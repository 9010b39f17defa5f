"""Settings of annotation: texts that trained runs tag."""

from typing import Literal

from pydantic import Field

from markner.study.schema.base import Context, Name, RunName, Settings, WithMarks
from markner.study.schema.formats import InputFormat, OutputFormat
from markner.study.schema.systems import Decoding


class AnnotationRun(Settings):
    """A trained run that tags texts."""

    run: RunName
    """Generative run or encoder."""
    seed: int | None = None
    """Seed of its training; the first of the run's `seeds` when left out."""
    entities: list[str] = Field(default_factory=list)
    """Entity types it is asked for. When left out: those it was trained on. An encoder knows its corpus' only."""


class Annotation(Settings):
    """A collection of texts and what tags it."""

    files: list[str] = Field(min_length=1)
    """Files, or folders of files, relative to the working directory."""
    format: InputFormat = "auto"
    """Format of the files; `auto` tells it by their names and beginnings."""
    runs: list[AnnotationRun] = Field(min_length=1)
    """Runs whose findings are put together."""
    output: OutputFormat = "pubtator"
    """Format that is written."""
    min_confidence: float = Field(0.0, ge=0, le=1)
    """Mentions of a lower confidence are left out."""
    shards: int = Field(1, ge=1)
    """Jobs that tag the texts, each some of them. The result is the same, byte for byte."""
    as_trained: bool = True
    """Divide texts into tokens for runs that were trained on tokenized sentences; `false`: all runs read raw text."""


class Tagger(WithMarks):
    """All that it takes to tag texts with a run; made from the study, not written in it."""

    run: Name
    """Name of the run."""
    seed: int
    """Seed of its training."""
    system: Literal["generative", "encoder"]
    """Kind of system."""
    folder: str
    """Folder of its weights, within the study's results; of an encoder's, the one with `selection.json`."""
    instructions: dict[str, str]
    """By entity type: the instruction, empty for an encoder."""
    template: str = ""
    """Text around instruction, context and input."""
    context: Context = "none"
    """What the prompt shows beside a sentence; an encoder's folder knows its own."""
    decoding: Decoding = Decoding()
    """How it answers."""
    tokenize: bool = False
    """It reads tokens joined by one space, as it was trained on such."""

    def as_trained(self, asked: bool) -> "Tagger":
        """Return the tagger as it is if that is asked for, else one that reads raw text."""
        return self if asked else self.model_copy(update={"tokenize": False})
