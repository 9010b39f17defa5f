"""Params of the rules of self-instruct."""

from typing import Self

from markner.study.params import Params, Wildcards
from markner.study.schema.self_instruct import Filters, Writing
from markner.study.schema.study import Study
from runrecord.planned import planning_only


class WriteCandidatesParams(Params, rules=["write_candidates"]):
    """The prompt of a writing model, and how its answers are sampled."""

    model: str
    entity: str
    seed_sentences: int
    seed: int
    writing: Writing

    @classmethod
    @planning_only
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Take the settings of a self-instruct set that concern the writing."""
        settings = study.self_instruct[wildcards["set"]]
        return cls(
            model=settings.model,
            entity=study.corpora[settings.corpus].entity,
            seed_sentences=settings.seed_sentences,
            seed=settings.seed,
            writing=settings.writing,
        )


class SelfInstructParams(Params, rules=["self_instruct"]):
    """The seed of a self-instruct set, its filters and its instruction."""

    corpus: str
    instruction: str
    seed_sentences: int
    seed: int
    filters: Filters

    @classmethod
    @planning_only
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Take the settings of a self-instruct set that concern its filters."""
        settings = study.self_instruct[wildcards["set"]]
        entity = study.corpora[settings.corpus].entity
        return cls(
            corpus=settings.corpus,
            instruction=study.prompts[settings.prompt].instruction_text(entity),
            seed_sentences=settings.seed_sentences,
            seed=settings.seed,
            filters=settings.filters,
        )
