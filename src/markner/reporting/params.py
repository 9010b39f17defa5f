"""Params of the rules that write tables, figures, the report, cards and the research object."""

from collections.abc import Iterable
from typing import Any, Self

from markner.data.fetching.registry import licences
from markner.errors import NotInStudyError
from markner.reporting.questions import Comparison, comparisons
from markner.study.params import Params, Wildcards
from markner.study.queries import generative, run_prompt, size_points, table_runs, tuned_on
from markner.study.schema.base import Settings, WithMarks
from markner.study.schema.strata import StrataFigure
from markner.study.schema.study import ErrorFigure, Figure, Publication, SizeFigure, Study, Table
from markner.study.schema.systems import GenerativeRun, Training
from runrecord.planned import planning_only


class TableParams(Params, rules=["table"]):
    """A table's layout, which run fills which cell, and which run's model is gone."""

    table: Table
    cells: list[tuple[str, str, str]]
    """Row label, run and corpus of each cell that a run fills."""
    retired: dict[str, str]
    """By run: since when and why its model is gone."""
    titles: dict[str, str]

    @classmethod
    @planning_only
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Take a table of the study."""
        table = study.tables[wildcards["table"]]
        runs = [run for row in table.rows for run in row.runs]
        retired = {run: reason for run in runs if (reason := study.retired(run))}
        return cls(table=table, cells=table_runs(study, table), retired=retired, titles=_titles(study, table.corpora))


class FigureParams(Params, rules=["figure"]):
    """A figure's layout and that of the table whose cells it draws."""

    figure: Figure
    table: Table

    @classmethod
    @planning_only
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Take a figure of the study."""
        figure = study.figures[wildcards["figure"]]
        return cls(figure=figure, table=study.tables[figure.table])


class ErrorFigureParams(Params, rules=["error_figure"]):
    """A figure of errors and the table whose systems it shows."""

    figure: ErrorFigure
    table: Table
    titles: dict[str, str]

    @classmethod
    @planning_only
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Take a figure of errors of the study."""
        figure = study.error_figures[wildcards["error_figure"]]
        table = study.tables[figure.table]
        return cls(figure=figure, table=table, titles=_titles(study, table.corpora))


class SizeFigureParams(Params, rules=["size_figure"]):
    """A figure of training sizes, and which run gives which point."""

    figure: SizeFigure
    points: list[tuple[str, str, float, str]]
    """Label, corpus, fraction of the training data, and run."""
    titles: dict[str, str]

    @classmethod
    @planning_only
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Take a figure of training sizes of the study."""
        figure = study.size_figures[wildcards["size_figure"]]
        return cls(figure=figure, points=size_points(study, figure), titles=_titles(study, figure.corpora))


class WorkflowFigureParams(Params, rules=["workflow_figure"]):
    """Facts in the picture of the workflow that are not in the records of the jobs."""

    study: str
    shards: list[int]
    """Number of shards of each collection that trained runs tag."""

    @classmethod
    @planning_only
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Take the study's name and its annotations."""
        return cls(study=study.study, shards=[each.shards for each in study.annotations.values()])


class StrataTableParams(Params, rules=["strata_table"]):
    """The title of a table of strata, and which run fills which cell."""

    title: str
    cells: list[tuple[str, str, str]]
    """Row label, run and corpus of each cell."""
    titles: dict[str, str]

    @classmethod
    @planning_only
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Take a table of strata of the study."""
        settings = study.strata_tables[wildcards["strata_table"]]
        table = study.tables[settings.table]
        return cls(title=settings.title, cells=table_runs(study, table), titles=_titles(study, table.corpora))


class StrataFigureParams(Params, rules=["strata_figure"]):
    """The settings of a figure of strata, its title, and the corpora of its panels."""

    figure: StrataFigure
    title: str
    corpora: list[str]

    @classmethod
    @planning_only
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Take a figure of strata of the study."""
        figure = study.strata_figures[wildcards["strata_figure"]]
        corpora = study.tables[study.strata_tables[figure.strata_table].table].corpora
        return cls(figure=figure, title=strata_title(study, figure), corpora=corpora)


class CostsParams(Params, rules=["costs"]):
    """The model and the mixture of each tuned run."""

    runs: dict[str, dict[str, str]]
    """By run: `model` and `mixture`."""

    @classmethod
    @planning_only
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Take the tuned runs of the study."""
        tuned = {name: run for name, run in study.runs.items() if isinstance(run, GenerativeRun) and run.mixture}
        return cls(runs={name: {"model": run.model, "mixture": run.mixture or ""} for name, run in tuned.items()})


class ShownSentences(Settings):
    """The sentences of a corpus in the report: their variant, and by run the seed whose answers are shown."""

    variant: str
    runs: dict[str, int]


class ReportParams(Params, rules=["report"]):
    """The contents of the report: question, titles, and for each corpus the runs that answered it, with a seed."""

    study: str
    question: str
    tables: dict[str, str]
    figures: dict[str, str]
    seeds: dict[str, list[int]]
    sentences: dict[str, ShownSentences]
    tuned: list[str]
    comparisons: list[Comparison]

    @classmethod
    @planning_only
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Take the live runs of the study and the titles of its results."""
        runs = study.live_runs()
        scored = {corpus for run in runs.values() for corpus in run.evaluate}
        figures = {
            **{name: figure.title or study.tables[figure.table].title for name, figure in study.figures.items()},
            **{name: figure.title or name for name, figure in (study.error_figures | study.size_figures).items()},
            **{name: strata_title(study, figure) for name, figure in study.strata_figures.items()},
            **{
                name: each.title or f"Calibration of confidences on {each.corpus}"
                for name, each in study.calibrations.items()
            },
            "workflow": "The workflow: the study's jobs by rule and stage",
        }
        return cls(
            study=study.study,
            question=study.question,
            tables={name: table.title for name, table in (study.tables | study.strata_tables).items()},
            figures=figures,
            seeds={name: run.seeds for name, run in runs.items()},
            tuned=[name for name in runs if tuned_on(study, name)],
            comparisons=comparisons(study),
            sentences={
                corpus: ShownSentences(
                    variant=settings.variant,
                    runs={name: run.seeds[0] for name, run in runs.items() if corpus in run.evaluate},
                )
                for corpus, settings in study.corpora.items()
                if corpus in scored
            },
        )


class CrateParams(Params, rules=["crate"]):
    """The whole study, for its research object."""

    study: dict[str, Any]

    @classmethod
    @planning_only
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Take every setting but the places of this machine."""
        return cls(study=study.model_dump(mode="json", exclude={"mirror", "answers"}))


class CardCorpus(Settings):
    """A corpus on a card."""

    entity: str
    title: str
    variant: str
    licences: list[str]


class InstructionSetCardParams(WithMarks, Params, rules=["dataset"]):
    """The facts on the card of an instruction set: its corpora and their licences, its prompt, its publisher."""

    name: str
    study: str
    question: str
    corpora: dict[str, CardCorpus]
    template: str
    written_by: str | None
    """The writing model of a self-instruct set."""
    published: Publication

    @classmethod
    @planning_only
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Take an instruction set of either kind."""
        name = wildcards["mixture"]
        prompt = study.prompts[study.instruction_set(name).prompt]
        return cls(
            name=name,
            study=study.study,
            question=study.question,
            corpora=_card_corpora(study, name),
            template=prompt.template,
            **prompt.own_marks(),
            written_by=study.self_instruct[name].model if name in study.self_instruct else None,
            published=study.published,
        )


class ModelCardParams(WithMarks, Params, rules=["model_card"]):
    """The facts on the card of a tuned model: its base, data, settings, prompts and publisher."""

    name: str
    seed: int
    study: str
    question: str
    base: dict[str, Any]
    """Name and source of the pretrained model."""
    mixture: str
    corpora: dict[str, CardCorpus]
    training: Training
    template: str
    instructions: dict[str, str]
    """By entity type."""
    evaluate: dict[str, str]
    """Titles of the corpora it is scored on."""
    published: Publication

    @classmethod
    @planning_only
    def of(cls, study: Study, wildcards: Wildcards) -> Self:
        """Take a tuned run. Raises NotInStudyError for a run without a training of its own."""
        run = generative(study, wildcards["run"])
        if run.mixture is None:
            raise NotInStudyError(f"runs.{wildcards['run']} is not tuned, so it has no model of its own")
        prompt, corpora = run_prompt(study, wildcards["run"]), _card_corpora(study, run.mixture)
        entities = dict.fromkeys(corpus.entity for corpus in corpora.values())
        return cls(
            name=wildcards["run"],
            seed=int(wildcards["seed"]),
            study=study.study,
            question=study.question,
            base={"name": run.model, **study.models[run.model].model_dump(exclude={"hardware"})},
            mixture=run.mixture,
            corpora=corpora,
            training=run.training,
            template=prompt.template,
            **prompt.own_marks(),
            instructions={entity: prompt.instruction_text(*prompt.asked(entity)) for entity in entities},
            evaluate={name: study.corpora[name].title or name for name in run.evaluate},
            published=study.published,
        )


def strata_title(study: Study, figure: StrataFigure) -> str:
    """Return the title of a figure of strata: its own, or that of its table."""
    return figure.title or study.strata_tables[figure.strata_table].title


def _card_corpora(study: Study, mixture: str) -> dict[str, CardCorpus]:
    """Return the corpora of an instruction set as cards show them."""
    corpora = {name: study.corpora[name] for name in study.instruction_set(mixture).corpora}
    return {
        name: CardCorpus(entity=corpus.entity, title=corpus.title, variant=corpus.variant, licences=licences(corpus))
        for name, corpus in corpora.items()
    }


def _titles(study: Study, corpora: Iterable[str]) -> dict[str, str]:
    """Return the headings of the corpora that have one of their own."""
    return {name: study.corpora[name].title for name in corpora if study.corpora[name].title}
