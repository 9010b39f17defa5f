"""The settings of a job: the base class of all params.

A rule has one params class. It stands in `params.py` of the room whose code the rule runs, and names the rule. Settings
outside of the params do not influence the result, and a change of them runs nothing again.
"""

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, Self

from pydantic import Field

from markner.study.schema.base import Context, Settings, WithMarks
from markner.study.schema.corpora import Prompt
from markner.study.schema.study import Study
from runrecord.planned import planning_only

Wildcards = Mapping[str, str]
PARAMS: dict[str, type["Params"]] = {}
"""The params classes by rule. Each class adds itself; `markner.rules` imports them all."""


class Params(Settings):
    """Settings of a job, built from the study and the job's wildcards."""

    def __init_subclass__(cls, rules: Sequence[str], **config: Any) -> None:
        """Register the class for its rules. Raises TypeError for a rule that has a class."""
        super().__init_subclass__(**config)
        for rule in rules:
            if rule in PARAMS:
                raise TypeError(f"rule {rule} has two params classes: {PARAMS[rule].__name__} and {cls.__name__}")
            PARAMS[rule] = cls

    @classmethod
    @planning_only
    @abstractmethod
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Build the params of a job. Raises NotInStudyError if the study has no such job."""

    @classmethod
    def load(cls, params: Any) -> Self:
        """Load the params in a rule's script, from `snakemake.params`."""
        return cls.model_validate(params.settings)

    def settings(self) -> dict[str, Any]:
        """Return the params as JSON can hold them, as the rule passes them on and the record keeps them."""
        return self.model_dump()


class NoParams(
    Params, rules=["released_marks", "selected_predictions", "predict_final_encoder", "score_grid", "lineage"]
):
    """The params of the rules that use no setting."""

    @classmethod
    @planning_only
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Build empty params."""
        return cls()


class EntityPrompt(WithMarks):
    """A prompt for one entity type."""

    context: Context = "none"
    """What it shows beside the sentence."""
    template: str
    """Text around instruction, context and input."""
    instruction: str
    """The task, with the entity type in it; with typed marks, all types."""
    entity: str = Field("", exclude_if=lambda entity: not entity)
    """With typed marks, the entity type whose mentions are wanted."""

    @classmethod
    def of_prompt(cls, prompt: Prompt, entity: str) -> Self:
        """Build it from a prompt of the study."""
        return cls(
            context=prompt.context,
            template=prompt.template,
            instruction=prompt.instruction_text(*prompt.asked(entity)),
            entity=entity if prompt.marks_by_type else "",
            **prompt.own_marks(),
        )
