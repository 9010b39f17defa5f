"""`with job(snakemake)` in a real process: log, errors, signals, and what the record says."""

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import IO, Any

import pytest

HEADER = """
import os, sys, time, logging
from snakemake.iocontainers import InputFiles, Log, OutputFiles, Params, ResourceList, Snakemake, Wildcards
from markner.errors import MarknerError
from runrecord.job import job
inputs = InputFiles(toclone=["in.txt", "in.txt", "more"])
inputs._set_name("one", 0)
inputs._set_name("many", 1, end=3)
snakemake = Snakemake(
    inputs,
    OutputFiles(toclone=["out.txt", "folder"]),
    Params(fromdict={"settings": {"lr": 0.1, "api_key": "s3cret"}, "code": "given", "extra": [1]}),
    Wildcards(fromdict={"run": "r"}), 2, ResourceList(), Log(toclone=["logs/a/job.log"]), {}, "train", None, "scripts")
def finish():
    open("out.txt", "w").write("result")
    os.makedirs("folder/deep")
    open("folder/deep/f", "w").write("1")
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "in.txt").write_text("input")
    (tmp_path / "more").mkdir()
    (tmp_path / "more/x").write_text("x")
    return tmp_path


def start(folder: Path, body: str, stderr: int | IO[str] = subprocess.PIPE) -> "subprocess.Popen[str]":
    indented = "".join(f"    {line}\n" for line in body.splitlines())
    (folder / "script.py").write_text(f"{HEADER}with job(snakemake):\n{indented}")
    return subprocess.Popen([sys.executable, "script.py"], cwd=folder, stderr=stderr, text=True)


def run(folder: Path, body: str) -> tuple[int, str]:
    process = start(folder, body)
    _, stderr = process.communicate(timeout=60)
    return process.returncode, stderr


def record(folder: Path, name: str = "out.txt") -> dict[str, Any]:
    value: dict[str, Any] = json.loads((folder / f"{name}.prov.json").read_text())
    return value


def test_a_job_leaves_a_record_beside_each_output(folder: Path) -> None:
    code, stderr = run(folder, "import yaml\nif False:\n    raise MarknerError('')\nfinish()")
    assert (code, stderr) == (0, "")
    facts = record(folder)
    assert facts["rule"] == "train"
    assert facts["wildcards"] == {"run": "r"}
    assert facts["settings"] == {"lr": 0.1, "api_key": "(masked)"}
    assert facts["params"] == {"extra": [1]}
    assert facts["code"]["script"] == "script.py"
    assert "markner.errors.MarknerError" in facts["code"]["parts"]
    assert not any("runrecord" in part for part in facts["code"]["parts"])
    assert [(item["name"], item["path"]) for item in facts["inputs"]] == [
        ("one", "in.txt"),
        ("one", "in.txt"),
        ("many", "more"),
    ]
    assert all(item["before"] == item["after"] and item["before"] for item in facts["inputs"])
    assert facts["environment"]["packages"]["yaml"]
    assert list(record(folder, "folder")["files"]) == ["deep/f"]
    assert 5_000_000 < facts["usage"]["memory"] < 2_000_000_000
    assert 0 < facts["usage"]["processor"] < 60
    text = (folder / "out.txt.prov.json").read_text()
    assert "s3cret" not in text
    assert str(folder) not in text
    assert str(Path.home()) not in text


def test_the_memory_of_the_process_that_starts_a_job_is_not_counted(folder: Path) -> None:
    held = bytearray(300_000_000)
    held[::4096] = b"x" * len(held[::4096])
    assert run(folder, "finish()") == (0, "")
    assert record(folder)["usage"]["memory"] < 290_000_000
    del held


def test_a_file_that_takes_stderr_keeps_what_is_in_it(folder: Path) -> None:
    with (folder / "run.log").open("w", encoding="utf-8") as stream:
        print("before", file=stream, flush=True)
        assert start(folder, 'print("own", file=sys.stderr)\nfinish()', stderr=stream).wait() == 0
        print("after", file=stream, flush=True)
    assert (folder / "run.log").read_text(encoding="utf-8") == "before\nown\nafter\n"


def test_stderr_of_the_job_and_of_its_children_goes_to_terminal_and_log(folder: Path) -> None:
    speak = 'print("own", file=sys.stderr)\nos.system("echo child >&2")\nlogging.getLogger("markner.x").info("logged")'
    code, stderr = run(folder, f"{speak}\nfinish()")
    assert code == 0
    assert stderr == (folder / "logs/a/job.log").read_text()
    assert [line.rpartition(" ")[2] for line in stderr.splitlines()] == ["own", "child", "logged"]


def test_a_known_error_is_two_plain_lines(folder: Path) -> None:
    code, stderr = run(folder, 'raise MarknerError("in.txt, line 3: bad", "write good")')
    assert code == 1
    assert stderr == "error: in.txt, line 3: bad\nfix: write good\n"
    assert (folder / "logs/a/job.log").read_text() == stderr
    assert not list(folder.glob("*.prov.json"))


def test_a_missing_permission_is_two_plain_lines(folder: Path) -> None:
    code, stderr = run(folder, 'raise PermissionError(13, "Permission denied", "data/a.tsv")')
    assert (code, stderr.splitlines()[0]) == (1, "error: data/a.tsv: Permission denied")
    assert stderr.splitlines()[1].startswith("fix: make room or give permission there")
    assert stderr.count("\n") == 2


def test_an_unknown_error_leaves_its_traceback_in_the_log(folder: Path) -> None:
    code, stderr = run(folder, "1 / 0")
    assert code == 1
    assert stderr.count("ZeroDivisionError") == 1
    assert "ZeroDivisionError" in (folder / "logs/a/job.log").read_text()


def test_a_quiet_job_shows_the_end_of_its_log_only_when_it_fails(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RUNRECORD_QUIET", "1")
    speak = 'for n in range(30): print("line", n, file=sys.stderr)'
    assert run(folder, f"{speak}\nfinish()") == (0, "")
    code, stderr = run(folder, f'{speak}\nraise MarknerError("in.txt, line 3: bad", "write good")')
    assert code == 1
    lines = stderr.splitlines()
    assert lines[0] == "A job failed. The end of its log, logs/a/job.log:"
    assert lines[1:] == [*(f"line {n}" for n in range(12, 30)), "error: in.txt, line 3: bad", "fix: write good"]


def test_native_crash_keeps_the_last_words(folder: Path) -> None:
    code, _ = run(folder, 'print("last words", file=sys.stderr)\nos.abort()')
    assert code == -signal.SIGABRT
    for _ in range(100):
        if (folder / "logs/a/job.log").read_text() == "last words\n":
            break
        time.sleep(0.05)
    assert (folder / "logs/a/job.log").read_text() == "last words\n"


def test_sigterm_lets_the_job_clean_up(folder: Path) -> None:
    body = 'try:\n    open("ready", "w").close()\n    time.sleep(60)\nfinally:\n    open("cleaned", "w").close()'
    process = start(folder, body)
    while not (folder / "ready").exists():
        assert process.poll() is None
        time.sleep(0.02)
    process.terminate()
    process.communicate(timeout=60)
    assert process.returncode == 128 + signal.SIGTERM
    assert (folder / "cleaned").exists()
    assert not list(folder.glob("*.prov.json"))


def test_an_input_that_changes_meanwhile_is_recorded_and_warned_of(folder: Path) -> None:
    code, stderr = run(folder, 'open("in.txt", "w").write("new")\nfinish()')
    assert code == 0
    assert "in.txt changed while the job ran" in stderr
    first = record(folder)["inputs"][0]
    assert first["before"] != first["after"]


def test_code_that_changes_meanwhile_is_recorded_by_name(folder: Path) -> None:
    code, _ = run(folder, 'open("script.py", "a").write("late = 1")\nfinish()')
    assert code == 0
    assert record(folder)["code"]["changed_meanwhile"] == ["script.py"]
