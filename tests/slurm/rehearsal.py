"""The paper's study in small: its own config, with tiny random models, sample corpora and a chat server on loopback.

Every run, table, figure and analysis of config/config.yaml stays. Replaced are the models, each by a random one of the
same architecture and kind of tokenizer, the corpora, each by a sample in the same format, and the number of steps.
4-bit weights need CUDA, so QLoRA is rehearsed as LoRA, here alone. On a SLURM of its own, or with `--local` without:

    python tests/slurm/rehearsal.py FOLDER [--reduced] [--local]
"""

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path += [str(ROOT / "tests" / part) for part in ("", "models", "models/chat", "slurm")]

from cluster import running  # noqa: E402
from tiny_encoder import tiny_encoder  # noqa: E402
from tiny_llama import write_qwen3, write_sentencepiece, write_tiny_llama  # noqa: E402

KEY = "rehearsal"
STUBBED = "4-bit weights are not rehearsed: they need CUDA, so the QLoRA run is tuned with LoRA here"
NODE_MB = 256_000
"""Main memory that the nodes of the rehearsal's SLURM claim to have."""
_TYPES = {"disease": "Disease", "chemical": "Chemical", "gene": "Gene"}
_GPU_RULES = {"train": 4, "predict": 1, "write_candidates": 1, "similar_few_shot": 1}


def paper() -> dict[str, Any]:
    """The paper's study, without shared parts."""
    study: dict[str, Any] = json.loads(json.dumps(yaml.safe_load((ROOT / "config/config.yaml").read_text())))
    return study


def overlay(study: dict[str, Any], port: int, reduced: bool) -> dict[str, Any]:
    """Return a study in small.

    Args:
        study: The study, which is changed.
        port: Port of the chat server on 127.0.0.1.
        reduced: One seed, one grid point, and a single process for most trainings.
    """
    for corpus in study["corpora"].values():
        for variant in ("tokenized", "raw"):
            if variant in corpus:
                corpus[variant] = _sample(corpus[variant], corpus["entity"])
        corpus["sample"] = {"train": 24, "dev": 6, "test": 3}
    for name, model in study["models"].items():
        if model["source"] == "api":
            if "retired" not in model:
                model |= {
                    "base_url": f"http://127.0.0.1:{port}/v1",
                    "key_env": "REHEARSAL_KEY",
                    "provider": "rehearsal",
                }
            continue
        hardware = model["hardware"] | {"device": "cpu"}
        if reduced and name != "llama1-7b" and "processes" in hardware:
            hardware["processes"] = 1
        study["models"][name] = {"source": "folder", "path": f"models/{name}", "hardware": hardware}
    for run in study["runs"].values():
        if "training" in run:
            run["training"] |= {"epochs": 1, "batch_size": 16, "device_batch_size": 4}
            if run["training"].get("method") == "qlora":
                run["training"]["method"] = "lora"
        if run["system"] == "encoder":
            run["epochs"] = 1
        if reduced:
            run.pop("seeds", None)
            if run["system"] == "encoder":
                run["grid"] = {axis: values[:1] for axis, values in run["grid"].items()}
    for written in study["self_instruct"].values():
        written |= {"seed_sentences": 12, "writing": {"candidates": 4, "max_tokens": 24}}
    study["scoring"]["resamples"], study["significance"]["permutations"] = 100, 1000
    return study


def _sample(source: dict[str, Any], entity: str) -> dict[str, Any]:
    """Files of the sample corpus in the format of a corpus' own, for the same splits."""
    form, changed = source["format"], {"format": source["format"]}
    for split in ("train", "dev", "test"):
        if split in source:
            files = ["GENE.eval", "ALTGENE.eval"]
            changed[split] = {
                "iob": f"resources/sample/iob/{entity}/{split}.tsv",
                "pubtator": f"resources/sample/pubtator/{split}.PubTator",
                "bioc-xml": f"resources/sample/bioc/{split}.xml",
                "bc2gm": {"files": [f"resources/sample/bc2gm/{split}/{name}" for name in (f"{split}.in", *files)]},
            }[form]
    if form in ("pubtator", "bioc-xml"):
        changed["types"] = [_TYPES[entity]]
    return changed | {key: source[key] for key in ("tokenize", "types") if key in source and key not in changed}


def make_rehearsal(folder: Path, port: int, reduced: bool) -> None:
    """Make a checkout with the study in small, its models, and the profile as a site would adapt it."""
    folder.mkdir(parents=True)
    for name in ("Snakefile", "workflow", "resources", "envs", "src"):
        (folder / name).symlink_to(ROOT / name)
    (folder / "config").mkdir()
    study = overlay(paper(), port, reduced)
    (folder / "config/config.yaml").write_text(yaml.safe_dump(study, sort_keys=False), encoding="utf-8")
    profile = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text(encoding="utf-8"))
    profile |= {"slurm-init-seconds-before-status-checks": 4, "latency-wait": 20}
    # The models compute on CPUs, in jobs that hold the GPUs: SLURM gets the request that it would get on a cluster.
    for rule, gpus in _GPU_RULES.items():
        profile["set-resources"][rule] = profile["set-resources"][rule] | {"gpu": gpus, "cpus_per_task": 4}
    (folder / "profiles/slurm").mkdir(parents=True)
    (folder / "profiles/slurm/config.yaml").write_text(yaml.safe_dump(profile), encoding="utf-8")
    (folder / "slurm").symlink_to("profiles/slurm")
    for seed, name in enumerate(("llama1-7b", "llama2-7b", "pmc-llama-13b")):
        write_sentencepiece(write_tiny_llama(folder / "models" / name, seed, positions=4096))
    write_tiny_llama(folder / "models/llama3.1-8b", 3, positions=4096)
    write_qwen3(folder / "models/qwen3-8b")
    tiny_encoder(folder / "models/pubmedbert", positions=520)


@contextmanager
def chat_server() -> Iterator[int]:
    """The tests' chat server, without faults; gives its port."""
    command = [sys.executable, str(ROOT / "tests/models/chat/fault_server.py"), "--key", KEY]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


def rehearse(folder: Path, reduced: bool, *options: str) -> int:
    """Make a rehearsal and run it by Snakemake with some options. Returns Snakemake's exit code."""
    print(STUBBED, flush=True)
    own = {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "REHEARSAL_KEY": KEY, "PYTHONPATH": str(ROOT / "src")}
    with chat_server() as port:
        make_rehearsal(folder, port, reduced)
        command = [sys.executable, "-m", "snakemake", *options]
        return subprocess.run(command, cwd=folder, env=os.environ | own, check=False).returncode


def main() -> int:
    """Run a rehearsal in a new folder. Returns Snakemake's exit code."""
    parser = argparse.ArgumentParser(description="Rehearse the paper's study in small.")
    parser.add_argument("folder", type=Path, help="new folder for the rehearsal")
    parser.add_argument("--reduced", action="store_true", help="one seed and one grid point of each run")
    parser.add_argument("--local", action="store_true", help="on this machine, without SLURM")
    parser.add_argument("targets", nargs="*", help="parts of the study; by default all")
    options = parser.parse_args()
    folder = options.folder.resolve()
    if options.local:
        return rehearse(folder, options.reduced, "--cores", "2", "--keep-going", *options.targets)
    with running(folder.with_name(f"{folder.name}-slurm"), NODE_MB):
        return rehearse(folder, options.reduced, "--profile", "slurm", *options.targets)


if __name__ == "__main__":
    sys.exit(main())
