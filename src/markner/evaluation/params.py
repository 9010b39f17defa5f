"""Params of the rules that score predictions and compare runs."""

from typing import Self

from markner.data.fetching.registry import native_name
from markner.study.params import Params, Wildcards
from markner.study.queries import adjudicated, compared, judged_suspects, source_of, training_source
from markner.study.schema.calibrations import Calibration
from markner.study.schema.strata import TrainingSource
from markner.study.schema.study import Scoring, Study
from markner.study.schema.suspects import SuspectList
from runrecord.planned import planning_only


class ScoreParams(Params, rules=["score"]):
    """How predictions are scored."""

    scoring: Scoring

    @classmethod
    @planning_only
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Take the study's scoring."""
        return cls(scoring=study.scoring)


class SignificanceParams(Params, rules=["significance"]):
    """How the systems of a table, or all that are scored on a corpus, are compared on it, and which they are."""

    scoring: Scoring
    permutations: int
    runs: dict[str, list[int]]
    """Seeds by run."""

    @classmethod
    @planning_only
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Take the runs that are compared on a corpus."""
        table = wildcards.get("family", "").rstrip("/")
        runs = {name: study.runs[name].seeds for name in compared(study, wildcards["corpus"], table)}
        return cls(scoring=study.scoring, permutations=study.significance.permutations, runs=runs)


class StrataParams(SignificanceParams, rules=["strata"]):
    """As for paired tests, and the training data behind seen mentions."""

    training: dict[str, TrainingSource]
    """By run; without the runs for which nothing can be seen."""

    @classmethod
    @planning_only
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Take the runs that are compared on a corpus, and what each was trained on."""
        tests = SignificanceParams.of(study, wildcards)
        sources = {run: training_source(study, run, wildcards["corpus"]) for run in tests.runs}
        return cls(**tests.settings(), training={run: source for run, source in sources.items() if source})


class OfficialParams(Params, rules=["official"]):
    """The native files of a corpus' test split, and the intervals of its official scores."""

    scoring: Scoring
    native: list[str]

    @classmethod
    @planning_only
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Take the files of the raw variant."""
        source = source_of(study.corpora[wildcards["corpus"]], "raw")
        return cls(scoring=study.scoring, native=[native_name(file) for file in source.split_files("test").files])


class ErrorsParams(Params, rules=["errors"]):
    """The sample of errors, and the files of a person's judgements: of these errors, and of suspects of the corpus."""

    sample: int
    seed: int
    adjudicated: str | None
    suspects: str | None

    @classmethod
    @planning_only
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Take the study's error analysis for one run, seed and corpus."""
        judged = adjudicated(study, wildcards["run"], int(wildcards["seed"]), wildcards["corpus"])
        suspects = judged_suspects(study, wildcards["corpus"])
        return cls(sample=study.errors.sample, seed=study.errors.seed, adjudicated=judged, suspects=suspects)


class CalibrationParams(Params, rules=["calibration"]):
    """A calibration, the seeds of its runs, and which of them predict the corpus of the fit."""

    calibration: Calibration
    runs: dict[str, list[int]]
    fitted: list[str]

    @classmethod
    @planning_only
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Take a calibration of the study."""
        settings = study.calibrations[wildcards["calibration"]]
        runs = {run: study.runs[run].seeds for run in settings.runs}
        fitted = [run for run in runs if settings.fit in study.runs[run].evaluate]
        return cls(calibration=settings, runs=runs, fitted=fitted)


class SuspectsParams(Params, rules=["suspects"]):
    """A list of suspected annotation errors."""

    suspects: SuspectList

    @classmethod
    @planning_only
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Take a list of the study."""
        return cls(suspects=study.suspects[wildcards["suspects"]])
