"""Checks of what tables, figures, lists of suspects and judged errors need of the parts they name."""

from collections.abc import Collection, Iterator, Mapping
from typing import Literal

from markner.study.checks.names import no_such_name, quoted_names, repeated_values, unknown_seed
from markner.study.problems import Problem
from markner.study.queries import source_of, training_sentences, tuned_on
from markner.study.schema.study import Adjudication, Study, Table, TableRow
from markner.study.schema.systems import EncoderRun, GenerativeRun
from markner.study.wording import yaml_hint
from markner.study.yaml_lines import Location


def table_problems(study: Study, paper: Mapping[str, Collection[str]] | None) -> Iterator[Problem]:
    """Check the rows of all tables, and the rows of the paper beside them, by the paper's table in `paper`."""
    for name, table in study.tables.items():
        at: Location = ("tables", name)
        labels = [row.label for row in table.rows]
        for index, row in enumerate(table.rows):
            here = (*at, "rows", index)
            if row.label in labels[:index]:
                yield Problem((*here, "label"), f"another row is called `{row.label}`", "rename one of them")
            yield from _row(here, row, table, study)
        beside = {(*at, "rows", index, "paper"): row.paper for index, row in enumerate(table.rows)}
        yield from _paper_problems(at, "table", table.paper_table, "row", beside, paper)


def _row(at: Location, row: TableRow, table: Table, study: Study) -> Iterator[Problem]:
    """Check that no two runs of a row are scored on one corpus."""
    first: dict[str, str] = {}
    for index, name in enumerate(row.runs):
        twice = [corpus for corpus in study.runs[name].evaluate if corpus in table.corpora and corpus in first]
        if twice:
            others = sorted({first[corpus] for corpus in twice})
            yield Problem(
                (*at, "runs", index),
                f"`{name}` is scored on {quoted_names(twice)}, and so is {quoted_names(others)} of its row:"
                " which counts?",
                "give each run its own row, or take the corpus out of `evaluate` of one of them",
            )
        for corpus in study.runs[name].evaluate:
            first.setdefault(corpus, name)


def _paper_problems(
    at: Location,
    kind: Literal["table", "figure"],
    named: str | None,
    item: str,
    beside: Mapping[Location, str | None],
    paper: Mapping[str, Collection[str]] | None,
) -> Iterator[Problem]:
    """Check the names of a table or figure of the paper and of its rows or systems, which `beside` has by place."""
    if named is None:
        example = {"table": "table1", "figure": "figure4"}[kind]
        for here in (here for here, name in beside.items() if name is not None):
            message = f"set beside a {item} of the paper, but the {kind} does not say which of the paper's {kind}s"
            yield Problem(here, message, yaml_hint((*at, f"paper_{kind}"), example, "add"))
    elif paper is not None and named not in paper:
        yield no_such_name((*at, f"paper_{kind}"), named, f"{kind} of the paper", paper)
    elif paper is not None:
        for here, name in beside.items():
            if name is not None and name not in paper[named]:
                yield no_such_name(here, name, f"{item} of the paper's {named}", paper[named])


def calibration_problems(study: Study) -> Iterator[Problem]:
    """Check the runs of all calibrations, and the corpora on which temperatures are fitted."""
    for name, settings in study.calibrations.items():
        at: Location = ("calibrations", name)
        for index, run_name in enumerate(settings.runs):
            run, here, title = study.runs[run_name], (*at, "runs", index), f"`{run_name}`"
            if not isinstance(run, (GenerativeRun, EncoderRun)):
                fix = "name generative runs and encoders"
                yield Problem(here, f"{title} has no confidences: its system is `{run.system}`", fix)
            elif settings.corpus not in run.evaluate:
                yield _not_scored(here, run_name, settings.corpus)
            if settings.fit is not None and _trained_on_test(study, run_name, settings.fit):
                message = (
                    f"{title} is trained on the sentences of `{settings.fit}`, so no temperature can be fitted there"
                )
                yield Problem(here, message, "leave `dev` out of its `split`, or take the run out")
        if settings.fit == settings.corpus:
            message = "temperatures would be fitted on the sentences that they are judged on"
            yield Problem((*at, "fit"), message, "name a corpus whose `test` is the dev file")
        elif settings.fit is not None and not any(settings.fit in study.runs[run].evaluate for run in settings.runs):
            message = f"no run of this calibration is scored on `{settings.fit}`, so nothing can be fitted"
            yield Problem((*at, "fit"), message, f"add `{settings.fit}` to the `evaluate` of a run")


def _not_scored(at: Location, run: str, corpus: str) -> Problem:
    fix = f"add `{corpus}` to its `evaluate`, or take the run out"
    return Problem(at, f"`{run}` is not scored on `{corpus}`", fix)


def _trained_on_test(study: Study, run: str, corpus: str) -> bool:
    """Return whether the file of a corpus' test split is among the training files of a run."""
    own = study.corpora[corpus]
    test = source_of(own, own.variant).test
    sources = [
        (study.corpora[name].source(variant), split)
        for name, split in training_sentences(study, run)
        for variant in study.corpora[name].variants()
    ]
    return test is not None and any(source and getattr(source, split) == test for source, split in sources)


def suspects_problems(study: Study) -> Iterator[Problem]:
    """Check that the runs of all lists of suspects are scored on their corpora."""
    for name, settings in study.suspects.items():
        for index, run in enumerate(settings.runs):
            at: Location = ("suspects", name, "runs", index)
            if settings.corpus not in study.runs[run].evaluate:
                yield _not_scored(at, run, settings.corpus)
            elif study.retired(run):
                yield Problem(at, f"`{run}` asks a retired model", "take the run out")


def size_figure_problems(study: Study, paper: Mapping[str, Collection[str]] | None) -> Iterator[Problem]:
    """Check the series of all figures of training sizes, and the paper's systems, by the paper's figure in `paper`."""
    for name, figure in study.size_figures.items():
        at: Location = ("size_figures", name)
        yield from repeated_values((*at, "series"), [series.label for series in figure.series])
        for index, series in enumerate(figure.series):
            yield from _series((*at, "series", index, "runs"), series.runs, study, figure.corpora)
        beside = {(*at, "series", index, "paper"): series.paper for index, series in enumerate(figure.series)}
        yield from _paper_problems(at, "figure", figure.paper_figure, "system", beside, paper)


def _series(at: Location, runs: list[str], study: Study, corpora: list[str]) -> Iterator[Problem]:
    """Check the runs of a line: the fraction of each is known, and no two have the same corpus and fraction."""
    first: dict[tuple[str, float], str] = {}
    for index, name in enumerate(runs):
        here, run = (*at, index), study.runs[name]
        mixture = study.mixtures.get(tuned_on(study, name) or "")
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
        if item.run is not None:
            at, run = ("errors", "adjudicated", index), study.runs[item.run]
            if item.corpus not in run.evaluate:
                yield no_such_name((*at, "corpus"), item.corpus, f"corpus of `runs.{item.run}.evaluate`", run.evaluate)
            yield from unknown_seed(at, item.run, run.seeds, item.seed)
