# What all rules share: the typed study, the constraints of wildcards, code and settings of a job.
# Parsing is pure: nothing is written, nothing is fetched.
import os
import re
from pathlib import Path

from snakemake.exceptions import WorkflowError

from markner.study import leaves, queries
from markner.study.schema.chat_runs import ApiModel, ChatRun
from markner.study.loading import load_study
from markner.study.schema.systems import EncoderRun, FolderModel, GenerativeRun, HubModel
from markner.data.fetching.registry import local_files
from runrecord.errors import PlainError
from markner.study.environment import environment as job_environment
from markner.preflight.requests import MINUTES_A_POINT
from runrecord.code import code_hash
from runrecord.planning import decide_by_records
from markner.study.grid import grid_jobs

try:
    STUDY = load_study(config, workflow.configfiles)
except PlainError as error:
    raise WorkflowError(str(error))

decide_by_records()
os.environ.update(job_environment(STUDY, workflow.basedir))

RESULTS = f"results/{STUDY.study}"
LOGS = f"{RESULTS}/logs"
BENCHMARKS = f"{RESULTS}/benchmarks"
TEMPLATES = [
    os.path.join(
        workflow.basedir, "src", "markner", "reporting", "page", "templates", f"report.{kind}"
    )
    for kind in ("html", "css", "js")
]
PAPER = os.path.join("resources", "paper", "tables.json")
INSTRUCTION_SETS = [*STUDY.mixtures, *STUDY.self_instruct]
GENERATIVE = [name for name, run in STUDY.runs.items() if isinstance(run, GenerativeRun)]
TUNED = [name for name in GENERATIVE if STUDY.runs[name].mixture]
ON_NODES = [name for name in TUNED if STUDY.models[STUDY.runs[name].model].hardware.nodes > 1]
ENCODERS = [name for name, run in STUDY.runs.items() if isinstance(run, EncoderRun)]
# Runs of retired models have no jobs.
RUNS = STUDY.live_runs()
CHAT = [name for name, run in RUNS.items() if isinstance(run, ChatRun)]
SERVED = [name for name in CHAT if STUDY.models[RUNS[name].model].weights]
SIMILAR = [name for name in CHAT if RUNS[name].shots and RUNS[name].shot_selection == "similar"]
# Jobs that train the encoders' grids: for each run, by the job's name, its points.
PARTS = {
    name: grid_jobs(STUDY.runs[name].grid, STUDY.runs[name].grid_batching) for name in ENCODERS
}


def one_of(names):
    """A wildcard constraint that matches these names and nothing else."""
    return "|".join(map(re.escape, sorted(names))) or "(?!)"


wildcard_constraints:
    corpus=one_of(STUDY.corpora),
    variant="tokenized|raw",
    split="train|dev|test",
    mixture=one_of(STUDY.mixtures),
    set=one_of(STUDY.self_instruct),
    model=one_of(STUDY.models),
    run=one_of(STUDY.runs),
    seed=r"\d+",
    part=one_of({part for parts in PARTS.values() for part in parts}),
    table=one_of(STUDY.tables),
    figure=one_of(STUDY.figures),
    error_figure=one_of(STUDY.error_figures),
    size_figure=one_of(STUDY.size_figures),
    annotation=one_of(STUDY.annotations),


def code(rule):
    """The hash of the meaning of a rule's script and of all it imports from the package."""
    return code_hash(os.path.join(workflow.basedir, "workflow", "scripts", f"{rule}.py"))


def settings(rule):
    """The function behind a rule's `params.settings`: the named leaves of the study that it uses, and no others."""

    def of(wildcards):
        return leaves.current(STUDY, rule, wildcards)

    return of


def sentences_of(corpus, split):
    """Sentence file of a corpus' split on the corpus' own variant."""
    return f"{RESULTS}/corpora/{corpus}/{STUDY.corpora[corpus].variant}/{split}.jsonl"


include: "outputs.smk"
include: "inputs.smk"
include: "resources.smk"
include: "lifecycle.smk"
