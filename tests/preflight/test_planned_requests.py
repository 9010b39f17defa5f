"""What each planned job of the paper's study asks SLURM for, held against what its real model needs."""

import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import pytest
from conftest import ROOT
from transformers import BertConfig, LlamaConfig, PretrainedConfig, Qwen3Config

from markner.models.causal.memory import Shape, activation_bytes, prediction_bytes, training_bytes
from markner.preflight.hours import decoding_hours, sentences, training_hours
from markner.study.loading import load_study_file
from markner.study.queries import training_processes
from markner.study.schema.chat_runs import ApiModel
from markner.study.schema.systems import GenerativeRun

pytestmark = pytest.mark.models

PAPER = load_study_file(ROOT / "config" / "config.yaml")
GPU_GB = 80
GPU_RULES = {
    "train",
    "train_on_nodes",
    "predict",
    "write_candidates",
    "annotate",
    "train_encoder",
    "predict_encoder",
    "similar_few_shot",
}
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
"""The published sizes of the study's models."""


@cache
def shape(model: str) -> Shape:
    """Sizes of a model, without its weights."""
    return Shape.of_config(CONFIGS[model])


@dataclass(frozen=True)
class Job:
    """A planned job: its rule, wildcards, and what it asks for."""

    rule: str
    wildcards: dict[str, str]
    asked: dict[str, str]

    def number(self, name: str) -> int:
        return int(self.asked.get(name, 0))

    @property
    def model(self) -> str:
        """The model that the job loads."""
        if self.rule == "write_candidates":
            return PAPER.self_instruct[self.wildcards["set"]].model
        run = PAPER.runs[self.wildcards["run"]]
        return str(getattr(run, "embedding" if self.rule == "similar_few_shot" else "model"))


def read_plan(text: str) -> Iterator[Job]:
    """Yield the jobs of a dry run."""
    for rule, block in re.findall(r"^ *(?:local)?rule (\w+):\n((?: +\w+: .*\n)+)", text, re.MULTILINE):
        facts = dict(re.findall(r"^ +(\w+): (.*)$", block, re.MULTILINE))
        pairs = [dict(re.findall(r"(\w+)=([^,]*)", facts.get(key, ""))) for key in ("wildcards", "resources")]
        yield Job(rule, *pairs)


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> list[Job]:
    """The jobs of the paper's study under the profile for SLURM, in a folder without results."""
    folder = tmp_path_factory.mktemp("plan")
    (folder / "resources").symlink_to(ROOT / "resources")
    files = ("--snakefile", "Snakefile", "--configfile", "config/config.yaml", "--profile", "profiles/slurm")
    options = [value if value.startswith("-") else str(ROOT / value) for value in files]
    done = subprocess.run(
        [sys.executable, "-m", "snakemake", "-n", *options], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return list(read_plan(done.stdout + done.stderr))


def host_gb(job: Job) -> float:
    """Main memory that a job with a model needs, in GB.

    A training's first process reads the weights in float32, and at the end puts the tuned ones together beside a fresh
    copy. Other jobs read the files, which may be float32, and hold 16-bit weights; an encoder's are float32, and its
    training holds gradients and moments beside them where there is no GPU.
    """
    billions = shape(job.model).parameters / 1e9
    if job.rule.startswith("train"):
        processes = max(job.number("processes"), 1)
        return PROCESS_GB * processes + billions * (16 if job.rule == "train_encoder" else 8)
    if job.rule in ("predict_encoder", "similar_few_shot"):
        return PROCESS_GB + billions * 4
    return PROCESS_GB + billions * (2 + 2)


def gpu_gb(job: Job) -> float:
    """Memory that a job needs on each of its GPUs, in GB."""
    size = shape(job.model)
    if job.rule in ("train", "train_on_nodes"):
        run = PAPER.runs[job.wildcards["run"]]
        assert isinstance(run, GenerativeRun)
        processes = job.number("processes")
        held = training_bytes(size.parameters, run.training, processes)
        return (held + activation_bytes(size, run.training, processes)) / 1e9
    if job.rule == "predict":
        run = PAPER.runs[job.wildcards["run"]]
        assert isinstance(run, GenerativeRun)
        return prediction_bytes(size, run.decoding, 1024) / 1e9
    return 16 * size.parameters / 1e9 if "encoder" in job.rule else 4 * size.parameters / 1e9


def hours(job: Job) -> float:
    """Wall-clock hours that a job is expected to take."""
    if job.rule == "train":
        expected = training_hours(PAPER, job.wildcards["run"])
        return (expected or 0) / max(job.number("gpu"), 1)
    if job.rule == "predict":
        run = PAPER.runs[job.wildcards["run"]]
        assert isinstance(run, GenerativeRun)
        texts = sentences(PAPER, job.wildcards["corpus"], "test") or 0
        return decoding_hours(shape(job.model).parameters / 1e9, run.decoding, texts)
    return 0


def test_the_plan_has_every_rule_with_a_model_that_the_study_uses(plan: list[Job]) -> None:
    rules = {job.rule for job in plan}
    assert {"train", "predict", "write_candidates", "train_encoder", "predict_encoder", "similar_few_shot"} <= rules
    assert sum(job.rule == "train_encoder" for job in plan) == 243
    models = {job.model for job in plan if job.rule in GPU_RULES}
    assert models == {name for name, model in PAPER.models.items() if not isinstance(model, ApiModel)}


def test_jobs_have_a_gpu_exactly_if_they_compute_with_a_model(plan: list[Job]) -> None:
    for job in plan:
        expected = int(job.rule in GPU_RULES)
        if job.rule == "train":
            expected = training_processes(PAPER, job.wildcards["run"])
            assert job.number("processes") == expected
        assert job.number("gpu") == expected, job
        assert job.asked["slurm_partition"] == ("gpu" if expected else "cpu"), job


def test_no_job_asks_for_less_memory_than_its_model_needs(plan: list[Job]) -> None:
    for job in plan:
        assert job.number("mem_mb") >= 500, job
        if job.rule in GPU_RULES:
            assert job.number("mem_mb") >= 1000 * host_gb(job), (job, host_gb(job))


def test_what_a_job_holds_on_a_gpu_fits(plan: list[Job]) -> None:
    for job in plan:
        if job.rule in GPU_RULES:
            assert gpu_gb(job) <= 0.9 * GPU_GB, (job, gpu_gb(job))


def test_time_limits_allow_three_times_what_is_expected(plan: list[Job]) -> None:
    for job in plan:
        assert job.number("runtime") >= 3 * 60 * hours(job), (job, hours(job))
    encoders = [job for job in plan if job.rule == "train_encoder"]
    assert all(job.number("runtime") == 20 for job in encoders)


def test_the_sizes_in_the_study_are_those_of_the_models() -> None:
    for name, config in CONFIGS.items():
        model = PAPER.models[name]
        assert not isinstance(model, ApiModel) and model.hardware.billions is not None
        assert model.hardware.billions == pytest.approx(shape(name).parameters / 1e9, rel=0.03), (name, config)


@pytest.mark.parametrize("change", [{"gpu": "0"}, {"mem_mb": "8000"}, {"slurm_partition": "cpu"}])
def test_a_7b_job_without_gpu_or_memory_is_found(plan: list[Job], change: dict[str, str]) -> None:
    job = next(job for job in plan if job.rule == "write_candidates")
    spoilt = [Job(job.rule, job.wildcards, job.asked | change)]
    with pytest.raises(AssertionError):
        test_jobs_have_a_gpu_exactly_if_they_compute_with_a_model(spoilt)
        test_no_job_asks_for_less_memory_than_its_model_needs(spoilt)
