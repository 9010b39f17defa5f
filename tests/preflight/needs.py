"""What the jobs of a study need, computed from the published sizes of its models, and where a request is below it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

from transformers import BertConfig, LlamaConfig, PretrainedConfig, Qwen3Config

from markner.models.causal.memory import Shape, activation_bytes, prediction_bytes, training_bytes
from markner.preflight.hours import decoding_hours, sentences, training_hours
from markner.study.queries import hardware_of, training_processes
from markner.study.schema.study import Study
from markner.study.schema.systems import GenerativeRun

GPU_GB = 80
TRAININGS = {"train", "train_on_nodes"}
ENCODERS = {"train_encoder", "predict_encoder", "train_final_encoder", "predict_final_encoder", "predict_tagger"}
GPU_RULES = {*TRAININGS, *ENCODERS, "predict", "write_candidates", "annotate", "similar_few_shot"}
"""Rules whose jobs compute with a model."""
PROCESS_GB = 3
"""Python with torch and CUDA."""
_LLAMA = {"num_attention_heads": 32, "num_hidden_layers": 32, "hidden_size": 4096}
CONFIGS: dict[str, PretrainedConfig] = {
    "llama1-7b": LlamaConfig(**_LLAMA, intermediate_size=11008, vocab_size=32000),
    "llama2-7b": LlamaConfig(**_LLAMA, intermediate_size=11008, vocab_size=32000),
    "pmc-llama-13b": LlamaConfig(
        num_attention_heads=40, num_hidden_layers=40, hidden_size=5120, intermediate_size=13824, vocab_size=32001
    ),
    "llama3.1-8b": LlamaConfig(**_LLAMA, num_key_value_heads=8, intermediate_size=14336, vocab_size=128256),
    "qwen3-8b": Qwen3Config(
        num_attention_heads=32,
        num_key_value_heads=8,
        num_hidden_layers=36,
        hidden_size=4096,
        head_dim=128,
        intermediate_size=12288,
        vocab_size=151936,
        tie_word_embeddings=False,
    ),
    "pubmedbert": BertConfig(vocab_size=30522),
}
"""The published sizes of the paper's models."""


@cache
def shape(model: str) -> Shape:
    """Sizes of a model, without its weights."""
    return Shape.of_config(CONFIGS[model])


@dataclass(frozen=True)
class Job:
    """A planned or submitted job: its rule, wildcards, and what it asks for, in the names of the rules' resources."""

    rule: str
    wildcards: dict[str, str]
    asked: dict[str, str]

    def number(self, name: str) -> int:
        return int(self.asked.get(name, 0))

    def models(self, study: Study) -> list[str]:
        """The models that the job loads."""
        if self.rule == "write_candidates":
            return [study.self_instruct[self.wildcards["set"]].model]
        if self.rule == "annotate":
            runs = [each.run for each in study.annotations[self.wildcards["annotation"]].runs]
        else:
            runs = [self.wildcards["run"]]
        key = "embedding" if self.rule == "similar_few_shot" else "model"
        return list(dict.fromkeys(str(getattr(study.runs[run], key)) for run in runs))


def read_plan(text: str) -> Iterator[Job]:
    """Yield the jobs of a dry run."""
    for rule, block in re.findall(r"^ *(?:local)?rule (\w+):\n((?: +\w+: .*\n)+)", text, re.MULTILINE):
        facts = dict(re.findall(r"^ +(\w+): (.*)$", block, re.MULTILINE))
        pairs = [dict(re.findall(r"(\w+)=([^,]*)", facts.get(key, ""))) for key in ("wildcards", "resources")]
        yield Job(rule, pairs[0], pairs[1] | {"threads": facts.get("threads", "1")})


def gpus(job: Job, study: Study) -> int:
    """GPUs that the job computes on."""
    if job.rule in TRAININGS:
        run = job.wildcards["run"]
        return training_processes(study, run) // (hardware_of(study, run).nodes if job.rule != "train" else 1)
    return int(job.rule in GPU_RULES)


def host_gb(job: Job, study: Study) -> float:
    """Main memory that a job with a model needs, in GB.

    A training's first process reads the weights in float32, and at the end puts the tuned ones together beside a fresh
    copy. Other jobs read the files, which may be float32, and hold 16-bit weights; an encoder's are float32, and its
    training holds gradients and moments beside them where there is no GPU.
    """
    if job.rule not in GPU_RULES:
        return 0.5
    billions = sum(shape(model).parameters for model in job.models(study)) / 1e9
    if job.rule in TRAININGS:
        return PROCESS_GB * gpus(job, study) + billions * 8
    if job.rule in ENCODERS or job.rule == "similar_few_shot":
        return PROCESS_GB + billions * (16 if job.rule.startswith("train") else 4)
    return PROCESS_GB + billions * (2 + 2)


def gpu_gb(job: Job, study: Study) -> float:
    """Memory that a job needs on each of its GPUs, in GB."""
    if job.rule not in GPU_RULES:
        return 0
    sizes = [shape(model) for model in job.models(study)]
    run = study.runs.get(job.wildcards.get("run", ""))
    if isinstance(run, GenerativeRun) and job.rule in TRAININGS:
        processes = training_processes(study, job.wildcards["run"])
        held = training_bytes(sizes[0].parameters, run.training, processes)
        return (held + activation_bytes(sizes[0], run.training, processes)) / 1e9
    if isinstance(run, GenerativeRun) and job.rule == "predict":
        return prediction_bytes(sizes[0], run.decoding, 1024) / 1e9
    parameters = sum(size.parameters for size in sizes)
    return (16 if job.rule in ENCODERS else 4) * parameters / 1e9


def hours(job: Job, study: Study) -> float:
    """Wall-clock hours that a job is expected to take."""
    name = job.wildcards.get("run", "")
    if job.rule in TRAININGS:
        return (training_hours(study, name) or 0) / training_processes(study, name)
    run = study.runs.get(name)
    if job.rule == "predict" and isinstance(run, GenerativeRun):
        texts = sentences(study, job.wildcards["corpus"], "test") or 0
        return decoding_hours(shape(run.model).parameters / 1e9, run.decoding, texts)
    return 0


def shortfalls(job: Job, study: Study) -> list[str]:
    """Where the request of a job is below its need, or holds a GPU that it does not use.

    Args:
        job: A job of the study, with `gpu`, `mem_mb`, `runtime` and `slurm_partition` among what it asks for.
        study: The study with its real models and corpora.
    """
    needed, memory, held, expected = gpus(job, study), host_gb(job, study), gpu_gb(job, study), hours(job, study)
    partition = "gpu" if needed else "cpu"
    checks = {
        f"{needed} GPUs needed, {job.number('gpu')} asked for": job.number("gpu") == needed,
        f"partition {partition} needed": job.asked.get("slurm_partition") == partition,
        f"{memory:.1f} GB of memory needed, {job.number('mem_mb')} MB asked for": job.number("mem_mb") >= 1000 * memory,
        f"{held:.1f} GB needed on a GPU of {GPU_GB} GB": held <= 0.9 * GPU_GB,
        f"{expected:.2f} hours expected, {job.number('runtime')} minutes asked for": job.number("runtime")
        >= 3 * 60 * expected,
    }
    return [text for text, holds in checks.items() if not holds]
