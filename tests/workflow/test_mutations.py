"""What runs again after a change: exactly the jobs that the change reaches, for each kind of change.

Every change is made in a copy of a finished checkout and planned by a dry run in a process of its own. Expected is
named by rule and wildcards; what rests on a named job by its files is expected with it.
"""

import hashlib
import os
import random
import re
import shutil
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from tiny_study import RESULTS, Job, below, command, copy, finished, plan, study, write_study

pytestmark = [pytest.mark.models, pytest.mark.slow]

Study = dict[str, Any]


@dataclass(frozen=True)
class Mutation:
    """A change, the jobs that it reaches (`rule wildcard=value ...`, one a line), and how Snakemake is called."""

    change: Callable[[Path], None]
    reaches: str = ""
    arguments: tuple[str, ...] = ()


def setting(change: Callable[[Study], Any]) -> Callable[[Path], None]:
    """A change of the study file."""

    def make(folder: Path) -> None:
        content = study()
        change(content)
        write_study(folder, content)

    return make


def edit(name: str, old: str, new: str) -> Callable[[Path], None]:
    """A change of a text file of the checkout."""

    def make(folder: Path) -> None:
        path = folder / name
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{name} does not hold {old!r} any more"
        path.write_text(text.replace(old, new), encoding="utf-8")

    return make


def byte(name: str, old_time: bool = False) -> Callable[[Path], None]:
    """Another byte in the middle of a file, under its old mtime if asked."""

    def make(folder: Path) -> None:
        path = folder / name
        stat, content = path.stat(), bytearray(path.read_bytes())
        content[len(content) // 2] ^= 1
        path.write_bytes(content)
        if old_time:
            os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))

    return make


def gone(name: str) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        path = folder / name
        shutil.rmtree(path) if path.is_dir() else path.unlink()

    return make


def touched(*names: str) -> Callable[[Path], None]:
    """New times for some files, or for all files of the checkout in a random order: what a copy without times does."""

    def make(folder: Path) -> None:
        paths = [folder / name for name in names] or sorted(path for path in folder.rglob("*") if path.is_file())
        random.Random(1).shuffle(paths)
        for second, path in enumerate(paths):
            os.utime(path, (1_900_000_000 + second, 1_900_000_000 + second))

    return make


def both(*changes: Callable[[Path], None]) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        for change in changes:
            change(folder)

    return make


def fresh_clone(folder: Path) -> None:
    """Only code and results are left: no memory of Snakemake, no remembered hashes, all times new."""
    for name in (".snakemake", ".markner", ".runrecord"):
        shutil.rmtree(folder / name, ignore_errors=True)
    touched()(folder)


def swap(section: Study, one: str, other: str) -> None:
    section[one], section[other] = section[other], section[one]


def with_digest(content: Study) -> None:
    """The same file, now with a declared hash."""
    source = content["corpora"]["sample_gene"]["tokenized"]
    digest = hashlib.sha256((ROOT / source["test"]).read_bytes()).hexdigest()
    source["test"] = {"path": source["test"], "sha256": digest}


def narrow(folder: Path) -> None:
    """All code in lines of another length and with other quotes."""
    layout = ("--line-length=60", "--config", "format.quote-style='single'", "--no-cache", "--isolated")
    command(folder, "-m", "ruff", "format", *layout, "src", "workflow/scripts")


def another_run(content: Study) -> None:
    content["runs"]["minilm-again"] = content["runs"]["minilm-gene"] | {"epochs": 2, "evaluate": ["sample_gene"]}


def without_run(content: Study) -> None:
    del content["runs"]["minilm-gene"]
    for texts in content["annotations"].values():
        texts["runs"] = [each for each in texts["runs"] if each["run"] != "minilm-gene"]
    for table in content["tables"].values():
        for row in table["rows"]:
            row["runs"] = [run for run in row["runs"] if run != "minilm-gene"]


def prompts(content: Study, **values: str) -> None:
    """Other words of every prompt."""
    for prompt in content["prompts"].values():
        prompt.update(values)


def half_written(folder: Path) -> None:
    """What a killed run leaves: later files missing, one cut off, and no memory of Snakemake to tell of it."""
    shutil.rmtree(folder / ".snakemake")
    shutil.rmtree(folder / RESULTS / "figures")
    path = folder / GENE_SCORE
    path.write_bytes(path.read_bytes()[:100])
    Path(f"{path}.prov.json").unlink()


def train(content: Study) -> Study:
    section: Study = content["runs"]["smollm2-tuned"]["training"]
    return section


GRID = {"learning_rate": [5e-4, 1e-4], "max_length": [128], "batch_size": [16]}
GENE_SCORE = f"{RESULTS}/scores/minilm-gene/seed1/sample_gene.json"
TUNED_ANSWERS = f"{RESULTS}/predictions/smollm2-tuned/seed1/sample_disease.jsonl"
GENES = "resources/sample/iob/gene/test.tsv"
BIG = "models/bert/notes.txt"
ENCODER = "weights model=minilm"
TRAINED = "train run=smollm2-tuned"
SCORED = "score\nsignificance\nstrata\nofficial"
LAYOUT = "table table=table1\nfigure figure=scores\nerror_figure"
EVALUATION = "src/markner/evaluation"

MUTATIONS = {
    # values of the study
    "training: rate": Mutation(setting(lambda s: train(s).update(learning_rate=1e-4)), TRAINED),
    "training: batching left out": Mutation(setting(lambda s: train(s).pop("batching")), TRAINED),
    "training: a default written out": Mutation(setting(lambda s: train(s).update(weight_decay=0.0))),
    "encoder: epochs": Mutation(
        setting(lambda s: s["runs"]["minilm-gene"].update(epochs=2)), "train_encoder run=minilm-gene"
    ),
    "encoder: a grid point more": Mutation(
        setting(lambda s: s["runs"]["minilm-gene"].update(grid=GRID)),
        "train_encoder run=minilm-gene part=lr0.0001_len128_bs16_drop0.1\n"
        "predict_encoder run=minilm-gene\nselect_encoder run=minilm-gene",
    ),
    "prompt: template": Mutation(
        setting(lambda s: prompts(s, template="{instruction}\n{input}\n")),
        "train\npredict\nchat_served\ntaggers",
    ),
    "prompt: instruction": Mutation(
        setting(lambda s: prompts(s, instruction="Mark each {entity} with <mark> and </mark>.")),
        "mixture\npredict\nchat_served\nself_instruct\ntaggers",
    ),
    "prompt: enhancement of another entity": Mutation(
        setting(lambda s: s["prompts"]["generic"].update(enhancements={"plant": "Plants too."}))
    ),
    "mixture: seed": Mutation(setting(lambda s: s["mixtures"]["disease"].update(seed=2)), "mixture mixture=disease"),
    "decoding: batch": Mutation(
        setting(lambda s: s["runs"]["smollm2-tuned"]["decoding"].update(batch_size=4)),
        "predict run=smollm2-tuned\ntaggers",
    ),
    "scoring: resamples": Mutation(setting(lambda s: s["scoring"].update(resamples=150)), SCORED),
    "scoring: two values swapped": Mutation(setting(lambda s: swap(s["scoring"], "resamples", "seed")), SCORED),
    "significance: permutations": Mutation(
        setting(lambda s: s.update(significance={"permutations": 2000})), "significance\nstrata"
    ),
    "errors: sample": Mutation(setting(lambda s: s["errors"].update(sample=5)), "errors"),
    "table: title": Mutation(setting(lambda s: s["tables"]["table1"].update(title="Another")), LAYOUT),
    "table: order of rows": Mutation(
        setting(lambda s: s["tables"]["table1"]["rows"].reverse()), f"{LAYOUT}\nstrata_table"
    ),
    "figure: height": Mutation(setting(lambda s: s["figures"]["scores"].update(height=4.0)), "figure"),
    "figure of errors: title": Mutation(
        setting(lambda s: s["error_figures"]["errors"].update(title="Kinds")), "error_figure"
    ),
    "figure of strata: metric": Mutation(
        setting(lambda s: s["strata_figures"]["generalisation"].update(metric="f1")), "strata_figure"
    ),
    "another figure": Mutation(setting(lambda s: s["figures"].update(more={"table": "table1"})), "figure figure=more"),
    "seed of a run": Mutation(
        setting(lambda s: s["runs"]["smollm2-tuned"].update(seeds=[2])),
        "train seed=2\npredict seed=2\nsignificance family= corpus=sample_disease\n"
        "significance family=table1/ corpus=sample_disease\ntable table=table1\nerror_figure\n"
        "significance family=table3/ corpus=sample_disease\ntable table=table3\n"
        "strata family= corpus=sample_disease\nstrata family=table1/ corpus=sample_disease\nstrata_table\ntaggers",
    ),
    "another run": Mutation(
        setting(another_run),
        "train_encoder run=minilm-again\nselect_encoder run=minilm-again\n"
        "significance corpus=sample_gene\nstrata family= corpus=sample_gene\ntaggers",
    ),
    "another decoding of a tuned run": Mutation(
        setting(lambda s: s["runs"]["smollm2-constrained"].update(decoding={"batch_size": 4})),
        "predict run=smollm2-constrained\ntaggers",
    ),
    "a run less": Mutation(
        setting(without_run), "table table=table1\nerror_figure\nfigure\nannotate\nstrata_table\ntaggers"
    ),
    "order of runs": Mutation(setting(lambda s: s.update(runs=dict(reversed(s["runs"].items())))), "costs"),
    "order of corpora": Mutation(setting(lambda s: s.update(corpora=dict(reversed(s["corpora"].items())))), "card"),
    "corpus: sample of the test split": Mutation(
        setting(lambda s: s["corpora"]["sample_gene"]["sample"].update(test=5)),
        "sentences corpus=sample_gene split=test",
    ),
    "corpus: hash of a file": Mutation(
        setting(with_digest), "fetch corpus=sample_gene\nsentences corpus=sample_gene\ncard"
    ),
    "the question": Mutation(setting(lambda s: s.update(question="Another?")), "report"),
    # code
    "code: a comment": Mutation(
        edit(f"{EVALUATION}/matching.py", "\ndef strict_counts", "\n# A comment.\ndef strict_counts")
    ),
    "code: words of a comment": Mutation(edit(f"{EVALUATION}/significance.py", "# Two differences", "# Differences")),
    "code: a docstring": Mutation(edit(f"{EVALUATION}/significance.py", "two-sided paired", "paired two-sided")),
    "code: layout": Mutation(narrow),
    "code: a function that nobody calls": Mutation(
        edit(f"{EVALUATION}/matching.py", "\ndef strict_counts", "\ndef lonely():\n    return 1\n\n\ndef strict_counts")
    ),
    "code: what scoring alone imports": Mutation(
        edit(f"{EVALUATION}/author_release.py", "\n_TAG = ", "\n_TAG = 0 or "), "score"
    ),
    "code: two imports away": Mutation(
        edit("src/markner/tags.py", "\n_ASCII_WORD = ", "\n_ASCII_WORD = 0 or "),
        "sentences\ntrain_encoder\npredict_encoder\npredict\nrepair_predictions\nsuspects",
    ),
    "code: how a figure is drawn": Mutation(
        edit("src/markner/reporting/figures/scores.py", "\n_SIZE = ", "\n_SIZE = 1 * "), "figure"
    ),
    "code: a script": Mutation(
        edit("workflow/scripts/errors.py", "with job(snakemake):", "with job(snakemake):\n    print()"), "errors"
    ),
    "code: a default that the study leaves": Mutation(
        edit(
            "src/markner/study/schema/systems.py",
            "weight_decay: float = Field(0.0,",
            "weight_decay: float = Field(0.1,",
        ),
        "train",
    ),
    "code: scripts touched": Mutation(touched("workflow/scripts/train.py", "workflow/scripts/predict.py", "Snakefile")),
    "package: numpy": Mutation(
        edit("envs/requirements.txt", "numpy==2.4.6", "numpy==2.4.7"),
        f"{SCORED}\nscore_grid\nfew_shot\ncalibration\nsuspects",
    ),
    "package: transformers": Mutation(
        edit("envs/requirements-torch.txt", "transformers==5.23.0", "transformers==5.24.0"),
        "weights\ntrain\ntrain_encoder\npredict\npredict_encoder",
    ),
    "package: bars of progress": Mutation(edit("envs/requirements.txt", "tqdm==4.70.1", "tqdm==4.71.0")),
    # files
    "input: bytes": Mutation(byte(GENES), "fetch corpus=sample_gene\nfetch corpus=few_gene"),
    "input: bytes under the old time": Mutation(
        byte(GENES, old_time=True), "fetch corpus=sample_gene\nfetch corpus=few_gene"
    ),
    "input: touched": Mutation(touched(GENES, "resources/paper/tables.json")),
    "input: 2 MB touched": Mutation(touched(BIG, f"{RESULTS}/weights/minilm/notes.txt")),
    "input: 2 MB, bytes under the old time": Mutation(byte(BIG, old_time=True), ENCODER),
    "output: a table edited": Mutation(byte(f"{RESULTS}/tables/table1.csv"), "table table=table1"),
    "output: answers edited under the old time": Mutation(
        byte(TUNED_ANSWERS, old_time=True), "predict run=smollm2-tuned"
    ),
    "output: trained weights edited": Mutation(
        byte(f"{RESULTS}/models/smollm2-tuned/seed1/model.safetensors"), TRAINED
    ),
    "output: a table deleted": Mutation(gone(f"{RESULTS}/tables/table1.csv"), "table table=table1"),
    "output: what lies in between deleted": Mutation(gone(f"{RESULTS}/models/smollm2-tuned")),
    "output: what lies in between deleted, and it is needed": Mutation(
        both(gone(TUNED_ANSWERS), setting(lambda s: s.update(errors={"sample": 5}))),
        "errors\npredict run=smollm2-tuned",
    ),
    "output: a folder deleted": Mutation(
        gone(f"{RESULTS}/figures"),
        "figure\nerror_figure\nsize_figure\nstrata_figure\nworkflow_figure\ncalibration",
    ),
    "record: deleted": Mutation(gone(f"{TUNED_ANSWERS}.prov.json"), "predict run=smollm2-tuned"),
    "record: edited": Mutation(byte(f"{GENE_SCORE}.prov.json"), "score run=minilm-gene corpus=sample_gene"),
    "log and benchmark deleted": Mutation(both(gone(f"{RESULTS}/logs"), gone(f"{RESULTS}/benchmarks"))),
    "interrupted half-way": Mutation(
        half_written,
        "figure\nerror_figure\nsize_figure\nstrata_figure\nworkflow_figure\ncalibration\n"
        "score run=minilm-gene corpus=sample_gene",
    ),
    # memory and times
    "memory of Snakemake lost": Mutation(gone(".snakemake")),
    "memory lost, and a rate": Mutation(
        both(gone(".snakemake"), setting(lambda s: train(s).update(learning_rate=1e-4))), TRAINED
    ),
    "memory of hashes lost": Mutation(gone(".runrecord")),
    "copied without times": Mutation(touched()),
    "fresh clone over the results": Mutation(fresh_clone),
    "fresh clone, and how a figure is drawn": Mutation(
        both(fresh_clone, edit("src/markner/reporting/figures/scores.py", "\n_SIZE = ", "\n_SIZE = 1 * ")), "figure"
    ),
    "moved, nothing else": Mutation(lambda folder: None),
    # how it is run
    "threads": Mutation(lambda folder: None, arguments=("--set-threads", "train=2", "predict=1")),
    "resources": Mutation(lambda folder: None, arguments=("--set-resources", "train:mem_mb=1", "--resources", "gpu=9")),
    "log level": Mutation(lambda folder: None, arguments=("--printshellcmds", "--debug-dag")),
    "profile": Mutation(lambda folder: None, arguments=("--profile", "profiles/slurm")),
    "no profile": Mutation(lambda folder: None, arguments=("--workflow-profile", "none")),
    "mirror": Mutation(lambda folder: None, arguments=("--config", "mirror=.")),
}
COSTLY = {"weights", "train", "train_encoder", "predict", "predict_encoder"}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, frozenset[Job]]:
    return finished(tmp_path_factory.getbasetemp())


@pytest.fixture(scope="module")
def plans(
    made: tuple[Path, frozenset[Job]], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, set[Job] | Exception]:
    """The plan after each change, made two at a time."""
    base = tmp_path_factory.mktemp("mutations")

    def planned(name: str) -> set[Job] | Exception:
        mutation = MUTATIONS[name]
        folder = copy(made[0], base / re.sub(r"\W+", "-", name))
        try:
            mutation.change(folder)
            return plan(folder, *mutation.arguments)
        except (AssertionError, OSError) as error:
            return error
        finally:
            shutil.rmtree(folder)

    with ThreadPoolExecutor(2) as pool:
        return dict(zip(MUTATIONS, pool.map(planned, MUTATIONS), strict=True))


def matching(jobs: set[Job], pattern: str) -> set[Job]:
    """Jobs of a rule whose wildcards have the values that a pattern names."""
    rule, *pairs = pattern.split()
    wanted = {tuple(pair.split("=", 1)) for pair in pairs}
    matches = {job for job in jobs if job.rule == rule and wanted <= set(job.wildcards)}
    assert matches, f"no job is {pattern}"
    return matches


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_change_runs_what_it_reaches_and_nothing_else(
    name: str, made: tuple[Path, frozenset[Job]], plans: dict[str, set[Job] | Exception]
) -> None:
    planned = plans[name]
    if isinstance(planned, Exception):
        raise planned
    new = {str(job): job for job in made[1]} | {str(job): job for job in planned}
    jobs = set(new.values())
    reached = set[Job]().union(*(matching(jobs, line) for line in MUTATIONS[name].reaches.splitlines()))
    expected = {str(job) for job in below(frozenset(jobs), reached)}
    actual = {str(job) for job in planned}
    assert {"missed": sorted(expected - actual), "spurious": sorted(actual - expected)} == {
        "missed": [],
        "spurious": [],
    }
    if name.startswith(("table", "figure", "scoring", "errors", "significance")):
        assert COSTLY.isdisjoint(job.rule for job in planned)


def test_there_are_enough_kinds_of_change() -> None:
    assert len(MUTATIONS) >= 30
