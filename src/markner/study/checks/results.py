"""Checks of the names that tables, figures and judged errors use."""

from collections.abc import Iterator, Mapping
from typing import Any

from markner.study.checks.names import (
    no_such_name,
    quoted_names,
    repeated_values,
    unknown_name,
    unknown_names,
    unknown_seed,
)
from markner.study.problems import Problem
from markner.study.queries import source_of, training_sentences
from markner.study.schema.study import Adjudication, Study, Table, TableRow
from markner.study.schema.systems import EncoderRun, GenerativeRun
from markner.study.wording import yaml_hint
from markner.study.yaml_lines import Location


def table_problems(study: Study, paper: Mapping[str, Any] | None) -> Iterator[Problem]:
    """Check the corpora and rows of all tables, and the rows of the paper beside them."""
    for name, table in study.tables.items():
        at: Location = ("tables", name)
        yield from unknown_names((*at, "corpora"), table.corpora, "corpora", study.corpora)
        if paper is not None and table.paper_table is not None and table.paper_table not in paper:
            yield no_such_name((*at, "paper_table"), table.paper_table, "table of the paper", paper)
        labels = [row.label for row in table.rows]
        for index, row in enumerate(table.rows):
            if row.label in labels[:index]:
                yield Problem(
                    (*at, "rows", index, "label"), f"another row is called `{row.label}`", "rename one of them"
                )
            yield from _row((*at, "rows", index), row, table, study, paper)


def _row(at: Location, row: TableRow, table: Table, study: Study, paper: Mapping[str, Any] | None) -> Iterator[Problem]:
    """Check the runs of a row, and the paper's row beside it."""
    first: dict[str, str] = {}
    for index, name in enumerate(row.runs):
        here = (*at, "runs", index)
        yield from unknown_name(here, name, "runs", study.runs)
        if name not in study.runs:
            continue
        twice = [corpus for corpus in study.runs[name].evaluate if corpus in table.corpora and corpus in first]
        if twice:
            others = sorted({first[corpus] for corpus in twice})
            yield Problem(
                here,
                f"`{name}` is scored on {quoted_names(twice)}, and so is {quoted_names(others)} of its row:"
                " which counts?",
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
            yaml_hint((*at[:2], "paper_table"), "table1", "add"),
        )
    elif paper is not None and table.paper_table in paper and row.paper not in paper[table.paper_table]:
        yield no_such_name(
            (*at, "paper"), row.paper, f"row of the paper's {table.paper_table}", paper[table.paper_table]
        )


def figure_problems(study: Study) -> Iterator[Problem]:
    """Check the tables of all figures of scores and of errors."""
    for name, figure in study.figures.items():
        yield from unknown_name(("figures", name, "table"), figure.table, "tables", study.tables)
    for name, error_figure in study.error_figures.items():
        yield from unknown_name(("error_figures", name, "table"), error_figure.table, "tables", study.tables)


def strata_problems(study: Study) -> Iterator[Problem]:
    """Check the tables of all tables and figures of strata."""
    for name, table in study.strata_tables.items():
        yield from unknown_name(("strata_tables", name, "table"), table.table, "tables", study.tables)
    for name, figure in study.strata_figures.items():
        at: Location = ("strata_figures", name, "strata_table")
        yield from unknown_name(at, figure.strata_table, "strata_tables", study.strata_tables)


def calibration_problems(study: Study) -> Iterator[Problem]:
    """Check the corpora and runs of all calibrations."""
    for name, settings in study.calibrations.items():
        at: Location = ("calibrations", name)
        yield from unknown_name((*at, "corpus"), settings.corpus, "corpora", study.corpora)
        yield from unknown_names((*at, "runs"), settings.runs, "runs", study.runs)
        known = {index: study.runs[run] for index, run in enumerate(settings.runs) if run in study.runs}
        for index, run in known.items():
            here, title = (*at, "runs", index), f"`{settings.runs[index]}`"
            if not isinstance(run, (GenerativeRun, EncoderRun)):
                fix = "name generative runs and encoders"
                yield Problem(here, f"{title} has no confidences: its system is `{run.system}`", fix)
            elif settings.corpus not in run.evaluate:
                fix = f"add `{settings.corpus}` to its `evaluate`, or take the run out"
                yield Problem(here, f"{title} is not scored on `{settings.corpus}`", fix)
            if settings.fit in study.corpora and _trained_on_test(study, settings.runs[index], settings.fit):
                message = (
                    f"{title} is trained on the sentences of `{settings.fit}`, so no temperature can be fitted there"
                )
                yield Problem(here, message, "leave `dev` out of its `split`, or take the run out")
        if settings.fit is not None:
            yield from unknown_name((*at, "fit"), settings.fit, "corpora", study.corpora)
            if settings.fit == settings.corpus:
                message = "temperatures would be fitted on the sentences that they are judged on"
                yield Problem((*at, "fit"), message, "name a corpus whose `test` is the dev file")
            elif settings.fit in study.corpora and not any(settings.fit in run.evaluate for run in known.values()):
                message = f"no run of this calibration is scored on `{settings.fit}`, so nothing can be fitted"
                yield Problem((*at, "fit"), message, f"add `{settings.fit}` to the `evaluate` of a run")


def _trained_on_test(study: Study, run: str, corpus: str) -> bool:
    """Return whether the file of a corpus' test split is among the training files of a run."""
    own = study.corpora[corpus]
    test = source_of(own, own.variant).test
    sources = [
        (getattr(study.corpora[name], variant), split)
        for name, split in training_sentences(study, run)
        if name in study.corpora
        for variant in ("tokenized", "raw")
    ]
    return test is not None and any(source and getattr(source, split) == test for source, split in sources)


def suspects_problems(study: Study) -> Iterator[Problem]:
    """Check the corpora and runs of all lists of suspects."""
    for name, settings in study.suspects.items():
        at: Location = ("suspects", name)
        yield from unknown_name((*at, "corpus"), settings.corpus, "corpora", study.corpora)
        yield from unknown_names((*at, "runs"), settings.runs, "runs", study.runs)
        for index, run in enumerate(settings.runs):
            if run not in study.runs:
                continue
            if settings.corpus not in study.runs[run].evaluate:
                fix = f"add `{settings.corpus}` to its `evaluate`, or take the run out"
                yield Problem((*at, "runs", index), f"`{run}` is not scored on `{settings.corpus}`", fix)
            elif study.retired(run):
                yield Problem((*at, "runs", index), f"`{run}` asks a retired model", "take the run out")


def size_figure_problems(study: Study, paper: Mapping[str, Any] | None) -> Iterator[Problem]:
    """Check the corpora and series of all figures of training sizes."""
    for name, figure in study.size_figures.items():
        at: Location = ("size_figures", name)
        yield from repeated_values((*at, "series"), [series.label for series in figure.series])
        yield from unknown_names((*at, "corpora"), figure.corpora, "corpora", study.corpora)
        known = paper is None or figure.paper_figure is None or figure.paper_figure in paper
        if paper is not None and figure.paper_figure is not None and not known:
            yield no_such_name((*at, "paper_figure"), figure.paper_figure, "figure of the paper", paper)
        for index, series in enumerate(figure.series):
            here = (*at, "series", index)
            yield from _series((*here, "runs"), series.runs, study, figure.corpora)
            if series.paper is not None and figure.paper_figure is None:
                fix = yaml_hint((*at, "paper_figure"), "figure4", "add")
                yield Problem((*here, "paper"), "set beside the paper, but the figure does not say beside which", fix)
            elif series.paper is not None and paper is not None and known:
                systems = paper[str(figure.paper_figure)]["systems"]
                if series.paper not in systems:
                    yield no_such_name(
                        (*here, "paper"), series.paper, f"system of the paper's {figure.paper_figure}", systems
                    )


def _series(at: Location, runs: list[str], study: Study, corpora: list[str]) -> Iterator[Problem]:
    """Check the runs of a line: the fraction of each is known, and no two have the same corpus and fraction."""
    first: dict[tuple[str, float], str] = {}
    for index, name in enumerate(runs):
        here = (*at, index)
        yield from unknown_name(here, name, "runs", study.runs)
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


def _judged_place(item: Adjudication) -> str:
    return f"suspects of {item.corpus}" if item.run is None else f"{item.run}/{item.seed}/{item.corpus}"


def adjudication_problems(study: Study) -> Iterator[Problem]:
    """Check the runs, seeds and corpora of judged files."""
    judged = study.errors.adjudicated
    yield from repeated_values(("errors", "adjudicated"), [_judged_place(item) for item in judged])
    for index, item in enumerate(judged):
        at: Location = ("errors", "adjudicated", index)
        if item.run is None:
            yield from unknown_name((*at, "corpus"), item.corpus, "corpora", study.corpora)
            continue
        yield from unknown_name((*at, "run"), item.run, "runs", study.runs)
        if item.run in study.runs:
            run = study.runs[item.run]
            if item.corpus not in run.evaluate:
                yield no_such_name((*at, "corpus"), item.corpus, f"corpus of `runs.{item.run}.evaluate`", run.evaluate)
            yield from unknown_seed(at, item.run, run.seeds, item.seed)
