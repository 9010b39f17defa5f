"""A checkout with a study so small that all of it runs on a SLURM of one machine in a few minutes."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import yaml
from conftest import ROOT

sys.path.append(str(ROOT / "tests" / "models"))

from tiny_llama import write_tiny_llama

from profiles import write_profiles

_TRAINING = {"epochs": 4, "learning_rate": 1.0e-3, "batch_size": 8, "device_batch_size": 2, "batching": "prefix"}


def study() -> dict[str, Any]:
    """One model tuned by four processes on a node, and the same by two processes on each of two nodes."""
    run = {"system": "generative", "mixture": "disease", "training": _TRAINING | {"precision": "fp32"}}
    decoding = {"decoding": {"precision": "fp32", "max_new_tokens_margin": 4}, "evaluate": ["sample_disease"]}
    tiny = {"source": "folder", "path": "tiny"}
    source = {"format": "iob"} | {
        split: f"resources/sample/iob/disease/{split}.tsv" for split in ("train", "dev", "test")
    }
    corpus = {
        "entity": "disease",
        "variant": "tokenized",
        "tokenized": source,
        "sample": {"train": 80, "dev": 4, "test": 4},
    }
    rows = [{"label": "one node", "runs": ["node"]}, {"label": "two nodes", "runs": ["nodes"]}]
    return {
        "study": "tiny",
        "corpora": {"sample_disease": corpus},
        "mixtures": {"disease": {"corpora": ["sample_disease"]}},
        "models": {
            "tiny-node": tiny | {"hardware": {"processes": 4, "device": "cpu", "memory_gb": 4}},
            "tiny-nodes": tiny | {"hardware": {"processes": 4, "nodes": 2, "device": "cpu", "memory_gb": 4}},
        },
        "runs": {"node": run | decoding | {"model": "tiny-node"}, "nodes": run | decoding | {"model": "tiny-nodes"}},
        "scoring": {"resamples": 100},
        "significance": {"permutations": 1000},
        "tables": {"table1": {"title": "Tiny", "corpora": ["sample_disease"], "rows": rows}},
    }


def study_on_one_node(**hardware: Any) -> dict[str, Any]:
    """The same study without the run on two nodes; `hardware` changes that of the other run's model."""
    content = study()
    del content["models"]["tiny-nodes"], content["runs"]["nodes"], content["tables"]["table1"]["rows"][1]
    content["models"]["tiny-node"]["hardware"] |= hardware
    return content


def make_checkout(folder: Path, content: dict[str, Any] | None = None) -> Path:
    """A checkout with a study as `config/config.yaml` and the profile adapted to this SLURM, as a site would.

    Args:
        folder: The checkout.
        content: The study, by default `study`.
    """
    for name in ("Snakefile", "workflow", "resources", "envs", "src"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "config").mkdir()
    (folder / "config" / "config.yaml").write_text(
        yaml.safe_dump(content or study(), sort_keys=False), encoding="utf-8"
    )
    profile = yaml.safe_load((ROOT / "profiles" / "slurm" / "config.yaml").read_text(encoding="utf-8"))
    profile |= {"slurm-init-seconds-before-status-checks": 4, "latency-wait": 10}
    # The model trains on CPUs, but in a job that has the GPUs: sbatch gets the request that it would get on a cluster.
    sets = profile["set-resources"]
    sets["train"] = sets["train"] | {"gpu": 4, "cpus_per_task": 4}
    sets["train_on_nodes"] = sets["train_on_nodes"] | {"gres": "gpu:2", "cpus_per_task": 2}
    write_profiles(folder, profile)
    write_tiny_llama(folder / "tiny")
    return folder


def start(checkout: Path, *arguments: str) -> subprocess.Popen[str]:
    """Type `snakemake --profile slurm` at the top of a checkout; what it says goes to `said.txt`."""
    command = [sys.executable, str(ROOT / "tests/slurm/prompt_snakemake.py"), "--profile", "slurm", *arguments]
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1"}
    with (checkout / "said.txt").open("a", encoding="utf-8") as said:
        return subprocess.Popen(
            command, cwd=checkout, stdout=said, stderr=subprocess.STDOUT, text=True, env=environment
        )
