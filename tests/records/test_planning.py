"""A dry run names why a job has to run again, from its record."""

import shutil
from pathlib import Path

import pytest
from forked import run_snakemake
from small_study import GOOD, SNAKEFILE, make_study

pytest_plugins = ["small_study"]

RULED = "from runrecord.planning import decide_by_records\ndecide_by_records()\n" + SNAKEFILE
PREDICTIONS = "results/s/predictions/good/seed1/genes.jsonl"


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = make_study(tmp_path_factory)
    (folder / "Snakefile").write_text(RULED)
    shutil.rmtree(folder / ".snakemake")
    return folder


def messages(study: Path) -> str:
    done = run_snakemake(study, "-n", "--rerun-triggers", "params")
    assert done.returncode == 0, done.stdout
    return done.stdout


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_a_finished_study_has_nothing_to_do_without_any_memory_of_snakemake(study: Path) -> None:
    assert "Nothing to be done" in messages(study)


def test_settings_code_inputs_and_outputs_are_named(study: Path) -> None:
    edit(study / "Snakefile", '"resamples": 100', '"resamples": 50')
    edit(study / "scripts/table.py", "with job(snakemake):", "with job(snakemake):\n    print()")
    edit(study / PREDICTIONS, "ok", "empty")
    edit(study / "results/s/tables/t.md", "**T**", "**U**")
    text = messages(study)
    assert "settings.scoring.resamples: 100 -> 50" in text
    assert f"{PREDICTIONS} has other bytes" in text
    assert "Input files updated by another job" in text
    shutil.rmtree(study / "results/s/scores")
    edit(study / "Snakefile", '"resamples": 50', '"resamples": 100')
    assert "Missing output files" in messages(study)


def test_what_a_last_job_wrote_and_its_code(study: Path) -> None:
    edit(study / "scripts/table.py", "with job(snakemake):", "with job(snakemake):\n    print()")
    edit(study / "results/s/tables/t.md", "**T**", "**U**")
    assert "table.py was changed; results/s/tables/t.md was changed after the job wrote it" in messages(study)


def test_a_record_that_is_gone_or_of_another_file(study: Path) -> None:
    (study / f"{GOOD}.prov.json").unlink()
    bad = GOOD.replace("good", "bad")
    shutil.copy(study / f"{GOOD.replace('seed1', 'seed2')}.prov.json", study / f"{bad}.prov.json")
    text = messages(study)
    assert f"{GOOD} has no record" in text
    assert f"{bad} has the record of {GOOD.replace('seed1', 'seed2')} by rule score" in text
