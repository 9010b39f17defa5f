# What all rules share: the typed study, the constraints of wildcards, code and settings of a job.
# Parsing is pure: nothing is written, nothing is fetched.
import os
import re
from functools import cache
from pathlib import Path

from snakemake.exceptions import WorkflowError
from snakemake.io import flag

from markner.rules import params_of, wildcard_values
from markner.study.params import NoParams
from markner.study import queries
from markner.study.schema.chat_runs import ApiModel, ChatRun
from markner.study.loading import load_study
from markner.study.schema.prediction_runs import PredictionsRun
from markner.study.schema.repaired_runs import RepairedRun
from markner.study.schema.systems import (
    EncoderRun,
    FolderModel,
    GenerativeRun,
    HubModel,
    TaggerRun,
)
from markner.data.fetching.registry import local_files
from runrecord.errors import PlainError
from markner.study.environment import environment as job_environment
from markner.preflight.requests import MINUTES_A_POINT, annotation_resources
from markner.preflight.cluster import largest_memory_mb
from markner.preflight.disk import training_gb
from markner.preflight.retries import memory_of_try
from runrecord.code_cache import CodeCache
from runrecord.planning import decide_by_records
from markner.study.grid import grid_jobs

try:
    STUDY = load_study(config, workflow.configfiles)
except PlainError as error:
    raise WorkflowError(str(error))

# The folder that holds workflow/, src/ and envs/, whichever of the two Snakefiles was given.
CHECKOUT = os.path.dirname(os.path.dirname(workflow.current_basedir))

if "{" in CHECKOUT or "}" in CHECKOUT:
    raise WorkflowError(
        f"{CHECKOUT}: Snakemake takes braces in the path of the checkout for a wildcard\n"
        "  fix: rename the folder"
    )

decide_by_records()
os.environ.update(job_environment(STUDY, CHECKOUT))

RESULTS = f"results/{STUDY.study}"
LOGS = f"{RESULTS}/logs"
BENCHMARKS = f"{RESULTS}/benchmarks"
TEMPLATES = [
    os.path.join(CHECKOUT, "src", "markner", "reporting", "page", "templates", f"report.{kind}")
    for kind in ("html", "css", "js")
]
PAPER = os.path.join("resources", "paper", "tables.json")
INSTRUCTION_SETS = [*STUDY.mixtures, *STUDY.self_instruct]
GENERATIVE = [name for name, run in STUDY.runs.items() if isinstance(run, GenerativeRun)]
TUNED = [name for name in GENERATIVE if STUDY.runs[name].mixture]
ON_NODES = [name for name in TUNED if queries.training_nodes(STUDY, name) > 1]
ENCODERS = [name for name, run in STUDY.runs.items() if isinstance(run, EncoderRun)]
# Encoders with a final model.
FINAL = [name for name in ENCODERS if STUDY.runs[name].final]
TAGGERS = [name for name, run in STUDY.runs.items() if isinstance(run, TaggerRun)]
# Runs of retired models have no jobs.
RUNS = STUDY.live_runs()
CHAT = [name for name, run in RUNS.items() if isinstance(run, ChatRun)]
IMPORTED = [name for name, run in STUDY.runs.items() if isinstance(run, PredictionsRun)]
REPAIRED = [name for name, run in RUNS.items() if isinstance(run, RepairedRun)]
SERVED = [name for name in CHAT if STUDY.models[RUNS[name].model].weights]
SIMILAR = [name for name in CHAT if RUNS[name].shots and RUNS[name].shot_selection == "similar"]
# Jobs that train the encoders' grids: for each run, by the job's name, its points.
PARTS = {
    name: grid_jobs(STUDY.runs[name].grid, STUDY.runs[name].grid_batching) for name in ENCODERS
}

# Corpus, variant and split of each file of sentences.
SPLITS = [
    (corpus, variant, split)
    for corpus, settings in STUDY.corpora.items()
    for variant in settings.variants()
    for split in settings.source(variant).splits()
]


def one_of(names):
    """A wildcard constraint that matches these names and nothing else."""
    return "|".join(map(re.escape, sorted(names))) or "(?!)"


wildcard_constraints:
    **{name: one_of(values) for name, values in wildcard_values(STUDY).items()},
    variant="tokenized|raw",
    split="train|dev|test",
    seed=r"\d+",
    part=one_of({part for parts in PARTS.values() for part in parts}),
    # All runs on a corpus, or those of a table: a table needs no run but its own.
    family=f"(({one_of(STUDY.tables)})/)?",


def settings(params):
    """The function behind a rule's `params.settings`: the settings of a job, by the rule's params class."""

    def of(wildcards):
        return params.of(STUDY, wildcards).settings()

    of.params = params
    return of


@cache
def hash_of_code(script):
    return code_cache().code_hash(script)


@cache
def code_cache():
    return CodeCache(Path(CHECKOUT, "workflow", "scripts"))


def code(script):
    """The function behind a rule's `params.code`: the hash of a script's code, computed when a job needs it."""

    def of(wildcards):
        return hash_of_code(script)

    return of


def complete_rules():
    """Give each rule the hash of its script's code. Its params class must be the registered one."""
    for each in workflow.rules:
        if each.script:
            registered = params_of(each.name)
            given = getattr(getattr(each.params, "settings", None), "params", None)
            if given is None:
                raise WorkflowError(
                    f"rule {each.name} names no params class\n"
                    f"  fix: give it `params: settings=settings({registered.__name__})`"
                )
            if registered is not given:
                raise WorkflowError(
                    f"rule {each.name} has {given.__name__}, but {registered.__name__} names it among its rules"
                )
            script = os.path.join(CHECKOUT, "workflow", "scripts", os.path.basename(each.script))
            if not os.path.isfile(script):
                raise WorkflowError(f"there is no script {script} of rule {each.name}")
            each.set_params(code=code(script))


def sentences_of(corpus, split):
    """Sentence file of a corpus' split on the corpus' own variant."""
    return f"{RESULTS}/corpora/{corpus}/{STUDY.corpora[corpus].variant}/{split}.jsonl"


def with_seeds(runs):
    """Each run with each of its seeds."""
    return [(run, seed) for run in runs for seed in STUDY.runs[run].seeds]


def test_sentences(wildcards):
    return sentences_of(wildcards.corpus, "test")


def run_weights(wildcards):
    return f"{RESULTS}/weights/{STUDY.runs[wildcards.run].model}"


def trained_folders(run, seed):
    """Folders that the trainings of a run leave for a seed: the model, or the jobs of an encoder's grid."""
    folder = f"{RESULTS}/models/{run}/seed{seed}"
    return [f"{folder}/grid/{part}" for part in PARTS[run]] if run in PARTS else [folder]


def figure_table(wildcards):
    return f"{RESULTS}/tables/{STUDY.figures[wildcards.figure].table}.csv"


include: "outputs.smk"
include: "resources.smk"
include: "lifecycle.smk"
include: "captions.smk"
