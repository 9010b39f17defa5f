"""The study by `snakemake --profile slurm` on a real SLURM: from native files to the table, on one node and on two."""

import csv
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from cluster import ASKED_FOR, Cluster, running
from slurm_study import make_checkout, start

from markner.files import read_json

pytestmark = [pytest.mark.slow, ASKED_FOR]


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def checkout(cluster: Cluster, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A checkout in which the whole study has run."""
    folder = make_checkout(tmp_path_factory.mktemp("checkout"))
    code = start(folder).wait()
    assert code == 0, (folder / "said.txt").read_text(encoding="utf-8")[-8000:]
    return folder


def submitted(checkout: Path, rule: str) -> dict[str, str]:
    """What SLURM was asked for by the job of a rule, as it keeps it itself."""
    shown = subprocess.run(["scontrol", "show", "jobs", "-o"], capture_output=True, text=True, check=True).stdout
    (line,) = (line for line in shown.splitlines() if re.search(rf"Comment=rule_{rule}_wildcards_\S*\b", line))
    return dict(re.findall(r"(\S+?)=(\S*)", line))


def test_all_of_it_comes_out(checkout: Path) -> None:
    with (checkout / "results/tiny/tables/table1.csv").open(encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert {row["label"] for row in rows} == {"one node", "two nodes"}
    assert (checkout / "results/tiny/significance/sample_disease.csv").exists()


def test_the_training_on_a_node_has_one_task_and_four_gpus(checkout: Path) -> None:
    job = submitted(checkout, "train")
    assert (job["NumNodes"], job["NumTasks"], job["Partition"]) == ("1", "1", "gpu")
    assert "gres/gpu=4" in job["TRES"] or job["TresPerJob"] == "gres:gpu:4"
    assert read_json(checkout / "results/tiny/costs/node/seed1.json")["processes"] == 4


def test_the_training_on_two_nodes_has_a_task_on_each(checkout: Path) -> None:
    job = submitted(checkout, "train_on_nodes")
    assert (job["NumNodes"], job["NumTasks"]) == ("2", "2")
    assert job["NodeList"] == "n[1-2]"
    assert job["TresPerNode"] == "gres:gpu:2", "each node gives two GPUs; a number for both might be split 3 to 1"
    assert read_json(checkout / "results/tiny/costs/nodes/seed1.json")["processes"] == 4


def test_all_of_the_results_is_fresh(checkout: Path) -> None:
    command = [sys.executable, "-m", "markner.cli.main", "audit", "--configfile", "config/config.yaml", "results"]
    done = subprocess.run(command, cwd=checkout, capture_output=True, text=True, check=False)
    assert done.stdout.startswith("FRESH"), done.stdout
    assert done.returncode == 0


def losses(checkout: Path, run: str) -> list[float]:
    return [entry["loss"] for entry in read_json(checkout / f"results/tiny/history/{run}/seed1.json")["history"]]


def test_both_take_the_same_way(checkout: Path) -> None:
    assert losses(checkout, "nodes") == pytest.approx(losses(checkout, "node"), rel=1e-4)


def test_logs_of_finished_jobs_are_kept(checkout: Path) -> None:
    assert list((checkout / "results" / "slurm_logs").glob("rule_train/**/*.log"))
    assert (checkout / "results/tiny/logs/train/node/seed1.steps.log").read_text().count("step ") == 40


def preflight(checkout: Path, profile: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "markner.cli.main", "preflight", "--configfile", "config/config.yaml"]
    environment = os.environ | {"HF_HUB_OFFLINE": "1", "COLUMNS": "200"}
    return subprocess.run(
        [*command, "--profile", profile], cwd=checkout, env=environment, capture_output=True, text=True, check=False
    )


def test_preflight_finds_nothing_wrong_with_what_ran(checkout: Path) -> None:
    done = preflight(checkout, "profiles/slurm")
    assert done.returncode == 0, done.stdout


def test_preflight_names_what_would_wait_for_ever(checkout: Path) -> None:
    profile = yaml.safe_load((checkout / "profiles/slurm/config.yaml").read_text(encoding="utf-8"))
    profile["set-resources"]["train"] |= {"slurm_partition": "gpus"}
    profile["set-resources"]["train_on_nodes"] |= {"gres": "gpu:9", "runtime": 6000}
    (checkout / "profiles/impossible").mkdir()
    (checkout / "profiles/impossible/config.yaml").write_text(yaml.safe_dump(profile), encoding="utf-8")
    done = preflight(checkout, "profiles/impossible")
    assert done.returncode != 0
    for text in ("there is no partition 'gpus'", "9 GPUs asked for", "6000 minutes asked for, partition gpu has 600"):
        assert text in " ".join(done.stdout.split()), done.stdout
