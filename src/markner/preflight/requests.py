"""What the jobs of a study ask of a cluster: from the models' `hardware`, and from the profile."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml

from markner.errors import MarknerError
from markner.preflight.cluster import Request
from markner.study.grid import grid_jobs
from markner.study.queries import hardware_of, training_nodes, training_processes
from markner.study.schema.study import Study
from markner.study.schema.systems import EncoderRun, GenerativeRun

MINUTES_A_POINT = 20
"""Time that the rule `train_encoder` asks for, for each point that a job trains. A BERT-base point of the paper's grid
takes 4 to 6 minutes on a GPU by estimate; this leaves room for slower ones and for reading the data."""
_ENCODER = {"gpu": 1, "mem_mb": 8000}
"""What the rule `train_encoder` asks for where the profile does not say otherwise."""


def read_profile(path: Path | None) -> Mapping[str, Any]:
    """The settings of a profile of Snakemake, a folder or the file in it; none without one."""
    if path is None:
        return {}
    path = path / "config.yaml" if path.is_dir() else path
    if not path.is_file():
        raise MarknerError(f"{path}: there is no such profile", "name the profile's folder or its config.yaml")
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except yaml.YAMLError as error:
        raise MarknerError(f"{path}: {error}", "correct the profile") from error
    return content if isinstance(content, dict) else {}


def requests(study: Study, profile: Mapping[str, Any]) -> Iterator[Request]:
    """The requests of all jobs that take long, one for each run and rule."""
    for name, run in study.live_runs().items():
        if isinstance(run, EncoderRun):
            points = max(map(len, grid_jobs(run.grid, run.grid_batching).values()))
            minutes = points * MINUTES_A_POINT
            yield _request(profile, name, "train_encoder", {**_ENCODER, "runtime": minutes})
        elif isinstance(run, GenerativeRun):
            hardware = hardware_of(study, name)
            nodes = training_nodes(study, name) if run.mixture else 1
            gpus = hardware.gpus * training_processes(study, name) // nodes
            if run.mixture:
                rule = "train_on_nodes" if nodes > 1 else "train"
                training = {"nodes": nodes, "gpu": gpus, "mem_mb": hardware.memory_mb}
                yield _request(profile, name, rule, training | {"runtime": hardware.train_minutes})
            prediction = {"gpu": hardware.gpus, "mem_mb": hardware.predict_memory_mb}
            yield _request(profile, name, "predict", prediction | {"runtime": hardware.predict_minutes})


def _profile_values(profile: Mapping[str, Any], rule: str) -> dict[str, Any]:
    """What a profile says of a rule; its defaults hold only for what the rule itself does not name."""
    default = profile.get("default-resources") or {}
    named = {key: default[key] for key in ("slurm_partition", "cpus_per_task") if key in default}
    return named | ((profile.get("set-resources") or {}).get(rule) or {})


def _request(profile: Mapping[str, Any], run: str, rule: str, reckoned: Mapping[str, int]) -> Request:
    """A request, in which the profile's `set-resources` stand over what the rule reckons, as they do for Snakemake."""
    values = _profile_values(profile, rule)
    asked = {"nodes": 1, "cpus_per_task": 1, **reckoned}
    asked |= {key: values[key] for key in asked if isinstance(values.get(key), int)}
    # A job on several nodes asks for the GPUs of each: `gpu:4` or `gpu:h100:4`.
    each = re.fullmatch(r"gpu(?::[^:]+)?:(\d+)", str(values.get("gres", "")))
    if each:
        asked["gpu"] = int(each[1])
    return Request(
        what=f"runs.{run}, rule {rule}",
        partition=values.get("slurm_partition"),
        nodes=asked["nodes"],
        gpus=asked["gpu"],
        memory_mb=asked["mem_mb"],
        cores=asked["cpus_per_task"],
        minutes=asked["runtime"],
    )
