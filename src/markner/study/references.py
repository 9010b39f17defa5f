"""Names that one part of a study uses of another: do they exist, and can they serve?"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

from markner.files import read_json
from markner.study.paths import PAPER_TABLES
from markner.study.problems import Problem
from markner.study.schema.chat_runs import ApiModel, ChatRun
from markner.study.schema.corpora import Corpus, Split
from markner.study.schema.study import Study, Table, TableRow
from markner.study.schema.systems import EncoderRun, GenerativeRun
from markner.study.wording import did_you_mean, indented, yaml_block
from markner.study.yaml_lines import Location

SECTIONS = (
    *("corpora", "prompts", "mixtures", "self_instruct", "models", "runs"),
    *("tables", "figures", "error_figures", "size_figures", "annotations"),
)
"""The parts of a study that hold named things."""


def reference_problems(study: Study, paper_tables: Path = PAPER_TABLES) -> list[Problem]:
    """All names that lead nowhere or to something that cannot serve, in the order of the study.

    The rows of the paper are checked against `paper_tables`, where there is such a file.
    """
    printed = read_json(paper_tables) if paper_tables.exists() else {}
    paper = printed.get("tables")
    return [
        *_names(study),
        *_mixtures(study),
        *_models(study),
        *_self_instruct(study),
        *_runs(study),
        *_tables(study, paper),
        *_figures(study),
        *_size_figures(study, printed.get("figures")),
        *_adjudications(study),
        *_annotations(study),
    ]


def _names(study: Study) -> Iterator[Problem]:
    """Names that become one file where the file system does not tell case apart."""
    for section in SECTIONS:
        first: dict[str, str] = {}
        for name in getattr(study, section):
            other = first.setdefault(name.lower(), name)
            if other != name:
                yield Problem(
                    (section, name),
                    f"differs from `{section}.{other}` only by case: one file on macOS and Windows",
                    f"rename one of them, for example to `{name}-2`",
                )


def _mixtures(study: Study) -> Iterator[Problem]:
    for name, mixture in study.mixtures.items():
        at: Location = ("mixtures", name)
        yield from _unknown((*at, "prompt"), mixture.prompt, "prompts", study.prompts)
        yield from _repeated((*at, "corpora"), mixture.corpora)
        for index, corpus in enumerate(mixture.corpora):
            here = (*at, "corpora", index)
            yield from _corpus(here, corpus, study, [mixture.split])
            if (
                mixture.annotation_scheme == "released"
                and corpus in study.corpora
                and study.corpora[corpus].variant != "tokenized"
            ):
                yield Problem(
                    (*at, "annotation_scheme"),
                    f"`released` exists for the variant `tokenized` only; `corpora.{corpus}` has the variant `raw`",
                    _write((*at, "annotation_scheme"), "span", f"or set `variant: tokenized` for `corpora.{corpus}`:"),
                )


def _models(study: Study) -> Iterator[Problem]:
    """The weights that answer for a chat model on loopback."""
    for name, model in study.models.items():
        if isinstance(model, ApiModel) and model.weights is not None:
            yield from _local_model(("models", name, "weights"), model.weights, study)


def _self_instruct(study: Study) -> Iterator[Problem]:
    """Sets written by a model: their seed, their writer, and a name that no mixture has."""
    for name, settings in study.self_instruct.items():
        at: Location = ("self_instruct", name)
        if name in study.mixtures:
            yield Problem(at, f"`mixtures.{name}` has the same file", f"rename it, for example to `{name}-self`")
        yield from _corpus((*at, "corpus"), settings.corpus, study, ["train"])
        yield from _local_model((*at, "model"), settings.model, study)
        yield from _unknown((*at, "prompt"), settings.prompt, "prompts", study.prompts)


def _runs(study: Study) -> Iterator[Problem]:
    for name, run in study.runs.items():
        at: Location = ("runs", name)
        if isinstance(run, ChatRun):
            yield from _chat(at, run, study)
        else:
            yield from _local_model((*at, "model"), run.model, study)
        if isinstance(run, GenerativeRun):
            yield from _prompting(at, run, study)
        elif isinstance(run, EncoderRun):
            yield from _corpus((*at, "corpus"), run.corpus, study, ["train", "dev"])
        yield from _repeated((*at, "seeds"), run.seeds)
        yield from _repeated((*at, "evaluate"), run.evaluate)
        for index, corpus in enumerate(run.evaluate):
            yield from _corpus((*at, "evaluate", index), corpus, study, ["test"])


def _local_model(at: Location, name: str, study: Study) -> Iterator[Problem]:
    """A model by name that has weights."""
    yield from _unknown(at, name, "models", study.models)
    if isinstance(study.models.get(name), ApiModel):
        local = [other for other, model in study.models.items() if not isinstance(model, ApiModel)]
        fix = f"name a model with weights: {_listed(local)}"
        if len(at) == 3 and at[0] == "runs" and at[2] == "model":
            fix += f"; or ask it:\n{indented(yaml_block((*at[:2], 'system'), 'chat'))}"
        yield Problem(at, f"`{name}` is asked over the network (`source: api`); it has no weights here", fix)


def _chat(at: Location, run: ChatRun, study: Study) -> Iterator[Problem]:
    """The model of a chat run, what its examples come from, and what it may spend."""
    model = study.models.get(run.model)
    yield from _unknown((*at, "model"), run.model, "models", study.models)
    yield from _unknown((*at, "prompt"), run.prompt, "prompts", study.prompts)
    if model is not None and not isinstance(model, ApiModel):
        asked = [other for other, known in study.models.items() if isinstance(known, ApiModel)]
        served = {"source": "api", "model": run.model, "weights": run.model}
        yield Problem(
            (*at, "model"),
            f"`{run.model}` has `source: {model.source}`; a chat run asks a model of source `api`",
            f"name one of {_listed(asked)}; or let a server on loopback answer with its weights, under a name of its"
            f" own:\n{indented(yaml_block(('models', f'{run.model}-chat'), served))}",
        )
    if run.embedding is not None:
        yield from _local_model((*at, "embedding"), run.embedding, study)
    if run.shots and run.shot_corpus is not None:
        here = (*at, "shot_corpus")
        yield from _corpus(here, run.shot_corpus, study, ["train"])
        yield from _same_entity(here, run, study)
    elif run.shots:
        for index, corpus in enumerate(run.evaluate):
            yield from _corpus((*at, "evaluate", index), corpus, study, ["train"], "give a `shot_corpus`")
    if isinstance(model, ApiModel):
        yield from _spending(at, run, model)


def _same_entity(at: Location, run: ChatRun, study: Study) -> Iterator[Problem]:
    """Examples show the entity type that is asked for."""
    known = study.corpora
    shown = known.get(run.shot_corpus or "")
    others = [name for name in run.evaluate if shown and name in known and known[name].entity != shown.entity]
    if shown and others:
        yield Problem(
            at,
            f"its examples mark the entity type `{shown.entity}`; {_listed(others)} asks for another",
            f"take {_listed(others)} out of `evaluate`, and give each entity type a run of its own",
        )


def _spending(at: Location, run: ChatRun, model: ApiModel) -> Iterator[Problem]:
    """A cap in dollars needs prices; the Batch API is no server's on loopback."""
    if run.budget_dollars is not None and (model.price_input is None or model.price_output is None):
        prices = {"price_input": 2.0, "price_output": 8.0}
        yield Problem(
            (*at, "budget_dollars"),
            f"the prices of `models.{run.model}` are not known",
            f"look them up and add, for example:\n{indented(yaml_block(('models', run.model), prices))}",
        )
    if run.batch_api and model.weights is not None:
        fix = _write((*at, "batch_api"), False, "write")
        yield Problem((*at, "batch_api"), "a server on loopback has no Batch API", fix)


def _prompting(at: Location, run: GenerativeRun, study: Study) -> Iterator[Problem]:
    """The mixture of a tuned model, the prompt of an untuned one, the run whose model is shared."""
    if run.weights_of is not None:
        yield from _shared(at, run, run.weights_of, study)
        return
    if run.mixture is not None:
        yield from _unknown((*at, "mixture"), run.mixture, "mixtures", {**study.mixtures, **study.self_instruct})
    if run.mixture is None or "prompt" in run.model_fields_set:
        yield from _unknown((*at, "prompt"), run.prompt, "prompts", study.prompts)


def _shared(at: Location, run: GenerativeRun, name: str, study: Study) -> Iterator[Problem]:
    """A run that answers with the models of another."""
    here = (*at, "weights_of")
    tuned = {other: each for other, each in study.runs.items() if isinstance(each, GenerativeRun) and each.mixture}
    if name not in tuned:
        yield _no_such(here, name, "tuned run", tuned)
        return
    owner = tuned[name]
    for key in ("mixture", "training", "prompt"):
        if getattr(run, key) != GenerativeRun.model_fields[key].get_default():
            yield Problem(
                (*at, key), f"`{at[-1]}` has the weights of `{name}`, and with them its `{key}`", "leave it out"
            )
    if run.model != owner.model:
        yield Problem((*at, "model"), f"`{name}` has another model", _write((*at, "model"), owner.model, "write"))
    if set(run.seeds) - set(owner.seeds):
        fix = _write((*at, "seeds"), owner.seeds, "write some of its seeds, for example")
        yield Problem((*at, "seeds"), f"`{name}` has no such seeds", fix)


def _tables(study: Study, paper: Mapping[str, Any] | None) -> Iterator[Problem]:
    for name, table in study.tables.items():
        at: Location = ("tables", name)
        yield from _repeated((*at, "corpora"), table.corpora)
        for index, corpus in enumerate(table.corpora):
            yield from _unknown((*at, "corpora", index), corpus, "corpora", study.corpora)
        if paper is not None and table.paper_table is not None and table.paper_table not in paper:
            yield _no_such((*at, "paper_table"), table.paper_table, "table of the paper", paper)
        for index, row in enumerate(table.rows):
            yield from _row((*at, "rows", index), row, table, study, paper)


def _row(at: Location, row: TableRow, table: Table, study: Study, paper: Mapping[str, Any] | None) -> Iterator[Problem]:
    """The runs of a row and the paper's row beside it."""
    first: dict[str, str] = {}
    for index, name in enumerate(row.runs):
        here = (*at, "runs", index)
        yield from _unknown(here, name, "runs", study.runs)
        if name not in study.runs:
            continue
        twice = [corpus for corpus in study.runs[name].evaluate if corpus in table.corpora and corpus in first]
        if twice:
            others = sorted({first[corpus] for corpus in twice})
            yield Problem(
                here,
                f"`{name}` is scored on {_listed(twice)}, and so is {_listed(others)} of its row: which counts?",
                "give each run its own row, or take the corpus out of `evaluate` of one of them",
            )
        for corpus in study.runs[name].evaluate:
            first.setdefault(corpus, name)
    if row.paper is None:
        return
    if table.paper_table is None:
        yield Problem(
            (*at, "paper"),
            "set beside a row of the paper, but the table does not say which of the paper's tables",
            _write((*at[:2], "paper_table"), "table1", "add"),
        )
    elif paper is not None and table.paper_table in paper and row.paper not in paper[table.paper_table]:
        yield _no_such((*at, "paper"), row.paper, f"row of the paper's {table.paper_table}", paper[table.paper_table])


def _figures(study: Study) -> Iterator[Problem]:
    for name, figure in study.figures.items():
        yield from _unknown(("figures", name, "table"), figure.table, "tables", study.tables)
    for name, error_figure in study.error_figures.items():
        yield from _unknown(("error_figures", name, "table"), error_figure.table, "tables", study.tables)
        yield from _same_files("error_figures", name, ["figures"], study)


def _size_figures(study: Study, paper: Mapping[str, Any] | None) -> Iterator[Problem]:
    for name, figure in study.size_figures.items():
        at: Location = ("size_figures", name)
        yield from _same_files("size_figures", name, ["figures", "error_figures"], study)
        yield from _repeated((*at, "corpora"), figure.corpora)
        yield from _repeated((*at, "series"), [series.label for series in figure.series])
        for index, corpus in enumerate(figure.corpora):
            yield from _unknown((*at, "corpora", index), corpus, "corpora", study.corpora)
        known = paper is None or figure.paper_figure is None or figure.paper_figure in paper
        if paper is not None and figure.paper_figure is not None and not known:
            yield _no_such((*at, "paper_figure"), figure.paper_figure, "figure of the paper", paper)
        for index, series in enumerate(figure.series):
            here = (*at, "series", index)
            yield from _series((*here, "runs"), series.runs, study, figure.corpora)
            if series.paper is not None and figure.paper_figure is None:
                fix = _write((*at, "paper_figure"), "figure4", "add")
                yield Problem((*here, "paper"), "set beside the paper, but the figure does not say beside which", fix)
            elif series.paper is not None and paper is not None and known:
                systems = paper[str(figure.paper_figure)]["systems"]
                if series.paper not in systems:
                    yield _no_such(
                        (*here, "paper"), series.paper, f"system of the paper's {figure.paper_figure}", systems
                    )


def _series(at: Location, runs: list[str], study: Study, corpora: list[str]) -> Iterator[Problem]:
    """Runs of a line: trained on a fraction that is known, each on its own on a corpus and fraction."""
    first: dict[tuple[str, float], str] = {}
    for index, name in enumerate(runs):
        here = (*at, index)
        yield from _unknown(here, name, "runs", study.runs)
        run = study.runs.get(name)
        owner = study.runs.get(study.owner(name)) if run else None
        if run is None or owner is None:
            continue
        mixture = study.mixtures.get(owner.mixture or "") if isinstance(owner, GenerativeRun) else None
        if isinstance(owner, GenerativeRun) and owner.mixture not in (None, *study.mixtures):
            continue
        if isinstance(run, EncoderRun):
            fraction = run.fraction
        elif mixture is not None and mixture.limit is None:
            fraction = mixture.fraction
        else:
            why = "is not trained" if mixture is None else "takes its sentences by the `limit` of its mixture"
            yield Problem(
                here, f"`{name}` {why}: it is trained on no fraction", "take a run whose mixture has a `fraction`"
            )
            continue
        for corpus in run.evaluate:
            other = first.setdefault((corpus, fraction), name)
            if other != name and corpus in corpora:
                yield Problem(
                    here,
                    f"`{name}` gives the point of `{other}` again: {fraction:g} of the data, scored on `{corpus}`",
                    "give each run its own line, or take the corpus out of `evaluate` of one of them",
                )


def _same_files(section: str, name: str, others: Iterable[str], study: Study) -> Iterator[Problem]:
    """A figure with the name of another one."""
    for other in others:
        if name in getattr(study, other):
            yield Problem(
                (section, name),
                f"`{other}.{name}` has the same files",
                f"rename it, for example to `{name}-{section.partition('_')[0]}s`",
            )


def _adjudications(study: Study) -> Iterator[Problem]:
    """The runs, seeds and corpora of judged files."""
    judged = study.errors.adjudicated
    yield from _repeated(("errors", "adjudicated"), [f"{item.run}/{item.seed}/{item.corpus}" for item in judged])
    for index, item in enumerate(judged):
        at: Location = ("errors", "adjudicated", index)
        yield from _unknown((*at, "run"), item.run, "runs", study.runs)
        if item.run in study.runs:
            run = study.runs[item.run]
            if item.corpus not in run.evaluate:
                yield _no_such((*at, "corpus"), item.corpus, f"corpus of `runs.{item.run}.evaluate`", run.evaluate)
            if item.seed not in run.seeds:
                fix = _write((*at, "seed"), run.seeds[0], "write one of its seeds, for example")
                yield Problem((*at, "seed"), f"`{item.run}` has no seed {item.seed}", fix)


def _annotations(study: Study) -> Iterator[Problem]:
    """The runs that tag texts, their seeds and what they are asked for."""
    for name, annotation in study.annotations.items():
        for index, item in enumerate(annotation.runs):
            at: Location = ("annotations", name, "runs", index)
            yield from _unknown((*at, "run"), item.run, "runs", study.runs)
            if item.run not in study.runs:
                continue
            run = study.runs[item.run]
            if item.seed is not None and item.seed not in run.seeds:
                fix = _write((*at, "seed"), run.seeds[0], "write one of its seeds, for example")
                yield Problem((*at, "seed"), f"`{item.run}` has no seed {item.seed}", fix)
            if isinstance(run, EncoderRun) and run.corpus in study.corpora:
                own = study.corpora[run.corpus].entity
                if set(item.entities) - {own}:
                    yield _no_such(
                        (*at, "entities"), item.entities[0], f"entity type of the encoder `{item.run}`", [own]
                    )
            elif isinstance(run, GenerativeRun) and not (run.mixture or run.weights_of or item.entities):
                fix = _write((*at, "entities"), ["disease"], "say what it is asked for, for example")
                yield Problem((*at, "run"), f"`{item.run}` is not tuned, so it knows no entity type of its own", fix)
            elif isinstance(run, ChatRun):
                yield Problem(
                    (*at, "run"), f"`{item.run}` asks a model behind an API", "name a run whose weights are here"
                )


def _corpus(
    at: Location, name: str, study: Study, splits: Iterable[Split], instead: str = "choose another corpus"
) -> Iterator[Problem]:
    """A corpus by name, with the splits that are needed of it on the variant it takes."""
    yield from _unknown(at, name, "corpora", study.corpora)
    if name not in study.corpora:
        return
    corpus: Corpus = study.corpora[name]
    source = corpus.source(corpus.variant)
    present = source.splits() if source is not None else []
    for split in splits:
        if split not in present:
            there = ("corpora", name, corpus.variant, split)
            yield Problem(
                at,
                f"`{name}` has no {split} split on its variant `{corpus.variant}`; it has {_listed(present)}",
                _write(there, f"data/{split}.txt", f"{instead}, or add its files:"),
            )


def _unknown(at: Location, name: str, section: str, known: Mapping[str, Any]) -> Iterator[Problem]:
    """A name that is not in the part of the study it should be in."""
    if name not in known:
        yield _no_such(at, name, f"entry of `{section}:`", known)


def _no_such(at: Location, name: str, kind: str, known: Iterable[str]) -> Problem:
    names = list(known)
    close = did_you_mean(name, names)
    if close is not None:
        fix = _write(at, close, f"did you mean `{close}`? There are {_listed(names)}.")
    elif names:
        fix = _write(at, names[0], f"write one of {_listed(names)}, for example")
    else:
        fix = f"there is none yet: add `{name}` to it"
    return Problem(at, f"no {kind} is called `{name}`", fix)


def _repeated(at: Location, values: Iterable[Any]) -> Iterator[Problem]:
    """A list in which something stands twice."""
    counts = Counter(values)
    twice = [value for value, count in counts.items() if count > 1]
    if twice:
        yield Problem(at, f"{_listed(twice)} stands there more than once", _write(at, list(counts), "write"))


def _write(at: Location, value: Any, lead: str) -> str:
    """A hint with the YAML to write."""
    return f"{lead}\n{indented(yaml_block(at, value))}"


def _listed(names: Iterable[Any]) -> str:
    return ", ".join(f"`{name}`" for name in names) or "none"
