"""The params class of each rule that runs a script. The workflow, the planning and the audit look it up here."""

from collections.abc import Mapping
from typing import Any

from markner.annotate.params import AnnotateParams
from markner.data.params import DatasetCardParams, FetchParams, ImportPredictionsParams, MixtureParams, SentencesParams
from markner.data.synthetic.params import SelfInstructParams, WriteCandidatesParams
from markner.errors import MarknerError, NotInStudyError
from markner.evaluation.params import ErrorsParams, OfficialParams, ScoreParams, SignificanceParams
from markner.models.chat.params import ChatParams, FewShotParams
from markner.models.params import (
    PredictEncoderParams,
    PredictParams,
    SelectEncoderParams,
    TrainEncoderParams,
    TrainParams,
    WeightsParams,
)
from markner.reporting.params import (
    CostsParams,
    CrateParams,
    ErrorFigureParams,
    FigureParams,
    InstructionSetCardParams,
    ModelCardParams,
    ReportParams,
    SizeFigureParams,
    TableParams,
)
from markner.study.params import NoParams, Params
from markner.study.schema.study import Study

PARAMS: dict[str, type[Params]] = {
    "fetch": FetchParams,
    "sentences": SentencesParams,
    "card": DatasetCardParams,
    "released_marks": NoParams,
    "mixture": MixtureParams,
    "write_candidates": WriteCandidatesParams,
    "self_instruct": SelfInstructParams,
    "weights": WeightsParams,
    "train": TrainParams,
    "train_on_nodes": TrainParams,
    "predict": PredictParams,
    "import_predictions": ImportPredictionsParams,
    "train_encoder": TrainEncoderParams,
    "select_encoder": SelectEncoderParams,
    "predict_encoder": PredictEncoderParams,
    "selected_predictions": NoParams,
    "few_shot": FewShotParams,
    "similar_few_shot": FewShotParams,
    "chat": ChatParams,
    "chat_served": ChatParams,
    "score": ScoreParams,
    "score_grid": NoParams,
    "significance": SignificanceParams,
    "official": OfficialParams,
    "errors": ErrorsParams,
    "error_figure": ErrorFigureParams,
    "size_figure": SizeFigureParams,
    "table": TableParams,
    "costs": CostsParams,
    "figure": FigureParams,
    "dataset": InstructionSetCardParams,
    "model_card": ModelCardParams,
    "crate": CrateParams,
    "report": ReportParams,
    "annotate": AnnotateParams,
}

_SECTIONS = {
    "corpus": ("corpora",),
    "run": ("runs",),
    "model": ("models",),
    "mixture": ("mixtures", "self_instruct"),
    "set": ("self_instruct",),
    "table": ("tables",),
    "figure": ("figures",),
    "error_figure": ("error_figures",),
    "size_figure": ("size_figures",),
    "annotation": ("annotations",),
}
"""Sections of the study that a wildcard names an entry of."""


def params_of(rule: str) -> type[Params]:
    """Return the params class of a rule. Raises MarknerError for a rule that is not registered."""
    if rule not in PARAMS:
        raise MarknerError(f"rule {rule} has no params class", "add it to PARAMS in src/markner/rules.py")
    return PARAMS[rule]


def current_settings(study: Study, rule: str, wildcards: Mapping[str, str]) -> dict[str, Any] | None:
    """Return the settings that a job has in a study now, None if the study has no such job any more.

    Raises:
        MarknerError: The rule is not registered.
    """
    params = params_of(rule)
    for name, value in wildcards.items():
        sections = [getattr(study, section) for section in _SECTIONS.get(name, ())]
        if sections and not any(value in section for section in sections):
            return None
    try:
        return params.of(study, wildcards).settings()
    except NotInStudyError:  # such as a run that is no longer tuned
        return None
