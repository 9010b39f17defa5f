"""Audits of a small real workflow: untouched, moved, and changed in every way an audit has to see."""

import json
import os
import random
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from forked import run_snakemake

from markner.cli.main import main
from runrecord.audit import Audit, Verdict, find_root
from runrecord.audit_display import show_folder
from runrecord.differences import flat_settings
from runrecord.record import write_record

SNAKEFILE = """
from runrecord.code import code_hash
rule all:
    input: "results/s/table.csv"
rule model:
    input: "corpus.txt"
    output: directory("results/s/model")
    params: settings={"training": {"lr": 0.1, "seeds": [1, 2]}}, code=code_hash("scripts/model.py")
    log: "logs/model.log"
    script: "scripts/model.py"
rule split:
    input: "corpus.txt"
    output: train=temp("results/s/train.txt"), test="results/s/test.txt"
    params: settings={}, code=code_hash("scripts/split.py")
    script: "scripts/split.py"
rule table:
    input: model="results/s/model", parts=["results/s/train.txt", "results/s/test.txt"]
    output: "results/s/table.csv"
    params: settings={"digits": 2}, code=code_hash("scripts/table.py")
    script: "scripts/table.py"
"""
HELPER = '''
def scaled(value):
    """Doc."""
    return value * 2
def rounded(value):
    return round(value, 2)
def unused():
    return 1
'''
MODEL = """
from pathlib import Path
from helper import scaled
from markner.files import write_text
from runrecord.job import job
with job(snakemake):
    for name in ("a.bin", "deep/b.bin"):
        write_text(Path(snakemake.output[0]) / name, name * scaled(500))
"""
SPLIT = """
from markner.files import write_text
from runrecord.job import job
with job(snakemake):
    for path in snakemake.output:
        write_text(path, path)
"""
TABLE = """
from helper import rounded
from markner.files import write_text
from runrecord.job import job
with job(snakemake):
    write_text(snakemake.output[0], str(rounded(0.123)))
"""
FILES = {
    "Snakefile": SNAKEFILE,
    "corpus.txt": "sentence",
    "scripts/helper.py": HELPER,
    "scripts/model.py": MODEL,
    "scripts/split.py": SPLIT,
    "scripts/table.py": TABLE,
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("study")
    for name, text in FILES.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    done = run_snakemake(folder, "--cores", "1", "--quiet", "all")
    assert done.returncode == 0, done.stdout
    return folder


@pytest.fixture
def study(made: Path, tmp_path: Path) -> Path:
    """The workflow, copied to another folder with its records: every test starts from a moved checkout."""
    return Path(shutil.copytree(made, tmp_path / "moved"))


def audit(study: Path, path: str, current: Any = None) -> tuple[Verdict, set[tuple[str, str, str]]]:
    looked = Audit(find_root(study / path), current)
    assert looked.root == study
    node = looked.result(path)
    found = {(item.verdict.name, item.kind, item.subject) for file in node.lineage() for item in file.findings}
    return node.verdict, found


def edit(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new, 1))


def test_an_untouched_study_is_fresh_after_a_move_and_without_its_temporary_files(study: Path) -> None:
    assert not (study / "results/s/train.txt").exists()
    assert audit(study, "results/s/table.csv") == (Verdict.FRESH, set())
    assert main(["audit", str(study / "results")]) == 0
    assert main(["audit", str(study / "results/s/table.csv.prov.json")]) == 0


def test_results_behind_a_link_belong_to_the_folder_that_has_the_link(study: Path, tmp_path: Path) -> None:
    (study / "results").rename(tmp_path / "large disk")
    (study / "results").symlink_to(tmp_path / "large disk")
    assert audit(study, "results/s/table.csv") == (Verdict.FRESH, set())
    assert main(["audit", str(study / "results")]) == 0


def test_the_folder_where_one_is_can_be_audited(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(study / "results" / "s")
    assert main(["audit", "."]) == 0


def test_a_reader_that_ends_early_causes_no_traceback(study: Path) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    command = [sys.executable, "-m", "markner.cli.main", "audit", "--json", str(study / "results")]
    done = subprocess.run(command, stdout=writer, stderr=subprocess.PIPE, text=True)
    os.close(writer)
    assert (done.returncode, done.stderr) == (128 + signal.SIGPIPE, "")


def test_a_full_disk_is_a_plain_error(study: Path) -> None:
    command = [sys.executable, "-m", "markner.cli.main", "audit", "--json", str(study / "results")]
    with Path("/dev/full").open("w") as full:
        done = subprocess.run(command, stdout=full, stderr=subprocess.PIPE, text=True)
    assert done.returncode == 64
    assert done.stderr.splitlines()[0] == "error: No space left on device"
    assert done.stderr.splitlines()[1].startswith("fix: make room")
    assert len(done.stderr.splitlines()) == 2


def test_the_lineage_goes_down_to_the_sources(study: Path) -> None:
    node = Audit(study).result("results/s/table.csv")
    assert {file.path: [child.path for child in file.inputs] for file in node.lineage()} == {
        "results/s/table.csv": ["results/s/model", "results/s/train.txt", "results/s/test.txt"],
        "results/s/model": ["corpus.txt"],
        "results/s/train.txt": ["corpus.txt"],
        "results/s/test.txt": ["corpus.txt"],
        "corpus.txt": [],
    }


def touch(*paths: Path) -> None:
    for path in paths:
        os.utime(path)


Change = Callable[[Path], object]
CHANGES: dict[str, tuple[Change, Verdict, set[tuple[str, str, str]]]] = {
    "the result by hand": (
        lambda study: edit(study / "results/s/table.csv", "0.12", "0.92"),
        Verdict.TAMPERED,
        {("TAMPERED", "output", "results/s/table.csv")},
    ),
    "a file of a folder": (
        lambda study: edit(study / "results/s/model/deep/b.bin", "b", "c"),
        Verdict.TAMPERED,
        {("TAMPERED", "output", "results/s/model/deep/b.bin")},
    ),
    "a file added to a folder": (
        lambda study: (study / "results/s/model/new").touch(),
        Verdict.TAMPERED,
        {("TAMPERED", "output", "results/s/model/new")},
    ),
    "the record of an input": (
        lambda study: edit(study / "results/s/model.prov.json", "0.1", "0.2"),
        Verdict.TAMPERED,
        {("TAMPERED", "record", "results/s/model.prov.json")},
    ),
    "a source": (
        lambda study: edit(study / "corpus.txt", "s", "S"),
        Verdict.STALE,
        {("STALE", "input", "corpus.txt")},
    ),
    "a source is gone": (
        lambda study: (study / "corpus.txt").unlink(),
        Verdict.UNKNOWN,
        {("UNKNOWN", "input", "corpus.txt")},
    ),
    "a function that only the model uses": (
        lambda study: edit(study / "scripts/helper.py", "value * 2", "value * 3"),
        Verdict.STALE,
        {("STALE", "code", "helper.scaled")},
    ),
    "a script": (
        lambda study: edit(study / "scripts/table.py", "0.123", "0.124"),
        Verdict.STALE,
        {("STALE", "code", "table.py")},
    ),
    "a script is gone": (
        lambda study: (study / "scripts/table.py").unlink(),
        Verdict.STALE,
        {("STALE", "code", "scripts/table.py")},
    ),
    "a docstring, a comment, an unused function": (
        lambda study: (
            (study / "scripts/helper.py").write_text(
                HELPER.replace('"""Doc."""', "# note").replace("return 1", "return 2")
            )
            and None
        ),
        Verdict.FRESH,
        set(),
    ),
    "the times of everything": (
        lambda study: touch(*study.rglob("*")),
        Verdict.FRESH,
        set(),
    ),
    "the result is gone": (
        lambda study: (study / "results/s/table.csv").unlink(),
        Verdict.UNKNOWN,
        {("UNKNOWN", "output", "results/s/table.csv")},
    ),
    "the record is gone": (
        lambda study: (study / "results/s/table.csv.prov.json").unlink(),
        Verdict.UNKNOWN,
        {("UNKNOWN", "record", "results/s/table.csv")},
    ),
    "the record of an input is gone": (
        lambda study: (study / "results/s/model.prov.json").unlink(),
        Verdict.UNKNOWN,
        {("UNKNOWN", "record", "results/s/model.prov.json")},
    ),
    "the record of another result": (
        lambda study: (
            shutil.copy(study / "results/s/test.txt.prov.json", study / "results/s/table.csv.prov.json") and None
        ),
        Verdict.TAMPERED,
        {
            ("UNKNOWN", "record", "results/s/table.csv.prov.json"),
            ("TAMPERED", "output", "results/s/table.csv"),
        },
    ),
}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_gets_its_verdict_and_its_name(study: Path, name: str) -> None:
    change, verdict, findings = CHANGES[name]
    change(study)
    assert audit(study, "results/s/table.csv") == (verdict, findings)
    if verdict is not Verdict.FRESH:
        assert main(["audit", str(study / "results")]) == verdict.value


def test_any_changed_byte_below_results_is_found(study: Path) -> None:
    files = sorted(path for path in (study / "results").rglob("*") if path.is_file() and path.stat().st_size)
    files = [path for path in files if path.name != ".snakemake_timestamp"]
    chance = random.Random(1)
    for _ in range(60):
        path = chance.choice(files)
        true = path.read_bytes()
        index = chance.randrange(len(true))
        path.write_bytes(true[:index] + bytes([true[index] ^ (1 << chance.randrange(8))]) + true[index + 1 :])
        findings = [finding for node in Audit(study).folder("results") for finding in node.findings]
        assert any(item.verdict is Verdict.TAMPERED and item.subject in path.as_posix() for item in findings), path
        path.write_bytes(true)
    assert {node.verdict for node in Audit(study).folder("results")} == {Verdict.FRESH}


def test_results_without_their_workflow_are_unknown_unless_they_were_changed(study: Path, tmp_path: Path) -> None:
    alone = tmp_path / "received"
    shutil.copytree(study / "results", alone / "results")
    assert main(["audit", str(alone / "results")]) == Verdict.UNKNOWN.value
    assert ("UNKNOWN", "code", "scripts/table.py") in audit(alone, "results/s/table.csv")[1]
    edit(alone / "results/s/table.csv", "0", "1")
    assert main(["audit", str(alone / "results")]) == Verdict.TAMPERED.value


def test_a_file_that_no_job_made_is_unknown(study: Path) -> None:
    (study / "results/s/extra.csv").write_text("1")
    assert main(["audit", str(study / "results")]) == 3
    assert audit(study, "results/s/extra.csv")[0] is Verdict.UNKNOWN


@pytest.mark.parametrize("name", ["logs/a.log", "benchmarks/a.tsv", "checkpoints/a/state", "README.md", ".hidden"])
def test_files_that_are_no_results_need_no_record(study: Path, name: str) -> None:
    (study / "results/s" / name).parent.mkdir(parents=True, exist_ok=True)
    (study / "results/s" / name).write_text("1")
    assert main(["audit", str(study / "results")]) == 0


def test_logs_of_slurm_beside_the_studies_need_no_record(study: Path) -> None:
    (study / "results/slurm_logs/rule_model/a").mkdir(parents=True)
    (study / "results/slurm_logs/rule_model/a/7.log").write_text("1")
    assert main(["audit", str(study / "results")]) == 0


def test_a_forged_record_breaks_the_chain(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(study)
    place = study / "results/s/model.prov.json"
    facts = json.loads(place.read_text())
    facts["settings"]["training"]["lr"] = 0.5
    place.unlink()
    write_record("results/s/model", {name: facts[name] for name in facts if name not in ("history", "seal")})
    assert audit(study, "results/s/model")[0] is Verdict.FRESH
    verdict, findings = audit(study, "results/s/table.csv")
    assert (verdict, findings) == (Verdict.UNKNOWN, {("UNKNOWN", "record", "results/s/model.prov.json")})


def test_an_input_made_again_with_the_same_bytes_keeps_the_chain(study: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(study)
    facts = json.loads((study / "results/s/model.prov.json").read_text())
    write_record("results/s/model", {name: facts[name] for name in facts if name not in ("history", "seal")})
    assert audit(study, "results/s/table.csv") == (Verdict.FRESH, set())


def settings_now(**changed: Any) -> Callable[[str, Mapping[str, str]], dict[str, Any] | None]:
    rules = {"model": {"training": {"lr": 0.1, "seeds": (1, 2)}}, "split": {}, "table": {"digits": 2}, **changed}
    return lambda rule, wildcards: rules[rule]


@pytest.mark.parametrize(
    ("changed", "finding"),
    [
        ({}, None),
        ({"model": {"training": {"seeds": [1, 2], "lr": 0.1}}}, None),
        ({"model": {"training": {"lr": 0.2, "seeds": [1, 2]}}}, ("training.lr", "0.1 -> 0.2")),
        ({"model": {"training": {"lr": 0.1, "seeds": [2, 1]}}}, ("training.seeds", "[1, 2] -> [2, 1]")),
        ({"model": {"training": {"lr": 0.1}}}, ("training.seeds", "[1, 2] -> (absent)")),
        ({"table": {"digits": 2, "title": "T"}}, ("title", "(absent) -> 'T'")),
        ({"table": None}, ("rule table", "the study does not ask for it any more")),
    ],
)
def test_settings_are_compared_leaf_by_leaf(
    study: Path, changed: dict[str, Any], finding: tuple[str, str] | None
) -> None:
    node = Audit(study, settings_now(**changed)).result("results/s/table.csv")
    found = [(item.subject, item.text) for file in node.lineage() for item in file.findings]
    assert found == ([finding] if finding else [])
    assert node.verdict is (Verdict.STALE if finding else Verdict.FRESH)


def test_settings_of_another_study_are_not_compared(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    changed = settings_now(table={"digits": 3})
    assert Audit(study, changed, "results/s").result("results/s/table.csv").verdict is Verdict.STALE
    looked = Audit(study, changed, "results/other")
    node = looked.result("results/s/table.csv")
    assert node.verdict is Verdict.FRESH
    assert node.notes == ["settings not compared: not a result of results/other"]
    show_folder(looked, [node], explain=False)
    assert "settings of results outside results/other were not compared" in capsys.readouterr().out


def test_json_names_every_file_of_the_lineage(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(study / "scripts/helper.py", "value * 2", "value * 3")
    assert main(["audit", "--json", str(study / "results/s/table.csv")]) == 1
    value = json.loads(capsys.readouterr().out)
    assert value["verdict"] == "STALE"
    assert value["files"]["results/s/table.csv"]["verdict"] == "FRESH"
    assert value["files"]["results/s/model"]["findings"][0]["subject"] == "helper.scaled"


def test_the_tree_and_the_explanation(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    edit(study / "scripts/helper.py", "value * 2", "value * 3")
    assert main(["audit", "--explain", str(study / "results/s/table.csv")]) == 1
    text = capsys.readouterr().out
    assert "code helper.scaled: was changed since" in text
    assert "digits = 2" in text
    assert "affected by code helper.scaled: 2 results of 2 jobs" in text
    assert "settings were not compared" in text


def test_of_a_checkout_the_results_are_audited(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", str(study)]) == 0
    whole = capsys.readouterr().out
    assert main(["audit", str(study / "results")]) == 0
    assert whole == capsys.readouterr().out


@pytest.mark.parametrize("command", ["audit", "replay"])
def test_a_folder_above_that_of_a_workflow_is_an_error(
    study: Path, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for path in (study.parent, Path("/")):
        assert main([command, str(path)]) == 64
        assert f"error: {path} lies above the folder of a workflow" in capsys.readouterr().err


def test_words_between_colons_are_no_emoji(study: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (study / "results/s/hla:dna:typed.csv").write_text("1")
    assert main(["audit", str(study / "results")]) == 3
    assert "hla:dna:typed.csv" in capsys.readouterr().out


def test_a_folder_without_results_is_told(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["audit", str(tmp_path)]) == 64
    assert capsys.readouterr().err.startswith("error: ")


def test_leaves_are_dotted_names() -> None:
    assert flat_settings({"a": {"b": 1, "c": []}, "d": [{"e": 2}, 3], "f": {}, "g": [1, 2]}) == {
        "a.b": 1,
        "a.c": [],
        "d.0.e": 2,
        "d.1": 3,
        "f": {},
        "g": [1, 2],
    }
