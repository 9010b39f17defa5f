# What all rules share: the typed study, the constraints of wildcards, code and settings of a job.
# Parsing is pure: nothing is written, nothing is fetched.
import os
import re
from pathlib import Path

from snakemake.exceptions import WorkflowError

from markner import leaves, lookup
from markner.config.chat import ApiModel, ChatRun
from markner.config.load import load_study
from markner.config.systems import EncoderRun, FolderModel, GenerativeRun, HubModel
from markner.corpora.registry import local_files
from markner.errors import MarknerError
from markner.job_environment import environment as job_environment
from markner.preflight.requests import MINUTES_A_POINT
from markner.provenance.code import code_hash
from markner.provenance.planning import decide_by_records
from markner.selection import grid_jobs

try:
    STUDY = load_study(config, workflow.configfiles)
except MarknerError as error:
    raise WorkflowError(str(error))

decide_by_records()
os.environ.update(job_environment(STUDY, workflow.basedir))

RESULTS = f"results/{STUDY.study}"
LOGS = f"{RESULTS}/logs"
BENCHMARKS = f"{RESULTS}/benchmarks"
TEMPLATES = [
    os.path.join(workflow.basedir, "src", "markner", "rendering", "templates", f"report.{kind}")
    for kind in ("html", "css", "js")
]
PAPER = os.path.join("resources", "paper", "tables.json")
INSTRUCTION_SETS = [*STUDY.mixes, *STUDY.self_instruct]
GENERATIVE = [name for name, run in STUDY.runs.items() if isinstance(run, GenerativeRun)]
TUNED = [name for name in GENERATIVE if STUDY.runs[name].mix]
ON_NODES = [name for name in TUNED if STUDY.models[STUDY.runs[name].model].hardware.nodes > 1]
ENCODERS = [name for name, run in STUDY.runs.items() if isinstance(run, EncoderRun)]
# Runs of retired models have no jobs.
RUNS = STUDY.live_runs()
CHAT = [name for name, run in RUNS.items() if isinstance(run, ChatRun)]
SERVED = [name for name in CHAT if STUDY.models[RUNS[name].model].weights]
SIMILAR = [name for name in CHAT if RUNS[name].shots and RUNS[name].shot_selection == "similar"]
# Jobs that train the encoders' grids: for each run, by the job's name, its points.
PARTS = {name: grid_jobs(STUDY.runs[name].grid, STUDY.runs[name].jobs_by) for name in ENCODERS}


def one_of(names):
    """A wildcard constraint that matches these names and nothing else."""
    return "|".join(map(re.escape, sorted(names))) or "(?!)"


wildcard_constraints:
    corpus=one_of(STUDY.corpora),
    route="iob|text",
    split="train|dev|test",
    mix=one_of(STUDY.mixes),
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
    """Sentence file of a corpus' split on the corpus' own route."""
    return f"{RESULTS}/corpora/{corpus}/{STUDY.corpora[corpus].route}/{split}.jsonl"


include: "outputs.smk"
include: "inputs.smk"
include: "resources.smk"
include: "lifecycle.smk"
