"""The eight replaced members of Snakemake do what planning.py says, in real dry runs.

Each test makes one change beside two rules of the same inputs. `recorded` is decided by its record. `plain` has no
record: it shows that the change is one that Snakemake's own member reacts to.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import time
from pathlib import Path

import pytest
import snakemake
from forked import run_snakemake

from runrecord import planning
from runrecord.errors import RecordError

SNAKEFILE = """
from runrecord.code import code_hash
from runrecord.planning import decide_by_records
decide_by_records()
CODE = code_hash(f"{workflow.basedir}/scripts/write.py")
rule all:
    input: "recorded.txt", "plain.txt"
rule recorded:
    input: "a.txt", "b.txt"
    output: "recorded.txt"
    params: settings={"word": "one"}, code=CODE
    script: "scripts/write.py"
rule plain:
    input: "a.txt", "b.txt"
    output: "plain.txt"
    params: settings={"word": "one"}
    script: "scripts/plain.py"
"""
WRITE = "Path(snakemake.output[0]).write_text(snakemake.params.settings['word'])"
SCRIPTS = {
    "write.py": f"from pathlib import Path\nfrom runrecord.job import job\nwith job(snakemake):\n    {WRITE}\n",
    "plain.py": f"from pathlib import Path\n{WRITE}\n",
}
TRIGGERS = ("--rerun-triggers", "mtime", "params", "input")


def messages(folder: Path, *arguments: str) -> str:
    done = run_snakemake(folder, "--cores", "1", *arguments)
    assert done.returncode == 0, done.stdout
    return done.stdout


def planned(folder: Path, *arguments: str) -> dict[str, str]:
    """The reason of each rule that a dry run would run, `all` left out."""
    text = messages(folder, "--dry-run", *TRIGGERS, *arguments)
    reasons = re.findall(r"^rule (\w+):\n(?: {4}.*\n)*? {4}reason: (.*)$", text, re.MULTILINE)
    assert reasons or "Nothing to be done" in text
    return {rule: reason for rule, reason in reasons if rule != "all"}


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("finished")
    (folder / "Snakefile").write_text(SNAKEFILE)
    (folder / "scripts").mkdir()
    for name, text in SCRIPTS.items():
        (folder / "scripts" / name).write_text(text)
    for name in ("a.txt", "b.txt"):
        (folder / name).write_text(name)
    messages(folder)
    return folder


@pytest.fixture
def folder(finished: Path, tmp_path: Path) -> Path:
    copy = Path(shutil.copytree(finished, tmp_path / "copy"))
    assert planned(copy) == {}
    return copy


def change_word(folder: Path) -> None:
    path = folder / "Snakefile"
    path.write_text(path.read_text().replace('"word": "one"', '"word": "two"'))


def change_metadata(folder: Path, key: str, value: object) -> None:
    """Set one value in Snakemake's metadata of both outputs."""
    paths = list((folder / ".snakemake" / "metadata").iterdir())
    assert len(paths) == 2
    for path in paths:
        path.write_text(json.dumps({**json.loads(path.read_text()), key: value}))


def test_output_mintime_newer_inputs_do_not_run_a_recorded_job(folder: Path) -> None:
    later = time.time() + 60
    os.utime(folder / "a.txt", (later, later))
    reasons = planned(folder, "--max-checksum-file-size", "0")  # else Snakemake compares the bytes of small files
    assert reasons == {"plain": "Updated input files: a.txt"}


def test_has_metadata_without_metadata_a_recorded_job_still_notices_changes(folder: Path) -> None:
    shutil.rmtree(folder / ".snakemake")
    assert planned(folder) == {}
    change_word(folder)
    reasons = planned(folder)
    assert list(reasons) == ["recorded"]
    assert "settings.word: 'one' -> 'two'" in reasons["recorded"]


def test_has_outdated_metadata_of_an_old_format_does_not_hide_changes_of_a_recorded_job(folder: Path) -> None:
    change_metadata(folder, "record_format_version", 1)
    assert planned(folder) == {}
    change_word(folder)
    reasons = planned(folder)
    assert list(reasons) == ["recorded"]
    assert "settings.word: 'one' -> 'two'" in reasons["recorded"]


def test_input_changed_the_record_knows_the_inputs_of_a_recorded_job(folder: Path) -> None:
    change_metadata(folder, "input", ["a.txt"])
    reasons = planned(folder)
    assert list(reasons) == ["plain"]
    assert "Set of input files has changed" in reasons["plain"]


def test_params_changed_the_record_knows_the_params_of_a_recorded_job(folder: Path) -> None:
    change_metadata(folder, "params", ["'another'"])
    reasons = planned(folder)
    assert list(reasons) == ["plain"]
    assert "Params have changed" in reasons["plain"]


def test_params_changed_gives_the_reasons_of_the_record(folder: Path) -> None:
    (folder / "b.txt").write_text("other bytes")
    os.utime(folder / "b.txt", (0, 0))
    reasons = planned(folder)
    assert list(reasons) == ["recorded"]
    assert "b.txt has other bytes" in reasons["recorded"]


def test_params_changed_of_one_file_is_what_a_summary_shows(folder: Path) -> None:
    change_metadata(folder, "params", ["'another'"])
    rows = [line.split("\t") for line in messages(folder, "--summary").splitlines() if "\t" in line]
    status = {row[0]: row[rows[0].index("status")] for row in rows[1:]}
    assert status == {"recorded.txt": "ok", "plain.txt": "params changed"}


def test_update_a_missing_input_that_the_record_does_not_have_is_an_error(folder: Path) -> None:
    (folder / "b.txt").unlink()
    assert planned(folder) == {}
    recorded, plain = (folder / "Snakefile").read_text().split("rule plain:")
    for old, new, reason in (
        ("b.txt", "b.tx", "b.tx was not among the inputs"),
        ("one", "two", "settings.word: 'one' -> 'two'"),
    ):
        (folder / "Snakefile").write_text(f"{recorded}rule plain:{plain.replace(old, new)}")
        assert planned(folder) == {}
        (folder / "Snakefile").write_text(f"{recorded.replace(old, new)}rule plain:{plain}")
        done = run_snakemake(folder, "--cores", "1", "--dry-run")
        assert done.returncode == 1
        assert "Missing input files for rule recorded" in done.stdout
        assert reason in done.stdout


def test_process_job_the_script_of_a_recorded_job_is_not_opened_again(folder: Path) -> None:
    snakefile = (folder / "Snakefile").read_text()
    for name, rule in (("write.py", "recorded"), ("plain.py", "plain")):
        (folder / "Snakefile").write_text(snakefile.replace(f'script: "scripts/{name}"', 'script: "scripts/gone.py"'))
        (folder / f"{rule}.txt").unlink()
        done = run_snakemake(folder, "--cores", "1", "--dry-run", "--", f"{rule}.txt")
        assert done.returncode == (rule == "plain")
        assert ("No such file" in done.stdout) == (rule == "plain")


def test_execute_cmd_scripts_run_by_a_python_whose_path_has_a_space(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "my venv").symlink_to(sys.prefix, target_is_directory=True)
    (folder / "recorded.txt").unlink()
    python = tmp_path / "my venv" / "bin" / "python"
    command = [python, "-m", "snakemake", "--cores", "1", "--", "recorded.txt"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (folder / "recorded.txt").read_text() == "one"


@pytest.mark.parametrize("version", ["9.26.4", "9.28.0", "10.0.0"])
def test_another_version_of_snakemake_is_an_error(version: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(snakemake, "__version__", version)
    with pytest.raises(RecordError, match=f"Snakemake {version} is not supported: the workflow needs") as caught:
        planning.decide_by_records.__wrapped__()
    assert "envs/requirements.txt" in caught.value.fix
