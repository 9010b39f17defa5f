"""Check all names by which one part of a study uses another: the other part exists and can be used there."""

import re
from collections.abc import Iterator
from pathlib import Path

from markner.data.fetching.registry import all_splits
from markner.files import read_json
from markner.study.checks.names import (
    entry_problems,
    missing_splits,
    name_problems,
    no_such_name,
    other_marks,
    quoted_names,
    ruled_values,
    sampled_context,
    shown_context,
    unknown_seed,
    unmarked_types,
)
from markner.study.checks.results import (
    adjudication_problems,
    calibration_problems,
    size_figure_problems,
    suspects_problems,
    table_problems,
)
from markner.study.checks.runs import linked_run_problems, run_problems
from markner.study.paths import PAPER_TABLES
from markner.study.problems import Problem
from markner.study.schema.chat_runs import ChatRun
from markner.study.schema.corpora import CorpusFile
from markner.study.schema.prediction_runs import PredictionsRun
from markner.study.schema.repaired_runs import RepairedRun
from markner.study.schema.study import Study
from markner.study.schema.systems import EncoderRun, GenerativeRun, TaggerRun
from markner.study.wording import did_you_mean, yaml_hint
from markner.study.yaml_lines import Location

FIGURES = ("figures", "error_figures", "size_figures", "strata_figures", "calibrations")
FOLDERS = (
    *(("corpora",), ("prompts",), ("mixtures", "self_instruct"), ("models",), ("runs",)),
    *(("tables", "strata_tables"), FIGURES, ("suspects",), ("annotations",)),
)
"""The parts of a study that hold named things. The files of the parts that stand together lie in one folder."""


def reference_problems(study: Study, paper_tables: Path = PAPER_TABLES) -> list[Problem]:
    """Return the problems of all names that do not exist or cannot be used, in the order of the study.

    Most uses are checked only if all names exist. The rows of the paper are checked against `paper_tables` if the file
    exists.
    """
    ruled = ruled_values(study)
    unknown = [*name_problems(study, ruled), *linked_run_problems(study)]
    return [
        *_files(study),
        *_paths(study),
        *unknown,
        *entry_problems(study, ruled),
        *(() if unknown else _uses(study, paper_tables)),
    ]


def _uses(study: Study, paper_tables: Path) -> Iterator[Problem]:
    """Check the parts of a study, in which all names exist, for what their users need."""
    printed = read_json(paper_tables) if paper_tables.exists() else {}
    figures = {name: figure["systems"] for name, figure in printed.get("figures", {}).items()}
    yield from _mixtures(study)
    yield from _self_instruct(study)
    yield from run_problems(study)
    yield from _prompts(study)
    yield from table_problems(study, printed.get("tables"))
    yield from calibration_problems(study)
    yield from suspects_problems(study)
    yield from size_figure_problems(study, figures if printed else None)
    yield from adjudication_problems(study)
    yield from _annotations(study)


def _files(study: Study) -> Iterator[Problem]:
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


def _paths(study: Study) -> Iterator[Problem]:
    """Check that no path of a job's input is empty or has braces: Snakemake takes these for a wildcard."""
    paths: list[tuple[Location, str | None]] = []
    for name, corpus in study.corpora.items():
        splits = all_splits(corpus)
        patterns = [files.pattern.replace("{id}", "") for files in splits if files.pattern is not None]
        references = [*(each for files in splits for each in [*files.files, files.ids]), *patterns]
        paths += [(("corpora", name), each.path if isinstance(each, CorpusFile) else each) for each in references]
    for name, run in study.runs.items():
        if isinstance(run, PredictionsRun):
            paths += [(("runs", name, "files", corpus), path) for corpus, path in run.files.items()]
        elif isinstance(run, RepairedRun):
            paths.append((("runs", name, "gazetteer"), run.gazetteer))
    for name, annotation in study.annotations.items():
        paths += [(("annotations", name, "files"), path) for path in annotation.files]
    paths += [(("errors", "adjudicated"), each.path) for each in study.errors.adjudicated]
    for at, path in paths:
        if path is not None and not path.strip():
            yield Problem(at, "an empty path", "name a file, or remove the key")
        if path is not None and re.search(r"\{.+\}", path):
            yield Problem(at, f"{path}: Snakemake takes braces in a path for a wildcard", "rename the file or folder")


def _prompts(study: Study) -> Iterator[Problem]:
    """Check that entity types for which prompts are enhanced are not misspelt.

    A type that is like none of the corpora's may be for other studies.
    """
    entities = dict.fromkeys(corpus.entity for corpus in study.corpora.values())
    for name, prompt in study.prompts.items():
        for entity in prompt.enhancements:
            close = did_you_mean(entity, entities)
            if entity not in entities and close is not None:
                yield Problem(
                    ("prompts", name, "enhancements", entity),
                    f"no entity type of a corpus is called `{entity}`",
                    f"did you mean `{close}`? There are {quoted_names(entities)}; rename it, or leave it out",
                )


def _mixtures(study: Study) -> Iterator[Problem]:
    for name, mixture in study.mixtures.items():
        at: Location = ("mixtures", name)
        yield from unmarked_types((*at, "prompt"), mixture.prompt, mixture.corpora, study)
        context = study.prompts[mixture.prompt].context
        yield from sampled_context((*at, "prompt"), context, mixture.corpora, mixture.split, study)
        for index, corpus in enumerate(mixture.corpora):
            yield from missing_splits((*at, "corpora", index), corpus, study, mixture.split)
        if mixture.annotation_scheme == "released":
            yield from other_marks((*at, "prompt"), mixture.prompt, study, "the author release has")
            for corpus in mixture.corpora:
                if study.corpora[corpus].variant != "tokenized":
                    here, other = (*at, "annotation_scheme"), f"`corpora.{corpus}`"
                    yield Problem(
                        here,
                        f"`released` exists for the variant `tokenized` only; {other} has the variant `raw`",
                        yaml_hint(here, "span", f"or set `variant: tokenized` for {other}:"),
                    )


def _self_instruct(study: Study) -> Iterator[Problem]:
    """Check the prompts of self-instruct sets."""
    for name, settings in study.self_instruct.items():
        at: Location = ("self_instruct", name, "prompt")
        yield from other_marks(at, settings.prompt, study, "self-instruct writes")
        yield from shown_context(at, settings.prompt, study, "self-instruct writes")


def _annotations(study: Study) -> Iterator[Problem]:
    """Check the runs that tag texts, their seeds and their entity types."""
    for name, annotation in study.annotations.items():
        for index, item in enumerate(annotation.runs):
            at: Location = ("annotations", name, "runs", index)
            run = study.runs[item.run]
            yield from unknown_seed(at, item.run, run.seeds, item.seed)
            if isinstance(run, EncoderRun):
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
