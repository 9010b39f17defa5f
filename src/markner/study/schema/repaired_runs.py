"""Settings of runs that repair the predictions of another run."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from markner.study.schema.base import Distinct, Name, ScoredCorpora, Seeds, Settings

RepairStep = Literal["abbreviations", "consistency", "gazetteer"]


class RepairedRun(Settings):
    """The predictions of another run, changed by rules that look at the whole document."""

    system: Literal["repaired"]
    """Predictions of another run, repaired."""
    of: Name
    """The run whose predictions are repaired. It is no repaired run itself."""
    steps: Annotated[list[RepairStep], Distinct()] = Field(min_length=1)
    """What is done, in this order. `abbreviations`: a short form is marked everywhere in its document, or nowhere, as
    its definition and its long form are. `consistency`: a surface is marked everywhere in its document, or nowhere, as
    at most of its places. `gazetteer`: the terms of a file are marked."""
    gazetteer: str | None = None
    """File of terms for the step `gazetteer`, one a line, relative to the working directory."""
    seeds: Seeds = Field(default_factory=list)
    """Seeds of the run that are repaired. When left out: all of them."""
    evaluate: ScoredCorpora = Field(default_factory=list)
    """Corpora on whose test split it is scored. When left out: those of the run that it repairs."""

    @model_validator(mode="after")
    def _gazetteer_is_used(self) -> "RepairedRun":
        if ("gazetteer" in self.steps) != (self.gazetteer is not None):
            raise ValueError("the step `gazetteer` needs the file `gazetteer: terms.txt`, and the file needs the step")
        return self
