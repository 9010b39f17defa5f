"""Look things up in a study by name: the run of a cell, the model of a run, the prompt of a run.

The rules' functions and the params classes look things up here, so that both see the same.
"""

from collections.abc import Sequence
from typing import TypeVar

from markner.errors import MarknerError, NotInStudyError
from markner.study.grid import Point, grid_points, job_name, point_folder, point_name
from markner.study.schema.annotations import Tagger
from markner.study.schema.chat_runs import ApiModel, ChatRun
from markner.study.schema.corpora import Corpus, CorpusSource, Prompt, Variant
from markner.study.schema.prediction_runs import PredictionsRun
from markner.study.schema.repaired_runs import RepairedRun
from markner.study.schema.strata import TrainingSource
from markner.study.schema.study import SizeFigure, Study, Table
from markner.study.schema.systems import EncoderRun, GenerativeRun, Hardware, TaggerRun

_Run = TypeVar("_Run", GenerativeRun, EncoderRun, ChatRun, PredictionsRun, RepairedRun, TaggerRun)


def shot_corpus(study: Study, run: str, corpus: str) -> str:
    """Return the corpus whose training split gives the examples of a chat run on a corpus."""
    return chat_run(study, run).shot_corpus or corpus


def chat_model(study: Study, run: str) -> ApiModel:
    """Return the model of a chat run. Raises NotInStudyError for a retired model."""
    model = study.models[chat_run(study, run).model]
    if not isinstance(model, ApiModel) or model.retired is not None:
        raise NotInStudyError(f"runs.{run} has no model that can be asked")
    return model


def compared(study: Study, corpus: str, table: str = "") -> list[str]:
    """Return the runs that are compared on a corpus: a table's own, or without one all that are scored on it.

    They are sorted by name, so their order in the study does not matter. Raises NotInStudyError for an unknown table.
    """
    if table and table not in study.tables:
        raise NotInStudyError(f"the study has no table {table}")
    if table:
        return sorted({run for _, run, name in table_runs(study, study.tables[table]) if name == corpus})
    return sorted(name for name, run in study.live_runs().items() if corpus in run.evaluate)


def training_source(study: Study, run: str, corpus: str) -> TrainingSource | None:
    """Return the training data whose mentions count as seen for a run on a corpus.

    That is what the run was trained on. For a run without a training in this study (a chat model, an untuned model,
    another system's answers) it is the training split of the corpus; None if the corpus has none.
    """
    settings = study.runs[run]
    if isinstance(settings, RepairedRun):
        return training_source(study, settings.of, corpus)
    if isinstance(settings, EncoderRun):
        part = settings.fraction
        return TrainingSource(corpus=settings.corpus, split=settings.split, fraction=part, origin="run")
    if mixture := tuned_on(study, run):
        return TrainingSource(instructions=mixture, origin="run", **run_prompt(study, run).own_marks())
    if "train" not in source_of(study.corpora[corpus], study.corpora[corpus].variant).splits():
        return None
    return TrainingSource(corpus=corpus, origin="corpus")


def training_sentences(study: Study, run: str) -> list[tuple[str, str]]:
    """Return corpus and split of all sentences that a run is trained on, with the seed sentences of self-instruct."""
    settings = study.runs[run]
    if isinstance(settings, EncoderRun):
        return [(settings.corpus, split) for split in settings.split]
    mixture = tuned_on(study, run)
    if mixture is None:
        return []
    data = study.instruction_set(mixture)
    return [(corpus, split) for corpus in data.corpora for split in data.split]


def has_official(study: Study, corpus: str) -> bool:
    """Return whether a corpus can be scored as BioCreative II did: its test split has acceptable alternatives."""
    source = study.corpora[corpus].raw
    if source is None or source.format != "bc2gm" or source.test is None:
        return False
    return len(source.split_files("test").files) == 3


def adjudicated(study: Study, run: str, seed: int, corpus: str) -> str | None:
    """Return the file of a person's judgements of the errors of a run, None if there is none."""
    place = (run, seed, corpus)
    judged = study.errors.adjudicated
    return next((item.path for item in judged if (item.run, item.seed, item.corpus) == place), None)


def judged_suspects(study: Study, corpus: str) -> str | None:
    """Return the file of a person's judgements of the suspects of a corpus, None if there is none."""
    judged = study.errors.adjudicated
    return next((item.path for item in judged if item.run is None and item.corpus == corpus), None)


def size_points(study: Study, figure: SizeFigure) -> list[tuple[str, str, float, str]]:
    """Return label, corpus, fraction of the training data, and run of each point of a figure of training sizes."""
    return [
        (series.label, corpus, training_fraction(study, run), run)
        for series in figure.series
        for corpus in figure.corpora
        for run in series.runs
        if corpus in study.runs[run].evaluate
    ]


def training_fraction(study: Study, run: str) -> float:
    """Return the part of its training data that a run is trained on."""
    settings = study.runs[run]
    if isinstance(settings, EncoderRun):
        return settings.fraction
    mixture = tuned_on(study, run)
    if mixture is None:
        raise NotInStudyError(f"runs.{run} is not trained, so no part of any data is behind it")
    return study.mixtures[mixture].fraction


def tagger(study: Study, run: str, seed: int | None = None, entities: Sequence[str] = ()) -> Tagger:
    """Return how a run tags texts.

    Args:
        study: The study.
        run: A generative run or an encoder.
        seed: Seed of its training; by default its first.
        entities: Entity types; by default those it was trained on.

    Raises:
        MarknerError: The run cannot tag texts, or it cannot find these types.
    """
    settings = study.runs[run]
    able = [name for name, one in study.runs.items() if isinstance(one, (EncoderRun, GenerativeRun))]
    if run not in able:
        raise NotInStudyError(
            f"runs.{run} cannot tag texts: it is no generative run, and no encoder that the study trains",
            f"choose one of {', '.join(able)}",
        )
    seed = settings.seeds[0] if seed is None else seed
    if isinstance(settings, EncoderRun):
        own = study.corpora[settings.corpus].entity
        if set(entities) - {own}:
            raise MarknerError(f"{run} finds {own} only, not {', '.join(entities)}", f"ask it for {own}")
        folder = f"models/{run}/seed{seed}" + ("/final" if settings.final else "")
        return Tagger(run=run, seed=seed, system="encoder", folder=folder, instructions={own: ""})
    causal, prompt, owner = generative(study, run), run_prompt(study, run), study.owner(run)
    mixture = tuned_on(study, run)
    if not entities and mixture:
        trained = [study.corpora[corpus].entity for corpus in study.instruction_set(mixture).corpora]
        entities = list(dict.fromkeys(entity for own in trained for entity in prompt.asked(own)))
    if prompt.marks_by_type and (unknown := sorted(set(entities) - set(prompt.marks_by_type))):
        raise MarknerError(
            f"{run} has no marks for {', '.join(unknown)}", f"ask it for {', '.join(prompt.marks_by_type)}"
        )
    if not entities:
        raise MarknerError(
            f"{run} is not tuned, so it knows no entity type of its own", f"ask it for one: {run}:disease"
        )
    return Tagger(
        run=run,
        seed=seed,
        system="generative",
        folder=f"models/{owner}/seed{seed}" if mixture else f"weights/{causal.model}",
        instructions={
            entity: prompt.instruction_text(*(entities if prompt.marks_by_type else [entity])) for entity in entities
        },
        template=prompt.template,
        context=prompt.context,
        decoding=causal.decoding,
        **prompt.own_marks(),
        tokenize=trained_on_tokens(study, run),
    )


def trained_on_tokens(study: Study, run: str) -> bool:
    """Return whether all sentences that a generative run was trained on are tokens joined by one space."""
    mixture = tuned_on(study, run)
    corpora = study.instruction_set(mixture).corpora if mixture else []
    sources = [source_of(study.corpora[corpus], study.corpora[corpus].variant) for corpus in corpora]
    return bool(sources) and all(source.format == "iob" or source.tokenize for source in sources)


def trained_taggers(study: Study) -> list[Tagger]:
    """Return how each run that is trained in this study tags texts, for each of its seeds, in alphabetical order."""
    return [tagger(study, name, seed) for name in sorted(trained_runs(study)) for seed in study.runs[name].seeds]


def trained_runs(study: Study) -> list[str]:
    """Return the runs that answer with a model that is trained in this study."""
    return [name for name, run in study.runs.items() if isinstance(run, EncoderRun) or tuned_on(study, name)]


def tuned_on(study: Study, run: str) -> str | None:
    """Return the instruction set that the model of a run is tuned on; None for untuned models and other systems."""
    owner = study.runs[study.owner(run)]
    return owner.mixture if isinstance(owner, GenerativeRun) else None


def run_prompt(study: Study, run: str) -> Prompt:
    """Return the prompt of a generative run."""
    return study.prompts[prompt_name(study, run)]


def prompt_name(study: Study, run: str) -> str:
    """Return the name of the prompt of a generative run: its mixture's if its model is tuned, else its own."""
    mixture = tuned_on(study, run)
    return study.instruction_set(mixture).prompt if mixture else generative(study, run).prompt


def table_runs(study: Study, table: Table) -> list[tuple[str, str, str]]:
    """Return row label, run and corpus of each cell of a table that a run fills, in the table's order."""
    return [
        (row.label, run, corpus)
        for row in table.rows
        for corpus in table.corpora
        for run in row.runs
        if corpus in study.runs[run].evaluate and not study.retired(run)
    ]


def keeps_models(study: Study, run: str) -> bool:
    """Return whether the trained models of a run stay when everything was made from them."""
    return study.keep_models is None or run in {study.owner(name) for name in study.keep_models}


def hardware_of(study: Study, run: str) -> Hardware:
    """Return what the jobs of a run ask of a machine; the defaults for a run whose model is elsewhere."""
    settings = study.runs[run]
    if isinstance(settings, (PredictionsRun, RepairedRun)):
        return Hardware()
    model = study.models[settings.model]
    return Hardware() if isinstance(model, ApiModel) else model.hardware


def training_processes(study: Study, run: str) -> int:
    """Return the processes of a run's training: those of its model; one for QLoRA, which does not shard weights."""
    return 1 if generative(study, run).training.method == "qlora" else hardware_of(study, run).processes


def training_nodes(study: Study, run: str) -> int:
    """Return the nodes of a run's training; one for a training of one process."""
    return 1 if training_processes(study, run) == 1 else hardware_of(study, run).nodes


def run_of(study: Study, run: str, kind: type[_Run]) -> _Run:
    """Return a run by name. Raises NotInStudyError if it is a run of another system."""
    settings = study.runs[run]
    if not isinstance(settings, kind):
        raise NotInStudyError(f"runs.{run} is no {kind.__name__}, its system is `{settings.system}`")
    return settings


def generative(study: Study, run: str) -> GenerativeRun:
    """Return a generative run by name."""
    return run_of(study, run, GenerativeRun)


def encoder(study: Study, run: str) -> EncoderRun:
    """Return an encoder run by name."""
    return run_of(study, run, EncoderRun)


def chat_run(study: Study, run: str) -> ChatRun:
    """Return a chat run by name."""
    return run_of(study, run, ChatRun)


def native_texts(study: Study, corpus: str) -> CorpusSource | None:
    """Return the raw files of the test split, which contain the documents of the tokenized sentences.

    None if the variant is raw, whose sentences name their documents, or if there are no such files.
    """
    source = study.corpora[corpus].raw
    if study.corpora[corpus].variant == "raw" or source is None or source.format in ("iob", "bc2gm"):
        return None
    return source.model_copy(update={"train": None, "dev": None, "types": None}) if source.test else None


def source_of(corpus: Corpus, variant: Variant) -> CorpusSource:
    """Return the files of a variant of a corpus."""
    source = corpus.source(variant)
    if source is None:
        raise NotInStudyError(f"the corpus has no section `{variant}`")
    return source


def points(run: EncoderRun) -> dict[str, Point]:
    """Return the grid points of an encoder run by name."""
    return {point_name(point): point for point in grid_points(run.grid)}


def point_folders(run: EncoderRun) -> dict[str, str]:
    """Return the folder of each point in the grid folder of an encoder run, by name, in the grid's order."""
    return {name: point_folder(job_name(point, run.grid_batching), name) for name, point in points(run).items()}
