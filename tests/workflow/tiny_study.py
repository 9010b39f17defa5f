"""A finished study with every rule of the embedded default, on tiny random models, in a checkout of its own.

It is made once a session. Tests take copies: they change code, settings and results, and let Snakemake plan anew.
"""

import json
import os
import pickle
import random
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from conftest import ROOT, once
from forked import python, run_command, run_snakemake
from models.tiny_encoder import tiny_encoder
from models.tiny_llama import write_tiny_llama

PARTS = ("Snakefile", "config", "envs", "profiles", "resources", "src", "workflow")
# Where the demo has both, so that the documents' commands can be typed as they stand.
CONFIG = "config/demo.yaml"
RESULTS = "results/demo"


@dataclass(frozen=True)
class Job:
    """One job of a plan: a rule and the values of its wildcards, with its files."""

    rule: str
    wildcards: tuple[tuple[str, str], ...]
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]

    def __str__(self) -> str:
        return " ".join([self.rule, *(f"{name}={value}" for name, value in self.wildcards)])


def study() -> dict[str, Any]:
    """The embedded default with a few sentences of each kind, as few steps, and random models in folders."""
    shared = yaml.safe_load((ROOT / "config" / "demo.yaml").read_text(encoding="utf-8"))
    # Each section on its own: what the file says once and means twice would else change twice.
    content: dict[str, Any] = json.loads(json.dumps(shared))
    for corpus in content["corpora"].values():
        corpus["sample"] = {"train": 48, "dev": 8, "test": 6}
    for name, run in content["runs"].items():
        # Genes in both forms: the native one has the alternatives that official scores need.
        run["evaluate"] = run["evaluate"][: 2 if name == "minilm-gene" else 1]
        if name == "minilm-disease":
            run["evaluate"].append("dev_disease")  # for the temperature of its confidences
        if run["system"] == "encoder":
            run["epochs"] = 1
    # Two runs of a kind that others are of too, left out with what names them.
    for run, mixture in (("smollm2-disease-enhanced", "disease-enhanced"), ("smollm2-disease-half", "disease-half")):
        del content["runs"][run], content["mixtures"][mixture]
    del content["tables"]["table4"]
    content["size_figures"]["sizes"]["series"][0]["runs"].remove("smollm2-disease-half")
    tables = content["tables"]
    tables["table2"] |= {"corpora": ["sample_disease"], "rows": [{"label": "Untuned", "runs": ["smollm2-untuned"]}]}
    for name, model in content["models"].items():
        if model["source"] == "package":
            content["models"][name] = {"source": "folder", "path": "models/llama" if "gguf" in model else "models/bert"}
    content["scoring"] = {"resamples": 200, "seed": 100}
    return content


def write_study(folder: Path, changed: dict[str, Any]) -> None:
    (folder / CONFIG).write_text(yaml.safe_dump(changed, sort_keys=False), encoding="utf-8")


def environment(folder: Path) -> dict[str, str]:
    """Environment variables that let Python use the code of a checkout."""
    own = {"PYTHONPATH": str(folder / "src"), "HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "COLUMNS": "120"}
    return {**os.environ, **own}


def command(folder: Path, *arguments: str, code: int = 0) -> subprocess.CompletedProcess[str]:
    """Run Python with the code of a checkout, in it, to end with this exit code; what it says is all in `stdout`."""
    done = run_command([python(), *arguments], folder, environment(folder))
    assert done.returncode == code, done.stdout[-6000:]
    return done


def snakemake(folder: Path, *arguments: str, config: str = CONFIG, code: int = 0) -> str:
    """Run Snakemake with the code of a checkout, in it, to end with this exit code; returns all that it says."""
    done = run_snakemake(folder, "--configfile", config, "-c2", *arguments, environment=environment(folder))
    assert done.returncode == code, done.stdout[-6000:]
    return done.stdout


def plan(folder: Path, *arguments: str, config: str = CONFIG) -> set[Job]:
    """The jobs that Snakemake would run, targets of files alone left out."""
    plan = snakemake(folder, "-n", *arguments, config=config)
    jobs = set()
    for block in re.findall(r"^rule (\w+):\n((?:    .*\n)*)", plan, re.MULTILINE):
        facts = dict(re.findall(r"^    (\w+): (.*)$", block[1], re.MULTILINE))
        if "output" in facts:
            wildcards = tuple(tuple(item.split("=", 1)) for item in facts.get("wildcards", "").split(", ") if item)
            files = [tuple(facts.get(kind, "").split(", ")) for kind in ("input", "output")]
            jobs.add(Job(block[0], wildcards, *files))
    return jobs


def copy_workflow(folder: Path) -> None:
    """Copy the code, the workflow and its files into a folder."""
    for name in PARTS:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("*.egg-info"))
        else:
            shutil.copy(source, folder / name)


def _make(folder: Path) -> None:
    folder.mkdir()
    copy_workflow(folder)
    write_tiny_llama(folder / "models/llama", positions=4096)
    (folder / "models/llama/chat_template.jinja").write_text("{% for m in messages %}{{ m.content }}\n{% endfor %}")
    tiny_encoder(folder / "models/bert", positions=160)
    (folder / "models/bert/notes.txt").write_bytes(random.Random(1).randbytes(2_000_000))
    write_study(folder, study())
    jobs = frozenset(plan(folder))
    (folder / "said.txt").write_text(snakemake(folder), encoding="utf-8")
    folder.with_suffix(".jobs").write_bytes(pickle.dumps(jobs))


def finished(base: Path) -> tuple[Path, frozenset[Job]]:
    """The checkout in which the study has been run once a session, and all its jobs; to be copied, not changed."""
    folder = once(base, "tiny", _make)
    return folder, pickle.loads(folder.with_suffix(".jobs").read_bytes())


def copy(source: Path, target: Path) -> Path:
    """A copy of a checkout with its results, times included."""
    subprocess.run(["cp", "-a", source, target], check=True)  # copytree takes four times as long
    return target


def below(jobs: frozenset[Job], seeds: set[Job]) -> set[Job]:
    """Some jobs and all that rest on them."""
    reached = set(seeds)
    while True:
        made = [output for job in reached for output in job.outputs]
        more = {job for job in jobs - reached if any(path in made for path in job.inputs)}
        if not more:
            return reached
        reached |= more
