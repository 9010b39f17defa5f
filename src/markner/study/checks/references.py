"""Check all names by which one part of a study uses another: the other part exists and can be used there."""

from collections.abc import Iterator
from pathlib import Path

from markner.files import read_json
from markner.study.checks.names import (
    corpus_problems,
    local_model_problems,
    misspelt_key,
    no_such_name,
    other_marks,
    repeated_values,
    shown_context,
    unknown_name,
    unknown_seed,
    unmarked_types,
)
from markner.study.checks.results import (
    adjudication_problems,
    calibration_problems,
    figure_problems,
    size_figure_problems,
    strata_problems,
    suspects_problems,
    table_problems,
)
from markner.study.checks.runs import run_problems
from markner.study.paths import PAPER_TABLES
from markner.study.problems import Problem
from markner.study.schema.chat_runs import ApiModel, ChatRun
from markner.study.schema.prediction_runs import PredictionsRun
from markner.study.schema.repaired_runs import RepairedRun
from markner.study.schema.study import Study
from markner.study.schema.systems import EncoderRun, GenerativeRun, TaggerRun
from markner.study.wording import yaml_hint
from markner.study.yaml_lines import Location

FIGURES = ("figures", "error_figures", "size_figures", "strata_figures", "calibrations")
FOLDERS = (
    *(("corpora",), ("prompts",), ("mixtures", "self_instruct"), ("models",), ("runs",)),
    *(("tables", "strata_tables"), FIGURES, ("suspects",), ("annotations",)),
)
"""The parts of a study that hold named things. The files of the parts that stand together lie in one folder."""


def reference_problems(study: Study, paper_tables: Path = PAPER_TABLES) -> list[Problem]:
    """Return the problems of all names that do not exist or cannot be used, in the order of the study.

    The rows of the paper are checked against `paper_tables` if the file exists.
    """
    printed = read_json(paper_tables) if paper_tables.exists() else {}
    paper = printed.get("tables")
    behind_runs = [
        *_mixtures(study),
        *_models(study),
        *_self_instruct(study),
        *run_problems(study),
    ]
    # What these ask of a run follows names that have to exist.
    of_runs = [] if behind_runs else [*calibration_problems(study), *suspects_problems(study)]
    return [
        *_names(study),
        *behind_runs,
        *_prompts(study),
        *table_problems(study, paper),
        *figure_problems(study),
        *strata_problems(study),
        *of_runs,
        *size_figure_problems(study, printed.get("figures")),
        *adjudication_problems(study),
        *_annotations(study),
    ]


def _names(study: Study) -> Iterator[Problem]:
    """Check that each name has files of its own. Some file systems have one file for names that differ only by case.

    The paired tests of a corpus `x` by stratum are in `strata/x.tests.csv`.
    """
    for name in study.corpora:
        if name.endswith(".tests"):
            yield Problem(("corpora", name), "no name of a corpus ends in `.tests`, as some results do", "rename it")
    for section in FIGURES:
        if "workflow" in getattr(study, section):
            fix = f"rename it, for example to `workflow-{section.partition('_')[0]}`"
            yield Problem((section, "workflow"), "each study has a figure `workflow`, with the same files", fix)
    for folder in FOLDERS:
        first: dict[str, tuple[str, str]] = {}
        for section, name in [(part, entry) for part in folder for entry in getattr(study, part)]:
            other, known = first.setdefault(name.lower(), (section, name))
            if known != name:
                yield Problem(
                    (section, name),
                    f"differs from `{other}.{known}` only by case: one file on macOS and Windows",
                    f"rename one of them, for example to `{name}-2`",
                )
            elif other != section:
                fix = f"rename it, for example to `{name}-{section.partition('_')[0].removesuffix('s')}`"
                yield Problem((section, name), f"`{other}.{name}` has the same files", fix)


def _prompts(study: Study) -> Iterator[Problem]:
    """Check that entity types for which prompts are enhanced are not misspelt."""
    entities = dict.fromkeys(corpus.entity for corpus in study.corpora.values())
    for name, prompt in study.prompts.items():
        for entity in prompt.enhancements:
            at: Location = ("prompts", name, "enhancements", entity)
            yield from misspelt_key(at, entity, "entity type of a corpus", entities)


def _mixtures(study: Study) -> Iterator[Problem]:
    for name, mixture in study.mixtures.items():
        at: Location = ("mixtures", name)
        yield from unknown_name((*at, "prompt"), mixture.prompt, "prompts", study.prompts)
        if mixture.annotation_scheme == "released":
            yield from other_marks((*at, "prompt"), mixture.prompt, study, "the author release has")
        known = [study.corpora[corpus].entity for corpus in mixture.corpora if corpus in study.corpora]
        yield from unmarked_types((*at, "prompt"), mixture.prompt, known, study)
        yield from repeated_values((*at, "corpora"), mixture.corpora)
        yield from repeated_values((*at, "split"), mixture.split)
        for index, corpus in enumerate(mixture.corpora):
            here = (*at, "corpora", index)
            yield from corpus_problems(here, corpus, study, mixture.split)
            if (
                mixture.annotation_scheme == "released"
                and corpus in study.corpora
                and study.corpora[corpus].variant != "tokenized"
            ):
                yield Problem(
                    (*at, "annotation_scheme"),
                    f"`released` exists for the variant `tokenized` only; `corpora.{corpus}` has the variant `raw`",
                    yaml_hint(
                        (*at, "annotation_scheme"), "span", f"or set `variant: tokenized` for `corpora.{corpus}`:"
                    ),
                )


def _models(study: Study) -> Iterator[Problem]:
    """Check the weights of chat models that are served on loopback."""
    for name, model in study.models.items():
        if isinstance(model, ApiModel) and model.weights is not None:
            yield from local_model_problems(("models", name, "weights"), model.weights, study)


def _self_instruct(study: Study) -> Iterator[Problem]:
    """Check the corpus, model and prompt of self-instruct sets."""
    for name, settings in study.self_instruct.items():
        at: Location = ("self_instruct", name)
        yield from corpus_problems((*at, "corpus"), settings.corpus, study, ["train"])
        yield from local_model_problems((*at, "model"), settings.model, study)
        yield from unknown_name((*at, "prompt"), settings.prompt, "prompts", study.prompts)
        yield from other_marks((*at, "prompt"), settings.prompt, study, "self-instruct writes")
        yield from shown_context((*at, "prompt"), settings.prompt, study, "self-instruct writes")


def _annotations(study: Study) -> Iterator[Problem]:
    """Check the runs that tag texts, their seeds and their entity types."""
    for name, annotation in study.annotations.items():
        for index, item in enumerate(annotation.runs):
            at: Location = ("annotations", name, "runs", index)
            yield from unknown_name((*at, "run"), item.run, "runs", study.runs)
            if item.run not in study.runs:
                continue
            run = study.runs[item.run]
            yield from unknown_seed(at, item.run, run.seeds, item.seed)
            if isinstance(run, EncoderRun) and run.corpus in study.corpora:
                own = study.corpora[run.corpus].entity
                if set(item.entities) - {own}:
                    yield no_such_name(
                        (*at, "entities"), item.entities[0], f"entity type of the encoder `{item.run}`", [own]
                    )
            elif isinstance(run, GenerativeRun) and not (run.mixture or run.weights_of or item.entities):
                fix = yaml_hint((*at, "entities"), ["disease"], "say what it is asked for, for example")
                yield Problem((*at, "run"), f"`{item.run}` is not tuned, so it knows no entity type of its own", fix)
            elif isinstance(run, (ChatRun, PredictionsRun, RepairedRun, TaggerRun)):
                lacks = "asks a model behind an API" if isinstance(run, ChatRun) else "has no model trained here"
                yield Problem((*at, "run"), f"`{item.run}` {lacks}", "name a run whose weights are here")
