"""Settings of strata: tables and figures of scores by stratum, and the training data behind seen mentions."""

from typing import Literal

from markner.study.schema.base import Name, Settings


class TrainingSource(Settings):
    """The training data whose mentions count as seen for a run; made from the study, not written in it."""

    instructions: Name | None = None
    """Instruction set of a tuned language model."""
    corpus: Name | None = None
    """Corpus whose training split counts, if there is no instruction set."""
    fraction: float = 1.0
    """Part of the training split, drawn by the seed of the run."""
    origin: Literal["run", "corpus"]
    """`run`: the run was trained on it. `corpus`: the run has no training here; it is the corpus' training split."""
