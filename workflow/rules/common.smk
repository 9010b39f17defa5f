# What all rules share: the typed study, the constraints of wildcards, and the functions behind `input` and `params`.
# Parsing is pure: nothing is written, nothing is fetched.
import os
import re
from pathlib import Path

from snakemake.exceptions import WorkflowError

from markner import leaves
from markner.config.chat import ApiModel, ChatRun
from markner.config.load import load_study
from markner.config.systems import EncoderRun, FolderModel, GenerativeRun, HubModel
from markner.corpora.registry import local_files
from markner.errors import MarknerError
from markner.job_environment import environment as job_environment
from markner.provenance.code import code_hash
from markner.provenance.planning import decide_by_records
from markner.selection import grid_points, point_name

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
GENERATIVE = [name for name, run in STUDY.runs.items() if isinstance(run, GenerativeRun)]
TUNED = [name for name in GENERATIVE if STUDY.runs[name].mix]
ON_NODES = [name for name in TUNED if STUDY.models[STUDY.runs[name].model].hardware.nodes > 1]
ENCODERS = [name for name, run in STUDY.runs.items() if isinstance(run, EncoderRun)]
# Runs of retired models have no jobs.
RUNS = STUDY.live_runs()
CHAT = [name for name, run in RUNS.items() if isinstance(run, ChatRun)]
SERVED = [name for name in CHAT if STUDY.models[RUNS[name].model].weights]
SIMILAR = [name for name in CHAT if RUNS[name].shots and RUNS[name].shot_selection == "similar"]
POINTS = {
    name: {point_name(point): point for point in grid_points(STUDY.runs[name].grid)}
    for name in ENCODERS
}


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
    point=one_of({point for points in POINTS.values() for point in points}),
    table=one_of(STUDY.tables),
    figure=one_of(STUDY.figures),
    error_figure=one_of(STUDY.error_figures),
    size_figure=one_of(STUDY.size_figures),
    annotation=one_of(STUDY.annotations),


def code(rule):
    """The hash of the meaning of a rule's script and of all it imports from the package."""
    return code_hash(os.path.join(workflow.basedir, "workflow", "scripts", f"{rule}.py"))


def targets_of(part):
    """Files of a part of the study, as its target rule wants them."""
    sentences = [
        (corpus, route, split)
        for corpus, settings in STUDY.corpora.items()
        for route in settings.routes()
        for split in settings.source(route).splits()
    ]
    scored = [
        (run, seed, corpus)
        for run, settings in RUNS.items()
        for seed in settings.seeds
        for corpus in settings.evaluate
    ]
    return {
        "corpora": [f"{RESULTS}/corpora.csv", f"{RESULTS}/corpora.md"],
        "downloads": [
            *(f"{RESULTS}/corpora/{corpus}/raw" for corpus in STUDY.corpora),
            *(
                f"{RESULTS}/weights/{name}"
                for name, model in STUDY.models.items()
                if not isinstance(model, ApiModel)
            ),
        ],
        "released": [
            f"{RESULTS}/released/{corpus}.{split}.txt"
            for corpus, route, split in sentences
            if route == "iob"
        ],
        "instructions": [
            f"{RESULTS}/instructions/{mix}.json" for mix in [*STUDY.mixes, *STUDY.self_instruct]
        ],
        "tables": [
            *(
                f"{RESULTS}/tables/{table}.{kind}"
                for table in STUDY.tables
                for kind in ("csv", "md", "tex")
            ),
            *(f"{RESULTS}/costs.{kind}" for kind in ("csv", "md") if TUNED),
        ],
        "figures": [
            f"{RESULTS}/figures/{figure}.{kind}"
            for figure in [*STUDY.figures, *STUDY.error_figures, *STUDY.size_figures]
            for kind in ("pdf", "svg", "png")
        ],
        "analyses": [
            *dict.fromkeys(f"{RESULTS}/significance/{corpus}.csv" for _, _, corpus in scored),
            *(f"{RESULTS}/errors/{run}/seed{seed}/{corpus}.csv" for run, seed, corpus in scored),
            *(
                f"{RESULTS}/official/{run}/seed{seed}/{corpus}.json"
                for run, seed, corpus in scored
                if leaves.has_official(STUDY, corpus)
            ),
        ],
        "report": [f"{RESULTS}/report/index.html"],
        "annotations": [f"{RESULTS}/annotations/{name}" for name in STUDY.annotations],
    }[part]


def crate_results(kind):
    """Results in the research object: `kept` as copies; `named` only, for they hold sentences of the corpora."""
    parts = {
        "kept": ("corpora", "tables", "figures"),
        "named": ("released", "instructions", "analyses"),
    }
    return [file for part in parts[kind] for file in targets_of(part)]


def workflow_files():
    """The workflow's own files, the Snakefile first."""
    folder = Path(workflow.basedir)
    patterns = ("Snakefile", "workflow/rules/*.smk", "workflow/scripts/*.py", "envs/*.yaml")
    files = [file for pattern in patterns for file in sorted(folder.glob(pattern))]
    return [os.path.relpath(file) for file in files]


def sentences_of(corpus, split):
    """Sentence file of a corpus' split on the corpus' own route."""
    return f"{RESULTS}/corpora/{corpus}/{STUDY.corpora[corpus].route}/{split}.jsonl"


##### Inputs #####


def fetch_inputs(wildcards):
    return local_files(STUDY.corpora[wildcards.corpus])


def card_inputs(wildcards):
    return [
        f"{RESULTS}/corpora/{corpus}/{route}/{split}.{kind}"
        for corpus, settings in STUDY.corpora.items()
        for route in settings.routes()
        for split in settings.source(route).splits()
        for kind in ("jsonl", "counts.json")
    ]


def mix_sentences(wildcards):
    mix = STUDY.mixes[wildcards.mix]
    return [sentences_of(corpus, mix.split) for corpus in mix.corpora]


def seed_sentences(wildcards):
    return sentences_of(STUDY.self_instruct[wildcards.set].corpus, "train")


def writer_weights(wildcards):
    return f"{RESULTS}/weights/{STUDY.self_instruct[wildcards.set].model}"


def all_test_sentences(wildcards):
    """Test sentences of every corpus of the study, on each of its routes."""
    return [
        f"{RESULTS}/corpora/{corpus}/{route}/test.jsonl"
        for corpus, settings in STUDY.corpora.items()
        for route in settings.routes()
        if "test" in settings.source(route).splits()
    ]


def test_sentences(wildcards):
    return sentences_of(wildcards.corpus, "test")


def weights_inputs(wildcards):
    model = STUDY.models[wildcards.model]
    return [model.path] if isinstance(model, FolderModel) else []


def run_weights(wildcards):
    return f"{RESULTS}/weights/{STUDY.runs[wildcards.run].model}"


def run_instructions(wildcards):
    return f"{RESULTS}/instructions/{STUDY.runs[wildcards.run].mix}.json"


def run_model(wildcards):
    if STUDY.runs[wildcards.run].mix:
        return f"{RESULTS}/models/{wildcards.run}/seed{wildcards.seed}"
    return run_weights(wildcards)


def served_weights(wildcards):
    return f"{RESULTS}/weights/{STUDY.models[RUNS[wildcards.run].model].weights}"


def embedding_weights(wildcards):
    return f"{RESULTS}/weights/{RUNS[wildcards.run].embedding}"


def shot_sentences(wildcards):
    if not RUNS[wildcards.run].shots:
        return []
    return sentences_of(leaves.shot_corpus(STUDY, wildcards.run, wildcards.corpus), "train")


def encoder_sentences(split):
    def inputs(wildcards):
        return sentences_of(STUDY.runs[wildcards.run].corpus, split)

    return inputs


def grid_dev_files(wildcards):
    return [
        f"{RESULTS}/models/{wildcards.run}/seed{wildcards.seed}/grid/{point}/dev.json"
        for point in POINTS[wildcards.run]
    ]


def grid_predictions(wildcards):
    return [
        f"{RESULTS}/predictions/{wildcards.run}/seed{wildcards.seed}/grid/{point}/{wildcards.corpus}.jsonl"
        for point in POINTS[wildcards.run]
    ]


def scored_sentences(wildcards):
    return sentences_of(wildcards.corpus, "test")


def table_scores(wildcards):
    """Score files behind a table: one for each cell and seed, and one for each grid point of an encoder's cell."""
    files = []
    for _, run, corpus in leaves.table_runs(STUDY, STUDY.tables[wildcards.table]):
        for seed in STUDY.runs[run].seeds:
            folder = f"{RESULTS}/scores/{run}/seed{seed}"
            files.append(f"{folder}/{corpus}.json")
            files += [f"{folder}/grid/{point}/{corpus}.json" for point in POINTS.get(run, ())]
    return list(dict.fromkeys(files))


def training_costs(wildcards):
    return [
        f"{RESULTS}/costs/{run}/seed{seed}.json" for run in TUNED for seed in STUDY.runs[run].seeds
    ]


def table_significance(wildcards):
    """Paired tests of a table's runs, for each corpus on which there are two or more to compare."""
    table = wildcards.table
    return [
        f"{RESULTS}/significance/{table}/{corpus}.csv"
        for corpus in STUDY.tables[table].corpora
        if len(leaves.compared(STUDY, corpus, table)) > 1
    ]


def compared_predictions(wildcards):
    return [
        f"{RESULTS}/predictions/{run}/seed{seed}/{wildcards.corpus}.jsonl"
        for run in leaves.compared(STUDY, wildcards.corpus, wildcards.family.rstrip("/"))
        for seed in STUDY.runs[run].seeds
    ]


def judged_errors(wildcards):
    return leaves.adjudicated(STUDY, wildcards.run, int(wildcards.seed), wildcards.corpus) or []


def figure_errors(wildcards):
    table = STUDY.tables[STUDY.error_figures[wildcards.error_figure].table]
    cells = leaves.table_runs(STUDY, table)
    return [
        f"{RESULTS}/errors/{run}/seed{seed}/{corpus}.json"
        for run, corpus in dict.fromkeys((run, corpus) for _, run, corpus in cells)
        for seed in STUDY.runs[run].seeds
    ]


def size_scores(wildcards):
    points = leaves.size_points(STUDY, STUDY.size_figures[wildcards.size_figure])
    return [
        f"{RESULTS}/scores/{run}/seed{seed}/{corpus}.json"
        for _, corpus, _, run in points
        for seed in STUDY.runs[run].seeds
    ]


def annotated_files(wildcards):
    return STUDY.annotations[wildcards.annotation].files


def annotation_models(wildcards):
    """Weights of the runs that tag; of an encoder's, the choice among its grid and the models of the grid."""
    files = []
    for item in STUDY.annotations[wildcards.annotation].runs:
        tagger = leaves.tagger(STUDY, item.run, item.seed, item.entities)
        folder = f"{RESULTS}/{tagger.folder}"
        if tagger.system == "encoder":
            files.append(f"{folder}/selection.json")
            files += [f"{folder}/grid/{point}/model" for point in POINTS[item.run]]
        else:
            files.append(folder)
    return list(dict.fromkeys(files))


def report_results(wildcards):
    """What the report shows: tables, figures, the corpus card, tests, and sentences with their answers."""
    answers = [
        f"{RESULTS}/predictions/{name}/seed{run.seeds[0]}/{corpus}.jsonl"
        for name, run in RUNS.items()
        for corpus in run.evaluate
    ]
    corpora = dict.fromkeys(corpus for run in RUNS.values() for corpus in run.evaluate)
    return [
        *(file for file in targets_of("tables") if file.endswith(".csv")),
        *(file for file in targets_of("figures") if file.endswith(".svg")),
        f"{RESULTS}/corpora.csv",
        *(f"{RESULTS}/significance/{corpus}.csv" for corpus in corpora),
        *(sentences_of(corpus, "test") for corpus in corpora),
        *answers,
    ]


def figure_table(wildcards):
    return f"{RESULTS}/tables/{STUDY.figures[wildcards.figure].table}.csv"


##### Settings: the named leaves of the study that a rule uses, and no others #####


def settings(rule):
    """The function behind a rule's `params.settings`."""

    def of(wildcards):
        return leaves.current(STUDY, rule, wildcards)

    return of


##### Resources: what jobs ask of a machine. They are no settings: a change of them runs nothing again #####


def growing(first):
    """A resource of which a job that failed is given half as much again in each further try."""

    def of(wildcards, attempt):
        return round(first * (1 + attempt) / 2)

    return of


def hardware(name):
    """A value of the `hardware` of the model behind a job."""

    def of(wildcards):
        return getattr(hardware_of(wildcards), name)

    return of


def hardware_of(wildcards):
    return STUDY.models[STUDY.runs[wildcards.run].model].hardware


def model_memory(wildcards, attempt):
    return growing(1000 * hardware_of(wildcards).memory_gb)(wildcards, attempt)


def training_gpus(wildcards):
    hardware = hardware_of(wildcards)
    return 0 if hardware.device == "cpu" else hardware.processes


def training_minutes(wildcards):
    """The same in each try: a training goes on where it was, and partitions have limits."""
    return round(60 * hardware_of(wildcards).train_hours)


def prediction_gpus(wildcards):
    return 0 if hardware_of(wildcards).device == "cpu" else 1


def prediction_minutes(wildcards, attempt):
    return growing(60 * hardware_of(wildcards).predict_hours)(wildcards, attempt)


##### Beginning and end of a run #####


def refuse_the_impossible():
    """Stop before the first job if planned ones lack a key, or weights that cannot be had; a dry run needs neither."""
    planned = list(workflow.dag.needrun_jobs())
    asked = sorted({job.wildcards.run for job in planned if job.rule.name == "chat"})
    loaded = sorted({job.wildcards.model for job in planned if job.rule.name == "weights"})
    try:
        if asked:
            from markner.chat.client import require_keys

            require_keys({run: leaves.chat_model(STUDY, run) for run in asked})
        hub = [STUDY.models[model] for model in loaded if isinstance(STUDY.models[model], HubModel)]
        if hub:
            from markner.modeling.hub import require_access

            require_access(hub)
    except MarknerError as error:
        raise WorkflowError(str(error))


def print_summary():
    """Say what came out and where everything lies."""
    from markner.rendering.results import read_cells
    from markner.rendering.summary import summary

    tables = {name: Path(RESULTS, "tables", f"{name}.csv") for name in STUDY.tables}
    frames = {name: read_cells(path) for name, path in tables.items() if path.exists()}
    print(f"\n{summary(STUDY, frames, Path(RESULTS))}")
