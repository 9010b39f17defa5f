"""A training that is struck down half-way on a real SLURM: the documented command ends with a calm run's tables."""

import itertools
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
import yaml
from cluster import ASKED_FOR, Cluster, below, jobs, memory_requests, running
from conftest import ROOT
from slurm_study import make_checkout, start, study_on_one_node

pytestmark = [pytest.mark.slow, ASKED_FOR]

RESULTS = Path("results/tiny")
STEPS = 70
STRUCK_AFTER = 53


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running(tmp_path_factory.mktemp("chaos-cluster")) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def calm(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout in which nothing went wrong: one training of two processes, and all that rests on it."""
    # Two processes: four on the two cores of a small machine take four times as long.
    content = study_on_one_node(processes=2)
    content["runs"]["node"]["training"] |= {"epochs": 7, "device_batch_size": 4}
    folder = make_checkout(tmp_path_factory.mktemp("calm"), content)
    assert start(folder).wait() == 0, (folder / "said.txt").read_text(encoding="utf-8")[-8000:]
    return folder


@pytest.fixture
def folder(calm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same before the training, which saves a state after every step and not every twenty minutes."""
    monkeypatch.setenv("MARKNER_SECONDS_BETWEEN_STATES", "0")
    checkout = tmp_path / "checkout"
    shutil.copytree(calm, checkout, symlinks=True)
    files = ("models", "history", "costs", "costs.csv", "predictions", "scores", "tables", "errors", "report", "logs")
    for part in files:
        place = checkout / RESULTS / part
        shutil.rmtree(place) if place.is_dir() else place.unlink()
    for record in (checkout / RESULTS).rglob("*.prov.json"):
        if not record.with_name(record.name.removesuffix(".prov.json")).exists():
            record.unlink()
    (checkout / "said.txt").unlink()
    return checkout


def steps(folder: Path) -> list[int]:
    """Steps that the training has done, in order, those of all tries."""
    log = folder / RESULTS / "logs/train/node/seed1.steps.log"
    return (
        [int(step) for step in re.findall(r"^step (\d+)", log.read_text(encoding="utf-8"), re.M)]
        if log.exists()
        else []
    )


def training() -> str | None:
    """SLURM's id of the running training."""
    return next((job for job, rule in jobs("RUNNING").items() if rule.startswith("rule_train_")), None)


def until(holds: Callable[[], object], what: str, seconds: float = 240) -> None:
    end = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < end, f"waited {seconds} s until {what}"
        time.sleep(0.2)


def workers() -> list[int]:
    """Processes that train, as the system knows them."""
    found = []
    for path in Path("/proc").iterdir():
        if path.name.isdigit():
            try:
                command = (path / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if b"markner.models.causal.launch" in command and b"torch.distributed.run" not in command:
                found.append(int(path.name))
    return sorted(found)


def struck(folder: Path) -> "subprocess.Popen[str]":
    """A run whose training is half-way."""
    running = start(folder, "tables")
    until(lambda: len(steps(folder)) >= STRUCK_AFTER or running.poll() is not None, "the training is half-way")
    assert running.poll() is None, (folder / "said.txt").read_text(encoding="utf-8")[-6000:]
    return running


def ends_like(calm: Path, folder: Path) -> None:
    """The tables are those of the calm run, and no step was done twice from zero."""
    for table in ("table1.csv", "table1.md"):
        assert (folder / RESULTS / "tables" / table).read_bytes() == (calm / RESULTS / "tables" / table).read_bytes()
    done = steps(folder)
    again = [after for before, after in itertools.pairwise(done) if after <= before]
    assert done[0] == 1 and done[-1] == STEPS
    assert done.count(1) == 1, f"begun anew after {again}"
    assert all(step > 50 for step in again)
    assert not (folder / RESULTS / "checkpoints").exists() or not list(
        (folder / RESULTS / "checkpoints").rglob("*.distcp")
    )


def said(folder: Path) -> str:
    return (folder / "said.txt").read_text(encoding="utf-8")[-6000:]


def test_scancel(calm: Path, folder: Path) -> None:
    running = struck(folder)
    subprocess.run(["scancel", str(training())], check=True)
    assert running.wait() == 0, said(folder)
    ends_like(calm, folder)


def test_the_time_limit(calm: Path, folder: Path) -> None:
    # SLURM announces a limit in whole minutes, and up to one of them early: until it does, the training stands still.
    profile = folder / "profiles/slurm/config.yaml"
    content = yaml.safe_load(profile.read_text(encoding="utf-8"))
    content["set-resources"]["train"] |= {"runtime": 2, "slurm_extra": "'--signal=TERM@30 --open-mode=append'"}
    profile.write_text(yaml.safe_dump(content), encoding="utf-8")
    running = struck(folder)
    for process in workers():
        os.kill(process, signal.SIGSTOP)
    log = folder / RESULTS / "logs/train/node/seed1.log"
    until(lambda: "closing signal SIGTERM" in log.read_text(encoding="utf-8"), "the limit is announced")
    for process in workers():
        os.kill(process, signal.SIGCONT)
    assert running.wait() == 0, said(folder)
    ends_like(calm, folder)


def test_a_node_goes_down_with_all_on_it(calm: Path, folder: Path, cluster: Cluster) -> None:
    running = struck(folder)
    shown = subprocess.run(["scontrol", "show", "job", str(training())], capture_output=True, text=True, check=True)
    node = re.findall(r"\bNodeList=(n\d)", shown.stdout)[0]
    cluster.kill_node(node)
    try:
        assert running.wait() == 0, said(folder)
    finally:
        cluster.start_node(node)
    ends_like(calm, folder)


def test_a_process_of_the_training_is_killed(calm: Path, folder: Path) -> None:
    # Half as much memory again would be more than a node has. Memory is not what it lacked.
    config = folder / "config" / "config.yaml"
    content = yaml.safe_load(config.read_text(encoding="utf-8"))
    content["models"]["tiny-node"]["hardware"]["memory_gb"] = 15
    config.write_text(yaml.safe_dump(content, sort_keys=False), encoding="utf-8")
    before = len(memory_requests("train"))
    running = struck(folder)
    os.kill(workers()[-1], signal.SIGKILL)
    assert running.wait() == 0, said(folder)
    assert memory_requests("train")[before:] == [15_000, 15_000]
    ends_like(calm, folder)


def test_snakemake_is_interrupted(calm: Path, folder: Path) -> None:
    running = struck(folder)
    running.send_signal(signal.SIGINT)
    assert running.wait() != 0
    until(lambda: not jobs("RUNNING,COMPLETING"), "its jobs have ended")
    assert start(folder, "tables").wait() == 0, said(folder)
    ends_like(calm, folder)


def test_snakemake_is_killed(calm: Path, folder: Path) -> None:
    running = struck(folder)
    left = training()
    for process in [running.pid, *below(running.pid)]:
        os.kill(process, signal.SIGKILL)
    running.wait()
    unlock = [sys.executable, "-m", "snakemake", "--profile", "slurm", "--unlock"]
    subprocess.run(
        unlock, cwd=folder, check=True, capture_output=True, env=os.environ | {"PYTHONPATH": str(ROOT / "src")}
    )
    before = set(jobs())
    assert start(folder, "tables").wait() != 0, "the training would now be done by two jobs"
    assert f"{left} (running, train_wildcards_node_1)" in said(folder)
    assert set(jobs()) <= before, "nothing was submitted"
    (advice,) = set(re.findall(r"scancel --name=\S+", said(folder)))
    subprocess.run(advice.split(), check=True)
    until(lambda: not jobs("RUNNING,COMPLETING"), "its jobs have ended")
    assert start(folder, "tables").wait() == 0, said(folder)
    ends_like(calm, folder)
