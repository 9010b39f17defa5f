"""What all settings have in common: unknown keys are refused, values never change after loading."""

from dataclasses import dataclass
from typing import Annotated, Any, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

from markner.data.context import ContextKind
from markner.markup import MARKS, AnyMarks, Marks, TypedMarks, check_marks

NAME_PATTERN = r"^[A-Za-z0-9][A-Za-z0-9_.-]*$"
Name = Annotated[str, StringConstraints(pattern=NAME_PATTERN, max_length=80)]
"""A name that becomes part of a path: letters, digits, `_`, `.`, `-`; starts with a letter or a digit."""


Seed = Annotated[int, Field(ge=0, lt=2**32)]
"""Start of random numbers."""


@dataclass(frozen=True, slots=True)
class EntryOf:
    """Says of a name in the settings that a section of the study must have an entry of this name.

    `markner.study.checks.names` checks this, as pydantic sees one section at a time.
    """

    section: str
    other: str = ""
    """A second section that may have the entry instead."""
    splits: tuple[str, ...] = ()
    """Splits that a corpus must have."""
    weights: bool = False
    """Whether a model must have weights here."""


@dataclass(frozen=True, slots=True)
class Distinct:
    """Says of a list in the settings that no value may stand there twice."""


CorpusName = Annotated[Name, EntryOf("corpora")]
PromptName = Annotated[Name, EntryOf("prompts")]
WeightsName = Annotated[Name, EntryOf("models", weights=True)]
RunName = Annotated[Name, EntryOf("runs")]
TableName = Annotated[Name, EntryOf("tables")]

Seeds = Annotated[list[Seed], Distinct()]
ScoredCorpora = Annotated[list[Annotated[Name, EntryOf("corpora", splits=("test",))]], Distinct()]


class Settings(BaseModel):
    """Base of every settings section."""

    # Validators are built at first use: a job needs few of the sections that it imports.
    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True, allow_inf_nan=False)


Pair = Annotated[list[str], Field(min_length=2, max_length=2)]
"""An opening and a closing mark."""


Context = Annotated[ContextKind, Field(exclude_if=lambda context: context == "none")]
"""What is shown beside a sentence. Params leave it out while that is nothing, so a new setting runs nothing again."""


class WithMarks(Settings):
    """Settings with marks. Params leave out default marks."""

    marks: Pair = Field(default=[*MARKS], exclude_if=lambda marks: marks == [*MARKS])
    """The opening and the closing mark around a mention in an answer: `["[", "]"]`, `["@@", "##"]`."""
    marks_by_type: dict[str, Pair] = Field(
        default_factory=dict,
        examples=[{"disease": ["<disease>", "</disease>"]}],
        exclude_if=lambda marks: not marks,
    )
    """Instead of `marks`, a pair for each entity type: the model is asked for all these types at once
    (docs/decoding.md)."""

    def own_marks(self) -> dict[str, Any]:
        """Return the fields of the marks, for other settings with the same marks."""
        return {"marks": self.marks, "marks_by_type": self.marks_by_type}

    @property
    def all_marks(self) -> AnyMarks:
        """Return the marks of either kind."""
        if not self.marks_by_type:
            return Marks(*self.marks)
        return TypedMarks(tuple(self.marks_by_type), tuple(Marks(*pair) for pair in self.marks_by_type.values()))

    @model_validator(mode="after")
    def _one_kind_of_marks(self) -> Self:
        if self.marks_by_type and self.marks != [*MARKS]:
            raise ValueError("give either `marks` or `marks_by_type`")
        check_marks(self.all_marks)
        return self
