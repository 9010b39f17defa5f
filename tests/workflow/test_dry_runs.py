"""Every target of every study is planned; what runs again follows from the settings."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml
from conftest import ROOT
from forked import run_snakemake

STUDIES = sorted(path.name for path in (ROOT / "config").glob("*.yaml"))
TARGETS = ["all", "downloads", "corpora", "released", "instructions", "tables", "figures", "crate"]


def snakemake(*arguments: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the checkout's workflow in a folder; what it says is all in `stdout`."""
    return run_snakemake(folder, "--snakefile", str(ROOT / "Snakefile"), *arguments)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An empty working folder with the checkout's resources: what a fresh clone looks like to the workflow."""
    (tmp_path / "resources").symlink_to(ROOT / "resources")
    return tmp_path


def planned(output: str) -> dict[str, int]:
    """Jobs by rule, as a dry run lists them."""
    return {rule: int(number) for rule, number in re.findall(r"^(\w+) +(\d+)$", output, re.MULTILINE)}


@pytest.mark.parametrize("study", STUDIES)
def test_the_whole_study_is_planned(study: str, folder: Path) -> None:
    done = snakemake("-n", "--configfile", str(ROOT / "config" / study), folder=folder)
    assert done.returncode == 0, done.stdout
    jobs = planned(done.stdout)
    assert jobs.get("train", 0) + jobs["train_encoder"] >= 3
    assert jobs["total"] > 40
    assert not (folder / "results").exists(), "planning must write nothing"


@pytest.mark.parametrize("target", TARGETS)
def test_each_part_can_be_asked_for(target: str, folder: Path) -> None:
    done = snakemake("-n", "--configfile", str(ROOT / "config" / "config.yaml"), "--", target, folder=folder)
    assert done.returncode == 0, done.stdout


def test_the_papers_study_holds_every_system_and_grid_point(folder: Path) -> None:
    done = snakemake("-n", "--configfile", str(ROOT / "config" / "config.yaml"), folder=folder)
    jobs = planned(done.stdout)
    # Three sizes and the whole with three seeds, twelve runs of one seed; 18 points for Table 1, 3 for smaller sizes.
    assert jobs["train"] == (3 + 1) * 3 + 12
    assert jobs["train_encoder"] == 3 * (3 * 18 + 3 * 3 * 3)
    assert jobs["predict"] == 3 * 8 + 4 * 8 + 3 * 3 * 3 + 3 + 3 + 2 * 3 + 2 * 2
    # Beyond the paper: a set that a model writes, and what each training took.
    assert (jobs["write_candidates"], jobs["self_instruct"], jobs["costs"]) == (1, 1, 1)
    # Two chat models on three corpora (zero-shot on six), three draws of five examples; the retired ones have no job.
    assert (jobs["chat"], jobs["few_shot"], jobs["similar_few_shot"]) == (39, 33, 6)
    assert "gpt-4-5shot" not in done.stdout
    assert "gpt-3.5-0shot" not in done.stdout


def test_the_study_without_a_configfile_is_the_papers(tmp_path: Path) -> None:
    for name in ("Snakefile", "workflow", "config", "resources"):
        (tmp_path / name).symlink_to(ROOT / name)
    done = run_snakemake(tmp_path, "-n", "--config", "mirror=.", "--", "released")
    assert done.returncode == 0, done.stdout
    assert "results/paper/released/bc2gm.test.txt" in done.stdout


def test_a_checkout_whose_path_has_braces_is_refused(tmp_path: Path) -> None:
    checkout = tmp_path / "work{x}"
    checkout.mkdir()
    for name in ("Snakefile", "workflow", "config", "resources"):
        (checkout / name).symlink_to(ROOT / name)
    done = run_snakemake(checkout, "-n", "--config", "mirror=.", "--", "released")
    assert done.returncode != 0
    assert f"{checkout}: Snakemake takes braces in the path of the checkout for a wildcard" in done.stdout
    assert "Traceback" not in done.stdout


def test_a_study_file_without_a_name_is_no_part_of_the_papers(folder: Path) -> None:
    demo = (ROOT / "config" / "demo.yaml").read_text(encoding="utf-8")
    assert demo.count("\nstudy: demo\n") == 1
    (folder / "study.yaml").write_text(demo.replace("\nstudy: demo\n", "\n"), encoding="utf-8")
    done = snakemake("-n", "--configfile", "study.yaml", folder=folder)
    assert done.returncode != 0
    assert "`study`: missing" in done.stdout


def test_a_wrong_setting_is_told_with_its_place_and_its_mend(folder: Path) -> None:
    text = (
        (ROOT / "config" / "demo.yaml")
        .read_text(encoding="utf-8")
        .replace("learning_rate: 2.0e-4", "learningrate: 2e-4")
    )
    (folder / "study.yaml").write_text(text, encoding="utf-8")
    done = snakemake("-n", "--configfile", "study.yaml", folder=folder)
    line = next(number for number, row in enumerate(text.splitlines(), start=1) if "learningrate" in row)
    assert done.returncode != 0
    assert f"study.yaml, line {line}" in done.stdout
    assert "did you mean `learning_rate`" in done.stdout
    assert "Traceback" not in done.stdout


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("settings=settings(ScoreParams)", "settings=settings(ScoreParam)", "name 'ScoreParam' is not defined"),
        ("settings=settings(ScoreParams)", "settings=settings(NoParams)", "rule score has NoParams"),
        ("settings=settings(ScoreParams)", "setting=settings(ScoreParams)", "rule score names no params class"),
        ("    params:\n        settings=settings(ScoreParams),\n", "", "rule score names no params class"),
        ("rule score:", "rule scores:", "rule scores has no params class"),
    ],
    ids=["unknown class", "other class", "typo in the key", "no params", "unknown rule"],
)
def test_a_typo_in_a_rule_is_an_error_when_the_workflow_is_parsed(
    old: str, new: str, message: str, tmp_path: Path
) -> None:
    for name in ("config", "resources", "envs", "src"):
        (tmp_path / name).symlink_to(ROOT / name)
    shutil.copytree(ROOT / "workflow", tmp_path / "workflow")
    shutil.copy(ROOT / "Snakefile", tmp_path)
    rules = tmp_path / "workflow" / "rules" / "score.smk"
    text = rules.read_text(encoding="utf-8")
    assert text.count(old) == 1
    rules.write_text(text.replace(old, new), encoding="utf-8")
    # Listing the rules parses the workflow and builds no job.
    done = run_snakemake(tmp_path, "--list", "--configfile", "config/demo.yaml")
    assert done.returncode != 0
    assert message in done.stdout


def test_the_workflow_passes_the_linter(folder: Path) -> None:
    done = snakemake("--lint", "--configfile", str(ROOT / "config" / "config.yaml"), folder=folder)
    assert done.returncode == 0, done.stdout


OWN_CORPUS = """1|t|Aspirin and headache
1|a|Aspirin relieved headache. Nothing else did.
1\t12\t20\theadache\tSymptom
1\t38\t46\theadache\tSymptom

"""


def test_a_corpus_of_ones_own_takes_one_config_entry(folder: Path) -> None:
    (folder / "mine.txt").write_text(OWN_CORPUS, encoding="utf-8")
    study = {
        "study": "mine",
        "corpora": {
            "mine": {
                "entity": "symptom",
                "variant": "raw",
                "raw": {"format": "pubtator", "types": ["Symptom"], "train": "mine.txt"},
            }
        },
        "mixtures": {"mine": {"corpora": ["mine"]}},
    }
    (folder / "study.yaml").write_text(yaml.safe_dump(study), encoding="utf-8")
    arguments = ["-c1", "--configfile", "study.yaml", "--", "corpora", "instructions"]
    done = snakemake(*arguments, folder=folder)
    assert done.returncode == 0, done.stdout
    instructions = (folder / "results/mine/instructions/mine.json").read_text(encoding="utf-8")
    assert "Given a sentence extract symptom entities" in instructions
    assert "Aspirin and <mark>headache</mark>" in instructions
    card = (folder / "results/mine/corpora.csv").read_text(encoding="utf-8").splitlines()
    assert card[1].startswith("mine,train,raw,span,3,2,1,")
    # Nothing to do a second time, whatever is touched; and again, exactly, when the file's bytes change.
    os.utime(folder / "study.yaml")
    assert "Nothing to be done" in snakemake(*arguments, folder=folder).stdout
    (folder / "mine.txt").write_text(OWN_CORPUS.replace("Nothing else", "And nothing else"), encoding="utf-8")
    again = snakemake("-n", *arguments[1:], folder=folder)
    assert planned(again.stdout)["fetch"] == 1


def test_a_missing_file_of_ones_own_is_told_before_anything_runs(folder: Path) -> None:
    shutil.copy(ROOT / "config" / "demo.yaml", folder / "study.yaml")
    text = (folder / "study.yaml").read_text(encoding="utf-8").replace("resources/sample/bioc/test.xml", "gone.xml")
    (folder / "study.yaml").write_text(text, encoding="utf-8")
    done = snakemake("-n", "--configfile", "study.yaml", folder=folder)
    assert done.returncode != 0
    assert "gone.xml" in done.stdout


def test_weights_that_cannot_be_had_are_told_before_the_first_job(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    monkeypatch.setenv("HF_HUB_CACHE", str(folder / "hub"))
    config = ("--configfile", str(ROOT / "config" / "config.yaml"))
    target = "results/paper/weights/llama2-7b"
    assert snakemake("-n", *config, "--", target, folder=folder).returncode == 0
    done = snakemake("-c1", *config, "--", target, folder=folder)
    assert done.returncode != 0
    assert "meta-llama/Llama-2-7b-hf: not in the local cache" in done.stdout
    assert "Llama 2 community licence" in done.stdout
    assert "hf auth login" in done.stdout
    assert "Traceback" not in done.stdout
    assert not (folder / "results").exists()


@pytest.mark.parametrize(
    ("target", "rule", "facts"),
    [
        ("results/paper/self_instruct/gene-self/candidates.jsonl", "write_candidates", ("gpu=1", "mem_mb=40000")),
        ("results/paper/models/llama2-qlora/seed1", "train", ("gpu=1", "processes=1")),
        ("results/paper/models/bioner-llama1/seed1", "train", ("gpu=4", "processes=4")),
    ],
)
def test_jobs_that_load_a_large_model_ask_for_what_it_needs(
    target: str, rule: str, facts: tuple[str, ...], folder: Path
) -> None:
    done = snakemake("-n", "--configfile", str(ROOT / "config" / "config.yaml"), "--", target, folder=folder)
    assert done.returncode == 0, done.stdout
    block = done.stdout.partition(f"rule {rule}:")[2].partition("\n\n")[0]
    assert all(fact in block for fact in facts), block
