"""A job that `sbatch` refuses ends with SLURM's message; the other jobs are run to their end."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from cluster import ASKED_FOR, Cluster, running
from conftest import ROOT
from slurm_study import start

pytestmark = [pytest.mark.slow, ASKED_FOR]

SNAKEFILE = """\
rule all:
    input:
        expand("{number}.txt", number=range(10)),


def memory(wildcards):
    return 10_000_000 if wildcards.number == "3" else 1000


rule work:
    output:
        "{number}.txt",
    resources:
        mem_mb=memory,
        runtime=2,
    shell:
        "echo {wildcards.number} > {output}"
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running(tmp_path_factory.mktemp("refused-cluster")) as cluster:
        yield cluster


def test_a_refused_job_loses_none_of_the_other_nine(cluster: Cluster, tmp_path: Path) -> None:
    (tmp_path / "Snakefile").write_text(SNAKEFILE, encoding="utf-8")
    shutil.copytree(ROOT / "profiles", tmp_path / "profiles")
    (tmp_path / "slurm").symlink_to("profiles/slurm")
    profile = tmp_path / "profiles" / "slurm" / "config.yaml"
    content = yaml.safe_load(profile.read_text(encoding="utf-8"))
    content |= {"slurm-init-seconds-before-status-checks": 4, "latency-wait": 10}
    profile.write_text(yaml.safe_dump(content), encoding="utf-8")
    assert start(tmp_path).wait() != 0
    said = (tmp_path / "said.txt").read_text(encoding="utf-8")
    made = {path.name for path in tmp_path.glob("*.txt")} - {"said.txt"}
    assert made == {f"{number}.txt" for number in range(10) if number != 3}, said[-6000:]
    assert "Memory specification can not be satisfied" in said
    assert "rule work" in said and "Traceback" not in said
