"""The paper's study in small: its own config, with tiny random models, sample corpora and a chat server on loopback.

Every run, table, figure and analysis of config/config.yaml stays; `--reduced` takes one run of every kind. Replaced are
the models, each by a random one of the same architecture and kind of tokenizer, the corpora, each by a sample in the
same format, and the number of steps. The models' `hardware` stays, so each job asks SLURM for what its real model
needs, and it is held against that; but it computes on the CPU. 4-bit weights need CUDA, so QLoRA is rehearsed as LoRA,
here alone. On a SLURM of its own, or with `--local` without; a rehearsal that was interrupted goes on in its folder:

    python tests/slurm/rehearsal.py FOLDER [--reduced] [--local] [--jobs N]
"""

import argparse
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

ROOT = Path(__file__).resolve().parents[2]
sys.path += [str(ROOT / "tests" / part) for part in ("", "models", "models/chat", "preflight", "slurm")]

from cluster import running  # noqa: E402
from needs import GPU_RULES  # noqa: E402
from paper_study import one_of_each_kind, paper  # noqa: E402
from submitted import Watch, report  # noqa: E402
from tiny_encoder import tiny_encoder  # noqa: E402
from tiny_llama import write_qwen3, write_sentencepiece, write_tiny_llama  # noqa: E402

from markner.study.loading import load_study  # noqa: E402
from profiles import write_profiles  # noqa: E402

KEY = "rehearsal"
STUBBED = "4-bit weights are not rehearsed: they need CUDA, so the QLoRA run is tuned with LoRA here, on 4 GPUs, not 1"
NODE_MB, NODE_CORES = 512_000, 64
"""Main memory and cores that the nodes with GPUs of the rehearsal's SLURM claim to have."""
_TYPES = {"disease": "Disease", "chemical": "Chemical", "gene": "Gene"}


def overlay(study: dict[str, Any], port: int) -> dict[str, Any]:
    """Return a study in small.

    Args:
        study: The study, which is changed.
        port: Port of the chat server on 127.0.0.1.
    """
    for corpus in study["corpora"].values():
        for variant in ("tokenized", "raw"):
            if variant in corpus:
                corpus[variant] = _sample(corpus[variant], corpus["entity"])
        corpus["sample"] = {"train": 24, "dev": 6, "test": 3}
    for name, model in study["models"].items():
        if model["source"] != "api":
            study["models"][name] = {"source": "folder", "path": f"models/{name}", "hardware": model["hardware"]}
        elif "retired" not in model:
            model |= {"base_url": f"http://127.0.0.1:{port}/v1", "key_env": "REHEARSAL_KEY", "provider": "rehearsal"}
    for run in study["runs"].values():
        if "training" in run:
            run["training"] = run["training"] | {"epochs": 1, "batch_size": 16, "device_batch_size": 4}
        if run["system"] == "encoder":
            run["epochs"] = 1
    for annotation in study.get("annotations", {}).values():
        annotation["files"] = ["abstract.PubTator"]
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
    abstracts = (ROOT / "resources/sample/pubtator/test.PubTator").read_text(encoding="utf-8")
    first = abstracts.partition("\n\n")[0]
    (folder / "abstract.PubTator").write_text(f"{first}\n\n", encoding="utf-8")
    study = overlay(real_study(reduced), port)
    (folder / "config/config.yaml").write_text(yaml.safe_dump(study, sort_keys=False), encoding="utf-8")
    profile = yaml.safe_load((ROOT / "profiles/slurm/config.yaml").read_text(encoding="utf-8"))
    profile |= {"slurm-init-seconds-before-status-checks": 4, "latency-wait": 20}
    for rule in GPU_RULES:
        profile["set-resources"][rule] = profile["set-resources"][rule] | {"device": "cpu"}
    if reduced:  # The job asks for four GPUs as ever.
        profile["set-resources"]["train"]["processes"] = "4 if wildcards.run == 'bioner-llama1' else 1"
    write_profiles(folder, profile)
    for seed, name in enumerate(("llama1-7b", "llama2-7b", "pmc-llama-13b")):
        write_sentencepiece(write_tiny_llama(folder / "models" / name, seed, positions=4096))
    write_tiny_llama(folder / "models/llama3.1-8b", 3, positions=4096)
    write_qwen3(folder / "models/qwen3-8b")
    tiny_encoder(folder / "models/pubmedbert", positions=520)


def real_study(reduced: bool) -> dict[str, Any]:
    """Return the study that is rehearsed, with its real models and corpora, and LoRA in place of QLoRA."""
    study = one_of_each_kind(paper()) if reduced else paper()
    for run in study["runs"].values():
        if run.get("training", {}).get("method") == "qlora":
            run["training"] = run["training"] | {"method": "lora"}
    return study


def chat_port(folder: Path) -> int:
    """Return the port of the chat server in the study of a rehearsal; 0, which is any, if there is none yet."""
    config = folder / "config/config.yaml"
    study = yaml.safe_load(config.read_text(encoding="utf-8")) if config.exists() else {"models": {}}
    addresses = [model["base_url"] for model in study["models"].values() if "base_url" in model]
    return urlsplit(addresses[0]).port or 0 if addresses else 0


@contextmanager
def chat_server(port: int) -> Iterator[int]:
    """The tests' chat server, without faults, on a port, or on any if it is 0; gives its port."""
    command = [sys.executable, str(ROOT / "tests/models/chat/fault_server.py"), "--key", KEY, "--port", str(port)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        try:
            yield int(process.stdout.readline())
        finally:
            process.terminate()


def rehearse(folder: Path, reduced: bool, *options: str) -> int:
    """Run a rehearsal by Snakemake with some options; it is made if it is new. Returns Snakemake's exit code."""
    print(STUBBED, flush=True)
    own = {"HF_HUB_OFFLINE": "1", "OMP_NUM_THREADS": "1", "REHEARSAL_KEY": KEY, "PYTHONPATH": str(ROOT / "src")}
    with chat_server(chat_port(folder)) as port:
        if not folder.exists():
            make_rehearsal(folder, port, reduced)
        command = [sys.executable, str(ROOT / "tests/slurm/prompt_snakemake.py"), *options]
        return subprocess.run(command, cwd=folder, env=os.environ | own, check=False).returncode


def rehearse_on_slurm(folder: Path, reduced: bool, *options: str) -> int:
    """Run a rehearsal on a SLURM of its own, and print what its jobs asked for. Returns an exit code.

    It is 0 if Snakemake's is and no job asked for less than its real model needs.
    """
    began, noted = time.monotonic(), folder.with_name(f"{folder.name}-jobs.json")
    with running(folder.with_name(f"{folder.name}-slurm"), NODE_MB, NODE_CORES), Watch(noted):
        code = rehearse(folder, reduced, "--profile", "slurm", *options)
    table, faults = report(noted, load_study(real_study(reduced)))
    print(table, f"{(time.monotonic() - began) / 60:.0f} minutes; Snakemake ended with {code}", *faults, sep="\n")
    return code or int(bool(faults))


def main() -> int:
    """Run a rehearsal, or go on with one. Returns an exit code."""
    parser = argparse.ArgumentParser(description="Rehearse the paper's study in small.")
    parser.add_argument("folder", type=Path, help="a new folder, or that of a rehearsal that was interrupted")
    parser.add_argument("--reduced", action="store_true", help="one run of every kind")
    parser.add_argument("--local", action="store_true", help="on this machine, without SLURM")
    parser.add_argument("--jobs", default="4", help="jobs at once under SLURM")
    parser.add_argument("targets", nargs="*", help="parts of the study; by default all")
    options = parser.parse_args()
    folder = options.folder.resolve()
    if options.local:
        profile = ["--set-resources", *(f"{rule}:device=cpu" for rule in sorted(GPU_RULES))]
        return rehearse(folder, options.reduced, "--cores", "2", "--keep-going", *options.targets, *profile)
    return rehearse_on_slurm(folder, options.reduced, "--jobs", options.jobs, *options.targets)


if __name__ == "__main__":
    sys.exit(main())
