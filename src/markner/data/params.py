"""Params of the rules that make corpora, dataset cards and instruction sets."""

from typing import Any, Self, cast

from markner.data.fetching.registry import expected_hashes
from markner.study.params import Params, Wildcards
from markner.study.queries import native_texts, run_of, source_of
from markner.study.schema.corpora import CorpusFiles, CorpusSource, Mixture, OffsetUnit, Prompt, Sample, Variant
from markner.study.schema.formats import AnswerFormat
from markner.study.schema.prediction_runs import PredictionsRun
from markner.study.schema.repaired_runs import RepairedRun, RepairStep
from markner.study.schema.study import Study
from runrecord.planned import planning_only


class FetchParams(Params, rules=["fetch"]):
    """Files of a corpus, of all its variants, and the bytes they must have."""

    corpus: CorpusFiles
    sha256: dict[str, str]

    @classmethod
    @planning_only
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Leave out what does not bear on the files: which variant is used and how the files are read."""
        corpus = study.corpora[wildcards["corpus"]]
        variants = corpus.variants()
        sources = {
            variant: source_of(corpus, variant).model_dump(include={"format", "train", "dev", "test"})
            for variant in variants
        }
        files = CorpusFiles.model_validate({"variant": variants[0], **sources})
        return cls(corpus=files, sha256=expected_hashes(corpus))


class SentencesParams(Params, rules=["sentences"]):
    """How one split of a corpus is read and sampled."""

    corpus: CorpusFiles
    """The files of this variant and split alone."""
    sample: Sample

    @classmethod
    @planning_only
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Keep one variant and one split of the corpus. Raises NotInStudyError if it has no such files."""
        corpus = study.corpora[wildcards["corpus"]]
        variant, split = cast("Variant", wildcards["variant"]), cast("Any", wildcards["split"])
        others: dict[str, Any] = dict.fromkeys({"train", "dev", "test"} - {split})
        source = source_of(corpus, variant)
        source.split_files(split)
        source = source.model_copy(update=others)
        files = CorpusFiles.model_validate({"variant": variant, variant: source})
        return cls(corpus=files, sample=corpus.sample.model_copy(update=others))


class DatasetCardParams(Params, rules=["card"]):
    """Which splits there are, and the paper's counts beside our own."""

    corpora: dict[str, CorpusFiles]

    @classmethod
    @planning_only
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Keep the files and the paper's counts of each corpus."""
        fields = set(CorpusFiles.model_fields)
        return cls(
            corpora={
                name: CorpusFiles.model_validate(corpus.model_dump(include=fields))
                for name, corpus in study.corpora.items()
            }
        )


class MixtureParams(Params, rules=["mixture"]):
    """An instruction set: its draw, and its instruction for each of its entity types."""

    mixture: Mixture
    prompt: Prompt
    entities: dict[str, str]
    """Entity type by corpus."""

    @classmethod
    @planning_only
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Keep the enhancements of the mixture's own entity types; the name of the prompt plays no part."""
        mixture = study.mixtures[wildcards["mixture"]]
        prompt = study.prompts[mixture.prompt]
        entities = {corpus: study.corpora[corpus].entity for corpus in mixture.corpora}
        enhancements = {entity: prompt.enhancements.get(entity, "") for entity in sorted(set(entities.values()))}
        return cls(
            mixture=mixture,
            prompt=Prompt(
                instruction=prompt.instruction,
                enhancements=enhancements,
                context=prompt.context,
                **prompt.own_marks(),
            ),
            entities=entities,
        )

    def settings(self) -> dict[str, Any]:
        """Leave out the prompt's name and the template, which training and prediction add."""
        return self.model_dump(exclude={"mixture": {"prompt"}, "prompt": {"template"}})


class ImportPredictionsParams(Params, rules=["import_predictions"]):
    """How the answers of another system to a corpus are read, and how many sentences must have one."""

    format: AnswerFormat
    marks: list[str]
    types: list[str] | None
    offsets: OffsetUnit
    min_matched: float

    @classmethod
    @planning_only
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Take a run of another system's answers; the name of the file plays no part."""
        run = run_of(study, wildcards["run"], PredictionsRun)
        return cls(
            format=run.format,
            marks=run.marks,
            types=run.types.get(wildcards["corpus"]),
            offsets=run.offsets,
            min_matched=run.min_matched,
        )


class RepairParams(Params, rules=["repair_predictions"]):
    """The steps of a repair, and how the sentences of a corpus get their documents."""

    steps: list[RepairStep]
    variant: Variant
    native: CorpusSource | None

    @classmethod
    @planning_only
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Take a repaired run; the names of its files play no part."""
        corpus = wildcards["corpus"]
        return cls(
            steps=run_of(study, wildcards["run"], RepairedRun).steps,
            variant=study.corpora[corpus].variant,
            native=native_texts(study, corpus),
        )
