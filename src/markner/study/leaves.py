"""Which settings each rule uses, by name: what is not here cannot influence a job.

Every function takes the study and a rule's wildcards and returns a plain, ordered, JSON-able dictionary. The rules pass
it to their scripts as `params.settings`, so a job runs again when one of its leaves changes and for no other setting.
"""

import importlib.metadata
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from pydantic import TypeAdapter

from markner.data.fetching.registry import expected_hashes, licences, native_name
from markner.errors import MarknerError
from markner.study.grid import grid_jobs
from markner.study.queries import (
    adjudicated,
    chat_model,
    chat_run,
    compared,
    corpora_of,
    encoder,
    generative,
    point_folders,
    points,
    run_prompt,
    shot_corpus,
    size_points,
    source_of,
    table_runs,
    tagger,
)
from markner.study.schema.chat_runs import ApiModel
from markner.study.schema.corpora import Prompt, Split, Variant
from markner.study.schema.study import Study
from markner.study.schema.systems import GenerativeRun, PackageModel

Leaves = dict[str, Any]

# Where a `Corpus` is passed on for its files, its entity type plays no part.
_NEUTRAL: Leaves = {"entity": "-"}


def fetch(study: Study, corpus: str) -> Leaves:
    """Files of a corpus, all variants: a `Corpus` without what does not bear on them; and the bytes they must have."""
    settings = study.corpora[corpus]
    sources: Leaves = {
        variant: source_of(settings, variant).model_dump(exclude={"types", "offsets", "tokenize"})
        for variant in settings.variants()
    }
    files = {**_NEUTRAL, "variant": settings.variants()[0], **sources}
    return {"corpus": files, "sha256": expected_hashes(settings)}


def sentences(study: Study, corpus: str, variant: Variant, split: Split) -> Leaves:
    """How one split of a corpus is read and sampled: a `Corpus` with this variant and split alone."""
    settings = study.corpora[corpus]
    others: set[str] = {"train", "dev", "test"} - {split}
    return {
        **_NEUTRAL,
        "variant": variant,
        variant: source_of(settings, variant).model_dump(exclude=others),
        "sample": settings.sample.model_dump(exclude=others),
    }


def card(study: Study) -> Leaves:
    """Which splits there are, and what the dataset card shows beside their counts."""
    return {
        name: corpus.model_dump(include={"variant", "tokenized", "raw", "paper"}) | _NEUTRAL
        for name, corpus in study.corpora.items()
    }


def mixture(study: Study, mixture: str) -> Leaves:
    """An instruction set: its draw and its instruction for each of its entity types."""
    settings = study.mixtures[mixture]
    entities = {corpus: study.corpora[corpus].entity for corpus in settings.corpora}
    prompt = study.prompts[settings.prompt]
    return {
        **settings.model_dump(exclude={"prompt"}),
        "entities": entities,
        "instruction": prompt.instruction,
        "enhancements": {entity: prompt.enhancements.get(entity, "") for entity in sorted(set(entities.values()))},
    }


def write_candidates(study: Study, name: str) -> Leaves:
    """What a writing model is shown and how it is sampled."""
    settings = study.self_instruct[name]
    return {
        **settings.model_dump(include={"model", "seed_sentences", "seed", "writing"}),
        "entity": study.corpora[settings.corpus].entity,
    }


def self_instruct(study: Study, name: str) -> Leaves:
    """The seed of a self-instruct set, its filters and its instruction."""
    settings = study.self_instruct[name]
    prompt = study.prompts[settings.prompt]
    entity = study.corpora[settings.corpus].entity
    return {
        **settings.model_dump(include={"corpus", "seed_sentences", "seed", "filters"}),
        "entity": entity,
        "instruction": prompt.instruction,
        "enhancement": prompt.enhancements.get(entity, ""),
    }


def weights(study: Study, model: str) -> Leaves:
    """Where pretrained weights come from, and the installed version of a package that carries them.

    What their jobs run on is no part of it.
    """
    settings = study.models[model]
    if isinstance(settings, ApiModel):
        raise MarknerError(f"models.{model} has no weights")
    version = _installed(settings.package) if isinstance(settings, PackageModel) else None
    return {"model": settings.model_dump(exclude={"hardware"}), "version": version}


def train(study: Study, run: str, seed: int) -> Leaves:
    """How a generative run is tuned."""
    settings = generative(study, run)
    return {
        "training": settings.training.model_dump(),
        "template": run_prompt(study, run).template,
        "seed": seed,
    }


def predict(study: Study, run: str, corpus: str) -> Leaves:
    """How a generative run is asked and decoded on a corpus."""
    decoding = generative(study, run).decoding.model_dump()
    return {"decoding": decoding, **_question(study, run_prompt(study, run), corpus)}


def train_encoder(study: Study, run: str, seed: int, part: str) -> Leaves:
    """How the grid points of one job of an encoder run are trained."""
    settings = encoder(study, run)
    return {
        "points": grid_jobs(settings.grid, settings.grid_batching)[part],
        "epochs": settings.epochs,
        "keep": settings.keep,
        "tagging": settings.tagging,
        "warmup": settings.warmup,
        "weight_decay": settings.weight_decay,
        "precision": settings.precision,
        "fraction": settings.fraction,
        "seed": seed,
    }


def select_encoder(study: Study, run: str) -> Leaves:
    """The grid points of an encoder run, and how they are compared."""
    return {"folders": point_folders(encoder(study, run)), "select": encoder(study, run).select}


def predict_encoder(study: Study, run: str) -> Leaves:
    """How the grid points of an encoder run predict."""
    settings = encoder(study, run)
    lengths = {name: point["max_length"] for name, point in points(settings).items()}
    return {"folders": point_folders(settings), "max_lengths": lengths, "tagging": settings.tagging}


def shots(study: Study, run: str, seed: int, corpus: str) -> Leaves:
    """How the examples of a chat run are chosen."""
    settings = chat_run(study, run)
    chosen = {"shots", "shot_selection", *(["embedding"] if settings.shot_selection == "similar" else [])}
    return {"run": settings.model_dump(include=chosen), "corpus": shot_corpus(study, run, corpus), "seed": seed}


def chat(study: Study, run: str, corpus: str) -> Leaves:
    """What a chat model is asked on a corpus, and how: all that is part of a request, and nothing else."""
    settings = chat_run(study, run)
    model = chat_model(study, run)
    where = {"weights"} if model.weights else {"base_url"}
    return {
        "model": model.model_dump(include={"source", "provider", "model", "limit_field", "parameters"} | where),
        "run": settings.model_dump(include={"temperature", "max_new_tokens_margin"}),
        **_question(study, study.prompts[settings.prompt], corpus),
    }


def score(study: Study) -> Leaves:
    """How predictions are scored."""
    return study.scoring.model_dump()


def significance(study: Study, corpus: str, table: str = "") -> Leaves:
    """How the systems of a table, or all that are scored on a corpus, are compared on it, and which they are."""
    return {
        "scoring": study.scoring.model_dump(),
        "permutations": study.significance.permutations,
        "runs": {name: study.runs[name].seeds for name in compared(study, corpus, table)},
    }


def official(study: Study, corpus: str) -> Leaves:
    """The native files of a corpus' test split, and the intervals of its official scores."""
    source = source_of(study.corpora[corpus], "raw")
    return {
        "scoring": study.scoring.model_dump(),
        "native": [native_name(file) for file in source.split_files("test").files],
    }


def errors(study: Study, run: str, seed: int, corpus: str) -> Leaves:
    """The sample of errors, and the file of a person's judgements if there is one."""
    judged = adjudicated(study, run, seed, corpus)
    return {"sample": study.errors.sample, "seed": study.errors.seed, "adjudicated": judged}


def error_figure(study: Study, figure: str) -> Leaves:
    """A figure of errors and the table whose systems it shows."""
    settings = study.error_figures[figure]
    table = study.tables[settings.table]
    return {"figure": settings.model_dump(), "table": table.model_dump(), "titles": _titles(study, table.corpora)}


def table(study: Study, table: str) -> Leaves:
    """A table's layout, which run fills which cell, and which run's model is gone."""
    settings = study.tables[table]
    gone = {run: study.retired(run) for row in settings.rows for run in row.runs if study.retired(run)}
    titles = _titles(study, settings.corpora)
    return {**settings.model_dump(), "cells": table_runs(study, settings), "retired": gone, "titles": titles}


def costs(study: Study) -> Leaves:
    """What was tuned on what, of each run that is tuned."""
    tuned = {name: run for name, run in study.runs.items() if isinstance(run, GenerativeRun) and run.mixture}
    return {"runs": {name: {"model": run.model, "mixture": run.mixture} for name, run in tuned.items()}}


def figure(study: Study, figure: str) -> Leaves:
    """A figure's layout and that of the table whose cells it draws."""
    settings = study.figures[figure]
    return {"figure": settings.model_dump(), "table": study.tables[settings.table].model_dump()}


def crate(study: Study) -> Leaves:
    """The whole study, for its research object."""
    return {"study": study.model_dump(mode="json", exclude={"mirror", "answers"})}


def dataset(study: Study, mixture: str) -> Leaves:
    """What the card of an instruction set tells: its corpora and their licences, its prompt, who publishes it."""
    prompt = study.prompts[study.prompt_of_mixture(mixture)]
    return {
        "name": mixture,
        "study": study.study,
        "question": study.question,
        "corpora": _origins(study, mixture),
        "template": prompt.template,
        "written_by": study.self_instruct[mixture].model if mixture in study.self_instruct else None,
        "published": study.published.model_dump(),
    }


def model_card(study: Study, run: str, seed: int) -> Leaves:
    """What the card of a tuned model tells: its base, data and settings, how to ask it, who publishes it."""
    settings = generative(study, run)
    if settings.mixture is None:
        raise MarknerError(f"runs.{run} is not tuned, so it has no model of its own")
    prompt, corpora = run_prompt(study, run), _origins(study, settings.mixture)
    entities = dict.fromkeys(corpus["entity"] for corpus in corpora.values())
    base = study.models[settings.model].model_dump(exclude={"hardware"})
    return {
        "name": run,
        "seed": seed,
        "study": study.study,
        "question": study.question,
        "base": {"name": settings.model, **base},
        "mixture": settings.mixture,
        "corpora": corpora,
        "training": settings.training.model_dump(),
        "template": prompt.template,
        "instructions": {entity: prompt.instruction_text(entity) for entity in entities},
        "evaluate": {name: study.corpora[name].title or name for name in settings.evaluate},
        "published": study.published.model_dump(),
    }


def _origins(study: Study, mixture: str) -> Leaves:
    """Entity type, title, variant and licences of the corpora of an instruction set."""
    return {
        name: {**study.corpora[name].model_dump(include={"entity", "title", "variant"}), "licences": licences(corpus)}
        for name in corpora_of(study, mixture)
        if (corpus := study.corpora[name])
    }


def size_figure(study: Study, figure: str) -> Leaves:
    """A figure of training sizes, and which run gives which point."""
    settings = study.size_figures[figure]
    return {
        "figure": settings.model_dump(),
        "points": size_points(study, settings),
        "titles": _titles(study, settings.corpora),
    }


def report(study: Study) -> Leaves:
    """What the report shows: the question, titles, and for each corpus the runs that answered it, by first seed."""
    runs = study.live_runs()
    scored = {corpus for run in runs.values() for corpus in run.evaluate}
    others = {name: figure.title or name for name, figure in (study.error_figures | study.size_figures).items()}
    return {
        "study": study.study,
        "question": study.question,
        "tables": {name: table.title for name, table in study.tables.items()},
        "figures": {name: figure.title or study.tables[figure.table].title for name, figure in study.figures.items()}
        | others,
        "seeds": {name: run.seeds for name, run in runs.items()},
        "sentences": {
            corpus: {
                "variant": settings.variant,
                "runs": {name: run.seeds[0] for name, run in runs.items() if corpus in run.evaluate},
            }
            for corpus, settings in study.corpora.items()
            if corpus in scored
        },
    }


def annotate(study: Study, annotation: str) -> Leaves:
    """The formats of texts, and the runs that tag them."""
    settings = study.annotations[annotation]
    taggers = [tagger(study, item.run, item.seed, item.entities).model_dump() for item in settings.runs]
    return {"files": settings.files, "format": settings.format, "output": settings.output, "taggers": taggers}


def _question(study: Study, prompt: Prompt, corpus: str) -> Leaves:
    """What a model is asked with each sentence of a corpus."""
    entity = study.corpora[corpus].entity
    return {
        "template": prompt.template,
        "instruction": prompt.instruction,
        "entity": entity,
        "enhancement": prompt.enhancements.get(entity, ""),
    }


def _titles(study: Study, corpora: Iterable[str]) -> dict[str, str]:
    """Headings of the corpora that have one of their own."""
    return {name: study.corpora[name].title for name in corpora if study.corpora[name].title}


_RULES: dict[str, Callable[[Study, Mapping[str, str]], Leaves]] = {
    "fetch": lambda study, at: fetch(study, at["corpus"]),
    "sentences": lambda study, at: sentences(study, at["corpus"], _variant(at["variant"]), _split(at["split"])),
    "card": lambda study, at: card(study),
    "mixture": lambda study, at: mixture(study, at["mixture"]),
    "write_candidates": lambda study, at: write_candidates(study, at["set"]),
    "self_instruct": lambda study, at: self_instruct(study, at["set"]),
    "weights": lambda study, at: weights(study, at["model"]),
    "train": lambda study, at: train(study, at["run"], int(at["seed"])),
    "train_on_nodes": lambda study, at: train(study, at["run"], int(at["seed"])),
    "predict": lambda study, at: predict(study, at["run"], at["corpus"]),
    "train_encoder": lambda study, at: train_encoder(study, at["run"], int(at["seed"]), at["part"]),
    "select_encoder": lambda study, at: select_encoder(study, at["run"]),
    "predict_encoder": lambda study, at: predict_encoder(study, at["run"]),
    "shots": lambda study, at: shots(study, at["run"], int(at["seed"]), at["corpus"]),
    "similar_shots": lambda study, at: shots(study, at["run"], int(at["seed"]), at["corpus"]),
    "chat": lambda study, at: chat(study, at["run"], at["corpus"]),
    "chat_served": lambda study, at: chat(study, at["run"], at["corpus"]),
    "score": lambda study, at: score(study),
    "significance": lambda study, at: significance(study, at["corpus"], at.get("family", "").rstrip("/")),
    "official": lambda study, at: official(study, at["corpus"]),
    "errors": lambda study, at: errors(study, at["run"], int(at["seed"]), at["corpus"]),
    "error_figure": lambda study, at: error_figure(study, at["error_figure"]),
    "size_figure": lambda study, at: size_figure(study, at["size_figure"]),
    "table": lambda study, at: table(study, at["table"]),
    "costs": lambda study, at: costs(study),
    "figure": lambda study, at: figure(study, at["figure"]),
    "dataset": lambda study, at: dataset(study, at["mixture"]),
    "model_card": lambda study, at: model_card(study, at["run"], int(at["seed"])),
    "crate": lambda study, at: crate(study),
    "report": lambda study, at: report(study),
    "annotate": lambda study, at: annotate(study, at["annotation"]),
}


def current(study: Study, rule: str, wildcards: Mapping[str, str]) -> Leaves | None:
    """The leaves of a job as the study has them now; None if the rule or what its wildcards name is not in the study.

    Rules that use no setting have no leaves: an empty dictionary.
    """
    try:
        return _RULES[rule](study, wildcards) if rule in _RULES else {}
    except (KeyError, MarknerError):
        return None


def _installed(package: str) -> str | None:
    """The version of a Python package by the name it is imported by, None if none is installed under this name."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _variant(name: str) -> Variant:
    return TypeAdapter[Variant](Variant).validate_python(name)


def _split(name: str) -> Split:
    return TypeAdapter[Split](Split).validate_python(name)
