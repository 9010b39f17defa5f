"""Params of the rules for people's own texts."""

from typing import Self

from markner.study.params import Params, Wildcards
from markner.study.queries import tagger, trained_taggers
from markner.study.schema.annotations import Tagger
from markner.study.schema.formats import InputFormat, OutputFormat
from markner.study.schema.study import Study
from runrecord.planned import planning_only


class AnnotateParams(Params, rules=["annotate"]):
    """The formats of texts, and the runs that tag them."""

    files: list[str]
    format: InputFormat
    output: OutputFormat
    taggers: list[Tagger]
    min_confidence: float

    @classmethod
    @planning_only
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Take an annotation of the study with the settings of its runs."""
        settings = study.annotations[wildcards["annotation"]]
        taggers = [
            tagger(study, item.run, item.seed, item.entities).as_trained(settings.as_trained) for item in settings.runs
        ]
        return cls(taggers=taggers, **settings.model_dump(include=set(cls.model_fields) - {"taggers"}))


class ShardParams(Params, rules=["annotate_shard"]):
    """The format of texts, and the runs that tag a shard of them."""

    files: list[str]
    format: InputFormat
    taggers: list[Tagger]
    min_confidence: float

    @classmethod
    @planning_only
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Take an annotation of the study with the settings of its runs."""
        whole = AnnotateParams.of(study, wildcards)
        return cls(**whole.model_dump(include=set(cls.model_fields)))


class GatherParams(Params, rules=["gather_annotation"]):
    """The formats of texts whose shards are put together."""

    files: list[str]
    format: InputFormat
    output: OutputFormat

    @classmethod
    @planning_only
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Take an annotation of the study."""
        settings = study.annotations[wildcards["annotation"]]
        return cls(**settings.model_dump(include=set(cls.model_fields)))


class TaggersParams(Params, rules=["taggers"]):
    """The settings of all trained runs, for tagging without a config file."""

    taggers: list[Tagger]

    @classmethod
    @planning_only
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Take all runs that were trained, with each seed."""
        return cls(taggers=trained_taggers(study))
