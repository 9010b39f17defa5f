"""Params of the rules for people's own texts."""

from typing import Self

from markner.study.params import Params, Wildcards
from markner.study.queries import tagger, trained_taggers
from markner.study.schema.annotations import Tagger
from markner.study.schema.formats import InputFormat, OutputFormat
from markner.study.schema.study import Study
from runrecord.planned import planning_only


class _Texts(Params, rules=[]):
    """The texts of an annotation. A class of a rule adds further settings, of the same names as the annotation's."""

    files: list[str]
    format: InputFormat

    @classmethod
    @planning_only
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Take the settings from an annotation of the study."""
        return cls(**study.annotations[wildcards["annotation"]].model_dump(include=set(cls.model_fields)))


class AnnotateParams(_Texts, rules=["annotate"]):
    """The format of texts, and the runs that tag a shard of them."""

    taggers: list[Tagger]
    min_confidence: float

    @classmethod
    @planning_only
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Take the settings from an annotation of the study, with those of its runs."""
        annotation = study.annotations[wildcards["annotation"]]
        taggers = [
            tagger(study, item.run, item.seed, item.entities).as_trained(annotation.as_trained)
            for item in annotation.runs
        ]
        return cls(
            files=annotation.files,
            format=annotation.format,
            taggers=taggers,
            min_confidence=annotation.min_confidence,
        )


class GatherParams(_Texts, rules=["gather_annotation"]):
    """The formats of texts whose shards are put together."""

    output: OutputFormat


class TaggersParams(Params, rules=["taggers"]):
    """The settings of all trained runs, for tagging without a config file."""

    taggers: list[Tagger]

    @classmethod
    @planning_only
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Take all runs that were trained, with each seed."""
        return cls(taggers=trained_taggers(study))
