"""Settings of lists of suspected annotation errors."""

from typing import Annotated

from pydantic import Field

from markner.study.schema.base import CorpusName, Distinct, RunName, Settings


class SuspectList(Settings):
    """Places of a corpus where its annotation may be wrong, for a person to judge."""

    corpus: CorpusName
    """Corpus whose test split is compared with the runs; all its splits are compared with each other."""
    runs: Annotated[list[RunName], Distinct()] = Field(min_length=1)
    """Runs that are scored on it; all their seeds count."""
    places: int = Field(3, ge=1)
    """Other places at which a surface must stand before it counts how they are annotated."""
    share: float = Field(0.8, gt=0.5, le=1)
    """Part of these places that must be annotated otherwise."""
