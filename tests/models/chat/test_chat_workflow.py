"""A chat study through the workflow, against the fault server: from the key to the table, and what runs again."""

import csv
import json
import os
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from chat_support import KEY, Server, assert_no_key
from conftest import ROOT
from forked import python, run_snakemake

pytestmark = pytest.mark.slow

SERVER = Path(__file__).parent / "fault_server.py"


def study(server: Server) -> dict[str, Any]:
    """Two runs of a model at the fault server, and one of a model that is gone."""
    files = {split: f"resources/sample/iob/disease/{split}.tsv" for split in ("train", "test")}
    api = {"source": "api", "provider": "test", "model": "m-2026", "price_input": 1.0, "price_output": 2.0}
    asked = {"system": "chat", "model": "fault", "retries": 12, "timeout": 2.0, "evaluate": ["ncbi_disease"]}
    rows = [
        {"label": "zero", "runs": ["zero"]},
        {"label": "five", "runs": ["five"]},
        {"label": "gone", "runs": ["gone"], "paper": "GPT-4 (zero-shot)"},
    ]
    return {
        "study": "chat",
        "answers": "kept/answers",
        "corpora": {
            "ncbi_disease": {
                "entity": "disease",
                "variant": "tokenized",
                "tokenized": {"format": "iob", **files},
                "sample": {"train": 30, "test": 6},
            }
        },
        "models": {
            "fault": {**api, "base_url": server.base_url, "key_env": "MARKNER_TEST_KEY"},
            "gone": {**api, "retired": "m was shut down"},
        },
        "runs": {
            "zero": asked,
            "five": {**asked, "shots": 5, "seeds": [1, 2], "budget_dollars": 1.0},
            "gone": {"system": "chat", "model": "gone", "evaluate": ["ncbi_disease"]},
        },
        "tables": {"t": {"title": "T", "corpora": ["ncbi_disease"], "paper_table": "table1", "rows": rows}},
    }


def snakemake(folder: Path, *arguments: str, key: str | None = KEY) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if name != "MARKNER_TEST_KEY"}
    environment |= {"MARKNER_TEST_KEY": key} if key else {}
    return run_snakemake(folder, "-c2", "--snakefile", str(ROOT / "Snakefile"), *arguments, environment=environment)


def planned(output: str) -> dict[str, int]:
    jobs = {rule: int(number) for rule, number in re.findall(r"^(\w+) +(\d+)$", output, re.MULTILINE)}
    return {rule: number for rule, number in jobs.items() if rule not in {"total", "all"}}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    command = [sys.executable, str(SERVER), "--key", KEY, "--rate", "0.3", "--seed", "2"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield Server(int(process.stdout.readline()), process)
        process.kill()


@pytest.fixture(scope="module")
def folder(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A working folder in which the study has been run."""
    folder = tmp_path_factory.mktemp("chat")
    (folder / "resources").symlink_to(ROOT / "resources")
    (folder / "study.yaml").write_text(yaml.safe_dump(study(server), sort_keys=False), encoding="utf-8")
    done = snakemake(folder, "--configfile", "study.yaml")
    assert done.returncode == 0, done.stdout[-6000:]
    return folder


def test_answers_become_a_table_and_the_key_is_in_no_file(folder: Path, server: Server) -> None:
    results = folder / "results" / "chat"
    for run, seed, shots in (("zero", 1, 0), ("five", 1, 5), ("five", 2, 5)):
        place = f"{run}/seed{seed}/ncbi_disease.json"
        answers = [json.loads(line) for line in (results / f"predictions/{place}l").read_text().splitlines()]
        assert [answer["status"] for answer in answers] == ["ok"] * 6
        assert json.loads((results / "usage" / place).read_text())["requests"] == 6
        chosen = json.loads((results / "few_shot" / place).read_text())
        assert len(chosen["shots"]) == shots
        assert chosen["mentions"] == sum(shot["mentions"] for shot in chosen["shots"])
    delivered = server.state()["delivered"]
    assert len(delivered) == len(set(delivered)) == 18
    with open(results / "tables" / "t.csv", encoding="utf-8") as stream:
        rows = {row["label"]: row for row in csv.DictReader(stream) if row["match"] == "strict"}
    assert rows["zero"]["f1"] != "" != rows["five"]["f1"]
    assert (rows["gone"]["f1"], rows["gone"]["paper_f1"], rows["gone"]["retired"]) == ("", "0.493", "m was shut down")
    assert not list(results.rglob("*gone*"))
    assert_no_key(folder)


PAGE = {"lineage": 1, "workflow_figure": 1, "report": 1}
"""Jobs that follow from any other job."""


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda study: study["models"]["fault"].update(price_input=9.0, price_output=9.0, key_env="OTHER"), {}),
        (lambda study: study["runs"]["five"].update(retries=1, timeout=9.0, budget_requests=999, concurrency=1), {}),
        (
            lambda study: study["runs"]["zero"].update(temperature=0.5),
            {"chat": 1, "score": 1, "errors": 1, "significance": 2, "strata": 1, "table": 1, **PAGE},
        ),
        (
            lambda study: study["runs"]["five"].update(shots=4),
            {"few_shot": 2, "chat": 2, "score": 2, "errors": 2, "significance": 2, "strata": 1, "table": 1, **PAGE},
        ),
    ],
    ids=["prices and key", "patience and budget", "temperature", "shots"],
)
def test_a_change_runs_what_depends_on_it(
    folder: Path, server: Server, change: Callable[[dict[str, Any]], None], expected: dict[str, int]
) -> None:
    changed = study(server)
    change(changed)
    (folder / "changed.yaml").write_text(yaml.safe_dump(changed, sort_keys=False), encoding="utf-8")
    done = snakemake(folder, "-n", "--configfile", "changed.yaml", key=None)
    assert done.returncode == 0, done.stdout
    assert planned(done.stdout) == expected


def test_what_was_answered_is_not_asked_again_and_gives_the_same_bytes(folder: Path, server: Server) -> None:
    asked = len(server.state()["asked"])
    name = "results/chat/predictions/five/seed2/ncbi_disease.jsonl"
    path = folder / name
    before = path.read_bytes()
    path.unlink()
    done = snakemake(folder, "--configfile", "study.yaml", "--", name)
    assert done.returncode == 0, done.stdout[-6000:]
    assert path.read_bytes() == before
    assert len(server.state()["asked"]) == asked


def test_a_replay_asks_nobody(folder: Path, server: Server) -> None:
    asked = len(server.state()["asked"])
    name = "results/chat/predictions/five/seed1/ncbi_disease.jsonl"
    command = [python(), "-m", "markner.cli.main", "replay", name, "--configfile", "study.yaml"]
    environment = os.environ | {"MARKNER_TEST_KEY": "any-word"}
    done = subprocess.run([*command, "--run"], cwd=folder, capture_output=True, text=True, check=False, env=environment)
    assert (done.returncode, done.stdout.count("identical: ")) == (0, 2), done.stdout + done.stderr
    assert len(server.state()["asked"]) == asked
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, env=environment)
    assert f"--config answers={folder}/kept/answers" in done.stdout


def test_a_missing_key_is_told_before_the_first_job_that_would_need_it(folder: Path, server: Server) -> None:
    again = study(server) | {"study": "again"}
    (folder / "again.yaml").write_text(yaml.safe_dump(again, sort_keys=False), encoding="utf-8")
    config = ("--configfile", "again.yaml")
    asked = len(server.state()["asked"])
    assert snakemake(folder, "-n", *config, key=None).returncode == 0
    done = snakemake(folder, *config, key=None)
    assert done.returncode != 0
    assert "MARKNER_TEST_KEY, for five, zero" in done.stdout
    assert "export MARKNER_TEST_KEY=..." in done.stdout
    assert "Traceback" not in done.stdout
    assert not list((folder / "results/again").rglob("*.json*"))
    assert len(server.state()["asked"]) == asked
    done = snakemake(folder, *config, "--", "corpora", key=None)
    assert done.returncode == 0, done.stdout[-6000:]
