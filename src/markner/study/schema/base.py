"""What all settings have in common: unknown keys are refused, values never change after loading."""

from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    SerializerFunctionWrapHandler,
    StringConstraints,
    model_serializer,
)

from markner.markup import MARKS, Marks, check_marks

Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]*$", max_length=80)]
"""A name that becomes part of a path: letters, digits, `_`, `.`, `-`; starts with a letter or a digit."""


class Settings(BaseModel):
    """Base of every settings section."""

    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True, allow_inf_nan=False)


def _checked(marks: list[str]) -> list[str]:
    check_marks(Marks(*marks))
    return marks


class WithMarks(Settings):
    """Settings with a pair of marks. The usual pair is left out of params, so that they are those of before."""

    marks: Annotated[list[str], AfterValidator(_checked)] = Field(default=[*MARKS], min_length=2, max_length=2)
    """The opening and the closing mark around a mention in an answer: `["[", "]"]`, `["@@", "##"]`."""

    @model_serializer(mode="wrap")
    def _without_usual_marks(self, serialized: SerializerFunctionWrapHandler) -> dict[str, Any]:
        fields: dict[str, Any] = serialized(self)
        if fields.get("marks") == [*MARKS]:
            del fields["marks"]
        return fields
