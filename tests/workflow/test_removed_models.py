"""Models that a study does not keep: removed after their last use, vouched for by records, made again when needed."""

from pathlib import Path
from typing import Any

import pytest
from models.tiny_encoder import tiny_encoder
from models.tiny_llama import write_tiny_llama
from tiny_study import RESULTS, Job, below, command, copy, copy_workflow, plan, snakemake, write_study

from runrecord.record import record_path

pytestmark = [pytest.mark.models, pytest.mark.slow]

REMOVED = "models/removed/seed1"
GRID = "models/encoder/seed1/grid/lr0.001_len64_bs8_drop0.1"


def study(**changes: Any) -> dict[str, Any]:
    """Two tuned models and an encoder, of which one tuned model is kept."""
    corpora = {}
    for entity in ("disease", "gene"):
        files = {split: f"resources/sample/iob/{entity}/{split}.tsv" for split in ("train", "dev", "test")}
        sample = {"train": 16, "dev": 4, "test": 4}
        corpora[entity] = {"entity": entity, "tokenized": {"format": "iob"} | files, "sample": sample}
        corpora[entity]["variant"] = "tokenized"
    tuned = {"system": "generative", "model": "llama", "mixture": "disease", "evaluate": ["disease"]}
    tuned |= {"training": {"epochs": 1, "batch_size": 8, "device_batch_size": 4}, "decoding": {"batch_size": 4}}
    grid = {"learning_rate": [1.0e-3], "max_length": [64], "batch_size": [8]}
    encoder = {"system": "encoder", "model": "bert", "corpus": "disease", "grid": grid, "epochs": 1}
    rows = [{"label": run, "runs": [run]} for run in ("kept", "removed", "encoder")]
    return {
        "study": "demo",
        "corpora": corpora,
        "mixtures": {"disease": {"corpora": ["disease"]}},
        "models": {name: {"source": "folder", "path": f"models/{name}"} for name in ("llama", "bert")},
        "runs": {"kept": tuned, "removed": tuned, "encoder": encoder | {"evaluate": ["disease"]}},
        "keep_models": ["kept"],
        "scoring": {"resamples": 100},
        "significance": {"permutations": 1000},
        "tables": {"table1": {"title": "Tiny", "corpora": ["disease"], "rows": rows}},
        **changes,
    }


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, frozenset[Job]]:
    """A checkout in which the study has run, and all its jobs."""
    folder = tmp_path_factory.mktemp("removed") / "checkout"
    folder.mkdir()
    copy_workflow(folder)
    write_tiny_llama(folder / "models/llama", positions=4096)
    tiny_encoder(folder / "models/bert", positions=160)
    write_study(folder, study())
    jobs = frozenset(plan(folder))
    snakemake(folder)
    return folder, jobs


def test_models_that_are_not_kept_are_removed_and_their_records_stay(made: tuple[Path, frozenset[Job]]) -> None:
    results = made[0] / RESULTS
    assert (results / "models/kept/seed1/model.safetensors").is_file()
    for place in (REMOVED, GRID):
        assert not (results / place).exists() and record_path(results / place).is_file()
    for run in ("kept", "removed", "encoder"):
        assert (results / f"scores/{run}/seed1/disease.json").is_file()


def test_what_was_made_from_them_is_fresh_and_nothing_runs_again(made: tuple[Path, frozenset[Job]]) -> None:
    audit = ("-m", "markner.cli.main", "audit", "results", "--configfile", "config/demo.yaml")
    assert command(made[0], *audit).stdout.startswith("FRESH")
    assert plan(made[0]) == set()


def test_a_new_need_plans_its_training_and_what_follows(made: tuple[Path, frozenset[Job]], tmp_path: Path) -> None:
    folder = copy(made[0], tmp_path / "checkout")
    changed = study()
    changed["runs"]["removed"] = changed["runs"]["removed"] | {"evaluate": ["disease", "gene"]}
    write_study(folder, changed)
    planned = plan(folder)
    all_jobs = {str(job): job for job in made[1]} | {str(job): job for job in planned}
    (training,) = (job for job in all_jobs.values() if str(job) == "train run=removed seed=1")
    assert planned == below(frozenset(all_jobs.values()), {training})
    assert [str(job) for job in planned if job.rule.startswith("train")] == ["train run=removed seed=1"]
    snakemake(folder)
    assert not (folder / RESULTS / REMOVED).exists()
    assert plan(folder) == set()


def test_a_change_of_the_training_is_noticed_without_the_model(
    made: tuple[Path, frozenset[Job]], tmp_path: Path
) -> None:
    folder = copy(made[0], tmp_path / "checkout")
    changed = study()
    changed["runs"]["removed"] = changed["runs"]["removed"] | {"training": {"epochs": 2, "batch_size": 8}}
    write_study(folder, changed)
    assert {str(job) for job in plan(folder) if job.rule == "train"} == {"train run=removed seed=1"}


def test_a_run_that_is_kept_from_now_on_is_not_made_again_for_that(
    made: tuple[Path, frozenset[Job]], tmp_path: Path
) -> None:
    folder = copy(made[0], tmp_path / "checkout")
    write_study(folder, study(keep_models=None))
    assert plan(folder) == set()
