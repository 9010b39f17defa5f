"""The study: every setting that can influence a result, in one typed tree."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from markner.study.schema.annotations import Annotation
from markner.study.schema.base import CorpusName, Distinct, Name, RunName, Seed, Settings, TableName
from markner.study.schema.calibrations import Calibration
from markner.study.schema.chat_runs import ApiModel
from markner.study.schema.corpora import Corpus, Mixture, Prompt
from markner.study.schema.prediction_runs import PredictionsRun
from markner.study.schema.repaired_runs import RepairedRun
from markner.study.schema.self_instruct import SelfInstruct
from markner.study.schema.strata import StrataFigure, StrataTable
from markner.study.schema.suspects import SuspectList
from markner.study.schema.systems import GenerativeRun, Model, Run


class Scoring(Settings):
    """How predictions are scored (paper 3.4)."""

    resamples: int = Field(1000, ge=100)
    """Bootstrap resamples of the sentences for the confidence intervals."""
    confidence: float = Field(0.95, gt=0.5, lt=1)
    """Level of the confidence intervals."""
    seed: Seed = 1
    """Seed of the resampling."""


class Significance(Settings):
    """How systems are compared with each other (paper section 5)."""

    permutations: int = Field(10_000, ge=1000)
    """Draws of each paired permutation test."""


class Adjudication(Settings):
    """A file of errors or of suspects in which a person has filled in `adjudicated_kind`."""

    run: RunName | None = None
    """Run of a file of errors; none for a file of suspects, which holds for every run and seed of the corpus."""
    seed: Seed = 1
    """Seed of the run."""
    corpus: CorpusName
    """Corpus."""
    path: str
    """The CSV, relative to the working directory."""


class ErrorAnalysis(Settings):
    """Analysis of errors (paper 4.1, Figure 3)."""

    sample: int = Field(100, ge=1)
    """Errors drawn at random for a person to judge."""
    seed: Seed = 1
    """Seed of the draw."""
    adjudicated: list[Adjudication] = Field(default_factory=list)
    """Judged files; each replaces the rule's kinds of one run, seed and corpus, or of all runs on a corpus."""


class ErrorFigure(Settings):
    """Figure of the kinds of errors of a table's systems (paper Figure 3)."""

    table: TableName
    """Table whose rows and corpora are drawn."""
    title: str = ""
    """Title; none when empty."""
    width: float = Field(3.4, ge=3, le=20)
    """Width in inches; 3.4 is a column, 6.9 a page."""


class TableRow(Settings):
    """One row of a results table."""

    label: str = Field(min_length=1)
    """Name of the system as readers know it."""
    runs: list[RunName] = Field(default_factory=list)
    """Runs behind the row; for each corpus the first that was scored on it. Several where one model per corpus is
    trained."""
    paper: str | None = None
    """Row of the paper's table that it is set beside (resources/paper/tables.json)."""


class Table(Settings):
    """A results table: systems by corpora."""

    title: str = Field(min_length=1)
    """Caption."""
    corpora: Annotated[list[CorpusName], Distinct()] = Field(min_length=1)
    """Columns."""
    rows: list[TableRow] = Field(min_length=1)
    """Rows."""
    paper_table: str | None = None
    """The paper's table with the values to set beside: `table1` to `table4`."""
    authors_partial: bool = False
    """Also show the authors' own partial match (inferred; docs/metrics.md) beside strict and one-to-one partial."""

    @property
    def matches(self) -> tuple[str, ...]:
        """Kinds of match that the table shows."""
        return ("strict", "partial", "authors_partial") if self.authors_partial else ("strict", "partial")


class Figure(Settings):
    """A figure drawn from a table's scores."""

    table: TableName
    """Table whose rows and corpora are drawn."""
    title: str = ""
    """Caption; the table's when empty."""
    width: float = Field(6.9, gt=1, le=20)
    """Width in inches."""
    height: float = Field(3.0, gt=1, le=20)
    """Height in inches."""


class Publication(Settings):
    """Who answers for the study, and on which terms others may use it: shown in the research object and on the cards of
    data sets and models. Influences no other result; what is left empty is left out there.
    """

    person: str = ""
    """Name of the person who runs the study."""
    orcid: str = Field("", pattern=r"^(|\d{4}-\d{4}-\d{4}-\d{3}[\dX])$")
    """Their ORCID, as `0000-0002-1825-0097`."""
    organisation: str = ""
    """Organisation they work for."""
    url: str = Field("", pattern=r"^(|https?://\S+)$")
    """Home page of the organisation."""
    licence: str = Field("", pattern=r"^(|[A-Za-z0-9.+-]+)$")
    """Licence of the results by its SPDX name, as `CC-BY-4.0`. Corpora and pretrained models keep their own."""
    date: str = Field("", pattern=r"^(|\d{4}-\d\d-\d\d)$", exclude_if=lambda date: not date, examples=["2026-11-27"])
    """Day on which data sets are published, in quotes: `"2026-11-27"`. Their Croissant metadata have it."""


class SizeSeries(Settings):
    """One line of a figure of training sizes: a system trained on several fractions of its data."""

    label: str = Field(min_length=1)
    """Name of the system as readers know it."""
    runs: list[RunName] = Field(min_length=1)
    """Tuned runs and encoders. Each gives a point for each corpus that it is scored on, at the `fraction` of its
    mixture or of its own."""
    paper: str | None = None
    """System of the paper's figure that it is set beside (resources/paper/tables.json)."""


class SizeFigure(Settings):
    """Figure of scores against the part of the training data (paper 4.3.1, Figure 4)."""

    corpora: Annotated[list[CorpusName], Distinct()] = Field(min_length=1)
    """One column of panels each."""
    series: list[SizeSeries] = Field(min_length=1)
    """Lines."""
    metrics: list[Literal["precision", "recall", "f1"]] = Field(default=["f1"], min_length=1)
    """One row of panels each; strict match."""
    title: str = ""
    """Title; none when empty."""
    paper_figure: str | None = None
    """The paper's figure with the points to set beside: `figure4`."""
    width: float = Field(6.9, ge=3, le=20)
    """Width in inches; 3.4 is a column, 6.9 a page."""


class Study(Settings):
    """One study: a config file and all that comes out of it, under results/<study>/."""

    study: Name = Field(examples=["my-study"])
    """Name of the study and of its folder under results/."""
    question: str = ""
    """What the study asks, in a sentence; shown above its results."""
    mirror: str | None = None
    """Folder laid out as the registry names the corpus files; looked at before the network. Also `--config
    mirror=DIR` or MARKNER_MIRROR. Influences no result: every file is checked by hash."""
    answers: str = Field(".markner/answers", min_length=1)
    """Folder that keeps every answer of chat models, for all studies, relative to the working directory; on a cluster
    shared with the compute nodes if a model has `weights`. Stored answers are not asked again. Influences no result."""
    published: Publication = Publication()
    """Who answers for the study, and on which terms."""
    corpora: dict[Name, Corpus] = Field(min_length=1)
    """Corpora by name."""
    prompts: dict[Name, Prompt] = Field(default_factory=lambda: {"generic": Prompt()})
    """Prompts by name. A study that has this section and uses the default prompt writes it down, too: `generic: {}`."""
    mixtures: dict[Name, Mixture] = Field(default_factory=dict)
    """Instruction sets by name."""
    self_instruct: dict[Name, SelfInstruct] = Field(default_factory=dict)
    """Instruction sets of a few annotated sentences and of what a model wrote after them, by name; a run names one as
    its `mixture`."""
    models: dict[Name, Model] = Field(default_factory=dict)
    """Models by name: pretrained weights, and chat models behind an API."""
    runs: dict[Name, Run] = Field(default_factory=dict)
    """Runs by name."""
    keep_models: list[Name] | None = None
    """Runs whose trained models stay; by default all. The model of another run is removed when everything that this
    study makes from it exists, and is made again if something new needs it. Its record stays and vouches for what was
    made. Runs of `weights_of` count with the run whose weights they have. Influences no result."""
    scoring: Scoring = Scoring()
    """How predictions are scored."""
    significance: Significance = Significance()
    """How systems are compared with each other."""
    errors: ErrorAnalysis = ErrorAnalysis()
    """Analysis of errors."""
    tables: dict[Name, Table] = Field(default_factory=dict)
    """Tables by name."""
    figures: dict[Name, Figure] = Field(default_factory=dict)
    """Figures of scores by name."""
    error_figures: dict[Name, ErrorFigure] = Field(default_factory=dict)
    """Figures of errors by name."""
    size_figures: dict[Name, SizeFigure] = Field(default_factory=dict)
    """Figures of training sizes by name."""
    strata_tables: dict[Name, StrataTable] = Field(default_factory=dict)
    """Tables of scores by stratum, by name."""
    strata_figures: dict[Name, StrataFigure] = Field(default_factory=dict)
    """Figures of scores by stratum, by name."""
    calibrations: dict[Name, Calibration] = Field(default_factory=dict)
    """Calibrations of the confidences of runs, by name; each is a figure too."""
    suspects: dict[Name, SuspectList] = Field(default_factory=dict)
    """Lists of suspected annotation errors, by name."""
    annotations: dict[Name, Annotation] = Field(default_factory=dict)
    """Texts that trained runs tag, by name."""

    @model_validator(mode="before")
    @classmethod
    def _complete_runs(cls, config: Any) -> Any:
        """Give each repaired run the seeds and corpora of the run that it repairs where it names none.

        An encoder that is trained already is a tagger.
        """
        runs = config.get("runs") if isinstance(config, Mapping) else None
        if not isinstance(runs, Mapping):
            return config
        completed = {}
        for name, run in runs.items():
            base = runs.get(run.get("of")) if isinstance(run, Mapping) and isinstance(run.get("of"), str) else None
            if isinstance(run, Mapping) and run.get("system") == "encoder" and run.get("trained") is True:
                completed[name] = {key: value for key, value in run.items() if key != "trained"} | {"system": "tagger"}
            if isinstance(base, Mapping) and run.get("system") == "repaired":
                taken = {"seeds": base.get("seeds") or [1], "evaluate": base.get("evaluate")}
                completed[name] = {**run, **{key: value for key, value in taken.items() if value and not run.get(key)}}
        return {**config, "runs": {**runs, **completed}} if completed else config

    def retired(self, run: str) -> str | None:
        """Return since when and why the model of a run is retired; None if it is not."""
        settings = self.runs[run]
        if isinstance(settings, PredictionsRun):
            return None
        if isinstance(settings, RepairedRun):
            return self.retired(settings.of)
        model = self.models[settings.model]
        return model.retired if isinstance(model, ApiModel) else None

    def owner(self, run: str) -> str:
        """Return the run that trains the model of a generative run: the run itself, or the one in its `weights_of`."""
        settings = self.runs[run]
        shared = settings.weights_of if isinstance(settings, GenerativeRun) else None
        return shared or run

    def instruction_set(self, name: str) -> Mixture | SelfInstruct:
        """Return a mixture or self-instruct set by name."""
        return self.mixtures[name] if name in self.mixtures else self.self_instruct[name]

    def live_runs(self) -> dict[str, Run]:
        """Return the runs that have jobs, by name: all but those of retired models."""
        return {name: run for name, run in self.runs.items() if self.retired(name) is None}
