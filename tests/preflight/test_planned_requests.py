"""What each planned job of the paper's study asks SLURM for, held against what its real model needs."""

import sys
from pathlib import Path

import pytest
import yaml
from conftest import ROOT
from forked import run_snakemake
from needs import CONFIGS, GPU_RULES, Job, read_plan, shape, shortfalls

from markner.study.loading import load_study, load_study_file
from markner.study.queries import training_processes
from markner.study.schema.chat_runs import ApiModel

sys.path.append(str(ROOT / "tests" / "slurm"))

from paper_study import one_of_each_kind, paper

pytestmark = pytest.mark.models

PAPER = load_study_file(ROOT / "config" / "config.yaml")
KINDS = one_of_each_kind(paper())
SMALL = load_study(one_of_each_kind(paper()))


def planned(folder: Path, config: Path) -> list[Job]:
    """The jobs of a study under the profile for SLURM, in a folder without results."""
    (folder / "resources").symlink_to(ROOT / "resources")
    files = ("--snakefile", ROOT / "Snakefile", "--configfile", config, "--profile", ROOT / "profiles/slurm")
    # A dry run shows no more threads than cores.
    done = run_snakemake(folder, "-n", "--cores", "16", *map(str, files))
    assert done.returncode == 0, done.stdout[-4000:]
    return list(read_plan(done.stdout))


@pytest.fixture(scope="module")
def plan(tmp_path_factory: pytest.TempPathFactory) -> list[Job]:
    return planned(tmp_path_factory.mktemp("plan"), ROOT / "config" / "config.yaml")


@pytest.fixture(scope="module")
def plan_of_kinds(tmp_path_factory: pytest.TempPathFactory) -> list[Job]:
    """The jobs of a study with one run of every kind, those that the paper's study lacks among them."""
    folder = tmp_path_factory.mktemp("kinds")
    (folder / "study.yaml").write_text(yaml.safe_dump(KINDS, sort_keys=False), encoding="utf-8")
    return planned(folder, folder / "study.yaml")


def test_the_plan_has_every_rule_with_a_model_that_the_study_uses(plan: list[Job]) -> None:
    rules = {job.rule for job in plan}
    assert {"train", "predict", "write_candidates", "train_encoder", "predict_encoder", "similar_few_shot"} <= rules
    assert sum(job.rule == "train_encoder" for job in plan) == 243
    models = {model for job in plan if job.rule in GPU_RULES for model in job.models(PAPER)}
    assert models == {name for name, model in PAPER.models.items() if not isinstance(model, ApiModel)}


def test_no_job_of_the_paper_asks_for_less_than_its_model_needs_or_holds_an_idle_gpu(plan: list[Job]) -> None:
    assert len(plan) > 1000
    assert {str(job): faults for job in plan if (faults := shortfalls(job, PAPER))} == {}


def test_the_same_holds_for_a_run_of_every_kind(plan_of_kinds: list[Job]) -> None:
    rules = {job.rule for job in plan_of_kinds}
    assert rules >= GPU_RULES - {"train_on_nodes", "predict_tagger"}
    assert {str(job): faults for job in plan_of_kinds if (faults := shortfalls(job, SMALL))} == {}


def test_a_training_is_started_in_as_many_processes_as_it_has_gpus(plan: list[Job]) -> None:
    for job in plan:
        if job.rule == "train":
            assert job.number("processes") == job.number("gpu") == training_processes(PAPER, job.wildcards["run"])


def test_every_rule_with_a_device_has_the_partition_with_gpus() -> None:
    """A request for a GPU in a partition without any is refused."""
    profile = yaml.safe_load((ROOT / "profiles" / "slurm" / "config.yaml").read_text(encoding="utf-8"))
    assert {rule for rule, asked in profile["set-resources"].items() if asked["slurm_partition"] == "gpu"} == GPU_RULES


def test_an_encoders_grid_computes_with_the_cores_that_it_asks_for(plan: list[Job]) -> None:
    grids = [job for job in plan if job.rule in ("train_encoder", "predict_encoder")]
    assert {(job.number("threads"), job.number("cpus_per_task")) for job in grids} == {(4, 4)}


def test_time_limits_of_an_encoders_grid_points(plan: list[Job]) -> None:
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
    assert len(shortfalls(Job(job.rule, job.wildcards, job.asked | change), PAPER)) == 1


def test_a_short_time_limit_and_an_idle_gpu_are_found(plan: list[Job]) -> None:
    training = next(job for job in plan if job.rule == "train")
    assert "asked for" in shortfalls(Job("train", training.wildcards, training.asked | {"runtime": "5"}), PAPER)[0]
    score = next(job for job in plan if job.rule == "score")
    assert shortfalls(Job("score", score.wildcards, score.asked | {"gpu": "1"}), PAPER)
