"""Params of the rules that fetch, train and ask models. Imports no torch."""

import importlib.metadata
from typing import Literal, Self

from pydantic import Field

from markner.errors import NotInStudyError
from markner.study.grid import Point, grid_jobs
from markner.study.params import EntityPrompt, Params, Wildcards
from markner.study.queries import encoder, generative, point_folders, points, run_of, run_prompt, trained_on_tokens
from markner.study.schema.chat_runs import ApiModel
from markner.study.schema.study import Study
from markner.study.schema.systems import Decoding, EncoderTraining, LocalModel, PackageModel, TaggerRun, Training
from markner.tags import Tag
from runrecord.machine import package_version
from runrecord.planned import planning_only


class WeightsParams(Params, rules=["weights"]):
    """Where pretrained weights come from, and the version of a package that carries them."""

    model: LocalModel
    version: str | None

    @classmethod
    @planning_only
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Take a model's source. Its `hardware` is no part of it."""
        model = study.models[wildcards["model"]]
        if isinstance(model, ApiModel):
            raise NotInStudyError(f"models.{wildcards['model']} has no weights")
        version = _installed_version(model.package) if isinstance(model, PackageModel) else None
        return cls(model=model, version=version)

    def settings(self) -> dict[str, object]:
        """Leave out what the model's jobs ask of a machine."""
        return self.model_dump(exclude={"model": {"hardware"}})


@planning_only
def _installed_version(package: str) -> str | None:
    """Return the version of an installed package by its import name; None if it is not installed."""
    name = package.partition(".")[0]
    if (version := package_version(name)) is not None:
        return version
    names = importlib.metadata.packages_distributions().get(name, [])  # installed under another name; takes 0.2 s
    return importlib.metadata.version(names[0]) if names else None


class TrainParams(Params, rules=["train", "train_on_nodes"]):
    """How a generative run is tuned."""

    training: Training
    template: str
    seed: int

    @classmethod
    @planning_only
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Take the training of a run and the template of its prompt."""
        run = wildcards["run"]
        template = run_prompt(study, run).template
        return cls(training=generative(study, run).training, template=template, seed=int(wildcards["seed"]))


class PredictParams(Params, rules=["predict"]):
    """How a generative run is asked and decoded on a corpus."""

    decoding: Decoding
    prompt: EntityPrompt
    tokenize: bool = Field(False, exclude_if=lambda tokenize: not tokenize)

    @classmethod
    @planning_only
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Take the decoding of a run and its prompt for the entity type of the corpus."""
        run, entity = wildcards["run"], study.corpora[wildcards["corpus"]].entity
        return cls(
            decoding=generative(study, run).decoding,
            prompt=EntityPrompt.of_prompt(run_prompt(study, run), entity),
            tokenize=generative(study, run).as_trained and trained_on_tokens(study, run),
        )


class TrainEncoderParams(EncoderTraining, Params, rules=["train_encoder"]):
    """How the grid points of one job of an encoder run are trained."""

    points: dict[str, Point]
    seed: int

    @classmethod
    @planning_only
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Take the points of the job and what the grid does not search."""
        run = encoder(study, wildcards["run"])
        jobs = grid_jobs(run.grid, run.grid_batching)
        if wildcards["part"] not in jobs:
            raise NotInStudyError(f"runs.{wildcards['run']} has no grid job {wildcards['part']}")
        training = run.model_dump(include=set(EncoderTraining.model_fields))
        return cls(points=jobs[wildcards["part"]], seed=int(wildcards["seed"]), **training)


class TrainFinalEncoderParams(EncoderTraining, Params, rules=["train_final_encoder"]):
    """How the final model of an encoder is trained, besides its selected point."""

    keep: Literal["last"] = Field("last", exclude=True)
    seed: int

    @classmethod
    @planning_only
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Take what the grid does not search."""
        run = encoder(study, wildcards["run"])
        if not run.final:
            raise NotInStudyError(f"runs.{wildcards['run']} has no final model")
        training = run.model_dump(include=set(EncoderTraining.model_fields) - {"keep"})
        return cls(seed=int(wildcards["seed"]), **training)


class SelectEncoderParams(Params, rules=["select_encoder"]):
    """The grid points of an encoder run, among which the best is selected."""

    folders: dict[str, str]

    @classmethod
    @planning_only
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Take the folders of the points by name, in the grid's order."""
        run = encoder(study, wildcards["run"])
        return cls(folders=point_folders(run))


class PredictEncoderParams(Params, rules=["predict_encoder"]):
    """How the grid points of an encoder run predict."""

    folders: dict[str, str]
    max_lengths: dict[str, int]

    @classmethod
    @planning_only
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Take the folders and lengths of the points by name."""
        run = encoder(study, wildcards["run"])
        lengths = {name: point["max_length"] for name, point in points(run).items()}
        return cls(folders=point_folders(run), max_lengths=lengths)


class PredictTaggerParams(Params, rules=["predict_tagger"]):
    """How the labels of a ready-made tagger are read."""

    labels: dict[str, Tag]

    @classmethod
    @planning_only
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Take the labels of a run."""
        return cls(labels=run_of(study, wildcards["run"], TaggerRun).labels)
