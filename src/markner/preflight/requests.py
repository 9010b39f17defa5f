"""The requests of a study's jobs to a cluster, from the models' `hardware` and from the profile."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from markner.preflight.cluster import Nodes, Request
from markner.preflight.gpu_memory import fetched_weights
from markner.preflight.hours import MINUTES_AN_ENCODER_POINT, prediction_hours, training_hours
from markner.study.grid import grid_jobs
from markner.study.queries import hardware_of, training_nodes, training_processes
from markner.study.schema.chat_runs import ApiModel
from markner.study.schema.study import Study
from markner.study.schema.systems import EncoderRun, GenerativeRun, Hardware, TaggerRun

MINUTES_A_POINT = 20
"""Time that the rule `train_encoder` asks for, for each point that a job trains. A BERT-base point of the paper's grid
takes 4 to 6 minutes on a GPU by estimate; this leaves room for slower ones and for reading the data."""
_ENCODER_MB = 8000
"""Memory that the rule `train_encoder` asks for."""


def annotation_resources(study: Study, annotation: str) -> dict[str, int | str]:
    """Return the resources of an annotation's job. All its models are in memory at the same time."""
    models = [hardware_of(study, item.run) for item in study.annotations[annotation].runs]
    devices = {each.device for each in models}
    return {
        "gpu": max(each.gpus for each in models),
        "device": next(device for device in ("gpu", "any", "cpu") if device in devices),
        "mem_mb": max(8000, sum(each.predict_memory_mb for each in models)),
        "runtime": 240,
    }


def requests(study: Study, profile: Mapping[str, Any]) -> Iterator[Request]:
    """Yield the requests of all jobs that take long, one for each part of the study and rule."""
    for name, settings in study.self_instruct.items():
        model = study.models[settings.model]
        if not isinstance(model, ApiModel):
            yield _request(profile, f"self_instruct.{name}", "write_candidates", 1, _prediction(model.hardware))
    for name, run in study.live_runs().items():
        part, seeds = f"runs.{name}", len(run.seeds)
        if isinstance(run, EncoderRun):
            jobs = grid_jobs(run.grid, run.grid_batching)
            minutes = max(map(len, jobs.values())) * MINUTES_A_POINT
            grid = {"gpu": hardware_of(study, name).gpus, "mem_mb": _ENCODER_MB, "runtime": minutes}
            asked = _request(profile, part, "train_encoder", seeds * len(jobs), grid)
            count = sum(map(len, jobs.values()))
            yield replace(asked, expected_hours=seeds * count * MINUTES_AN_ENCODER_POINT / 60)
        elif isinstance(run, GenerativeRun):
            hardware = hardware_of(study, name)
            if run.mixture:
                nodes = training_nodes(study, name)
                training = {
                    "nodes": nodes,
                    "gpu": hardware.gpus * training_processes(study, name) // nodes,
                    "mem_mb": hardware.memory_mb,
                    "runtime": hardware.train_minutes,
                }
                asked = _request(profile, part, "train_on_nodes" if nodes > 1 else "train", seeds, training)
                yield replace(asked, expected_hours=_times(seeds, training_hours(study, name)))
            asked = _request(profile, part, "predict", seeds * len(run.evaluate), _prediction(hardware))
            yield replace(asked, expected_hours=_times(seeds, prediction_hours(study, name)))
    for name, annotation in study.annotations.items():
        resources = annotation_resources(study, name)
        yield _request(profile, f"annotations.{name}", "annotate", annotation.shards, resources)


OTHER_RULES = {
    "weights": {"cpus_per_task": 2, "mem_mb": 8000, "runtime": 120},
    "predict_encoder": {"mem_mb": 4000, "runtime": 60},
    "train_final_encoder": {"mem_mb": 8000, "runtime": 120},
    "predict_final_encoder": {"mem_mb": 4000, "runtime": 60},
    "predict_tagger": {"mem_mb": 4000, "runtime": 60},
    "gather_annotation": {"mem_mb": 4000, "runtime": 240},
}
"""The resources of rules whose jobs are short and that ask for more than a small job does."""


def other_requests(study: Study, profile: Mapping[str, Any]) -> Iterator[Request]:
    """Yield the requests of the jobs that are not in `requests`; of small ones, only their partition counts."""
    small = {"gpu": 0, "mem_mb": 0, "runtime": 0}
    yield _request(profile, "default-resources", "(all others)", 1, small)
    for name, model in study.models.items():
        if not isinstance(model, ApiModel) and fetched_weights(study, name) is None:
            yield _request(profile, f"models.{name}", "weights", 1, small | OTHER_RULES["weights"])
    for name, run in study.live_runs().items():
        rules = ["predict_tagger"] if isinstance(run, TaggerRun) else []
        if isinstance(run, EncoderRun):
            rules = ["predict_encoder", *(["train_final_encoder", "predict_final_encoder"] if run.final else [])]
        for rule in rules:
            resources = OTHER_RULES[rule] | {"gpu": hardware_of(study, name).gpus}
            yield _request(profile, f"runs.{name}", rule, len(run.seeds), resources)
    for name in study.annotations:
        asked = small | OTHER_RULES["gather_annotation"]
        yield _request(profile, f"annotations.{name}", "gather_annotation", 1, asked)


def _times(count: int, hours: float | None) -> float | None:
    return None if hours is None else count * hours


def _prediction(hardware: Hardware) -> dict[str, int]:
    """Return the resources of a job that loads one model and predicts."""
    return {"gpu": hardware.gpus, "mem_mb": hardware.predict_memory_mb, "runtime": hardware.predict_minutes}


def _request(profile: Mapping[str, Any], part: str, rule: str, jobs: int, computed: Mapping[str, Any]) -> Request:
    """Return a request. As for Snakemake, the profile's `set-resources` come before the values of the rule."""
    default = profile.get("default-resources", {})
    values = {key: default[key] for key in ("slurm_partition", "cpus_per_task") if key in default}
    values |= profile.get("set-resources", {}).get(rule, {})
    asked = {"nodes": 1, "cpus_per_task": 1, **computed}
    asked |= {key: values[key] for key in asked if isinstance(values.get(key), int)}
    # A job on several nodes asks for the GPUs of each: `gpu:4` or `gpu:h100:4`.
    each = re.fullmatch(r"gpu(?::[^:]+)?:(\d+)", str(values.get("gres", "")))
    if each:
        asked["gpu"] = int(each[1])
    nodes = Nodes(asked["nodes"], asked["gpu"], asked["mem_mb"], asked["cpus_per_task"])
    return Request(part, rule, jobs, values.get("slurm_partition"), nodes, asked["runtime"])
