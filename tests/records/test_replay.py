"""Results made anew from their recorded inputs in a scratch folder."""

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from small_study import GOOD, TABLE

from markner.cli.main import main
from runrecord.audit import Audit
from runrecord.errors import RecordError
from runrecord.record import read_record, write_record
from runrecord.replay import Replay, plan_replay, run_replay

pytest_plugins = ["small_study"]


def plan(study: Path, path: str, current: Any = None) -> Replay:
    return plan_replay(Audit(study, current), path, None)


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


@pytest.mark.parametrize("path", [TABLE, GOOD])
def test_a_result_is_made_anew_byte_for_byte(study: Path, path: str) -> None:
    before = {place: place.read_bytes() for place in study.rglob("*.json*")}
    assert run_replay(plan(study, path), None) == ([], None)
    assert {place: place.read_bytes() for place in study.rglob("*.json*")} == before


def test_only_the_recorded_inputs_are_there_and_only_one_job_runs(study: Path, tmp_path: Path) -> None:
    folder = tmp_path / "scratch"
    assert run_replay(plan(study, TABLE), folder) == ([], folder)
    made = {place.relative_to(folder).as_posix() for place in (folder / "results").rglob("*") if place.is_file()}
    scores = {f"results/s/scores/{run}/seed{seed}/genes.json" for run in ("good", "bad") for seed in (1, 2)}
    tables = {f"results/s/tables/t.{form}{record}" for form in ("csv", "md", "tex") for record in ("", ".prov.json")}
    assert made == scores | tables


def test_other_bytes_are_told_with_their_place(study: Path) -> None:
    edit(study / "results/s/tables/t.md", "**T**", "**U**")
    replay = plan(study, TABLE)
    assert replay.notes == ()
    differences, kept = run_replay(replay, None)
    assert len(differences) == 1
    assert differences[0].startswith("results/s/tables/t.md: ")
    assert "from byte 2 on (line 1)" in differences[0]
    assert kept is not None
    shutil.rmtree(kept)


def test_changed_code_is_noted_and_run_as_it_is_now(study: Path) -> None:
    edit(study / "scripts/score.py", "snakemake.wildcards.run,", '"other",')
    replay = plan(study, GOOD)
    assert [note.partition(":")[0] for note in replay.notes] == ["code score.py was changed since"]
    differences, kept = run_replay(replay, None)
    assert [line.partition(":")[0] for line in differences] == [GOOD]
    assert kept is not None
    shutil.rmtree(kept)


def test_a_result_that_is_gone_is_compared_with_its_record(study: Path) -> None:
    (study / GOOD).unlink()
    assert run_replay(plan(study, GOOD), None) == ([], None)


def test_inputs_must_be_the_recorded_ones(study: Path) -> None:
    edit(study / "results/s/predictions/good/seed1/genes.jsonl", "[[4, 8]]", "[]")
    with pytest.raises(RecordError, match=r"good/seed1/genes\.jsonl with bytes .* now"):
        plan(study, GOOD)
    (study / GOOD).unlink()
    with pytest.raises(RecordError, match="not there any more"):
        plan(study, TABLE)


def test_settings_must_be_the_recorded_ones(study: Path) -> None:
    with pytest.raises(RecordError, match="resamples: 100 -> 7"):
        plan(study, GOOD, lambda rule, at: {"scoring": {"resamples": 7, "confidence": 0.95, "seed": 1}})


def test_a_file_without_record_cannot_be_replayed(study: Path) -> None:
    with pytest.raises(RecordError, match="no job left a record"):
        plan(study, "paper.json")


def test_a_job_that_fails_and_a_folder_that_is_not_empty_are_told(study: Path, tmp_path: Path) -> None:
    with pytest.raises(RecordError, match="is not empty"):
        run_replay(plan(study, GOOD), study)
    edit(study / "scripts/score.py", "with job(snakemake):", "open('paper.json')\nwith job(snakemake):")
    with pytest.raises(RecordError, match=r"(?s)the job failed.*paper\.json"):
        run_replay(plan(study, GOOD), tmp_path / "scratch")


def test_without_run_the_commands_are_printed_and_they_work(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(study / GOOD)]) == 0
    commands = capsys.readouterr().out
    assert "identical" not in commands
    assert "--allowed-rules score" in commands
    environment = {**os.environ, "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-ec", commands], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("rule", ["lineage", "crate"])
def test_what_is_made_from_records_cannot_be_replayed(
    study: Path, rule: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(study)
    record = read_record(TABLE)
    assert record is not None
    write_record(TABLE, record | {"rule": rule})
    assert main(["replay", TABLE]) == 64
    assert "is made from records, which are no inputs of a job" in capsys.readouterr().err


def test_the_study_file_is_that_of_the_result(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(study / GOOD), "--configfile", str(ROOT / "config" / "demo.yaml")]) == 64
    assert "is not a result of results/demo" in capsys.readouterr().err


def test_run_needs_the_study_file(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["replay", str(study / GOOD), "--run"]) == 64
    assert "--configfile" in capsys.readouterr().err
