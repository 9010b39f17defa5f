"""A training that lacks memory asks for half as much again, and never for more than a node of its partition has."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from cluster import ASKED_FOR, Cluster, memory_requests, running
from slurm_study import make_checkout, start, study_on_one_node

pytestmark = [pytest.mark.slow, ASKED_FOR]

FIRST_MB = 1000
NODE_MB = 1200
"""Less than two processes need. The node without GPUs, in another partition, has 32,000."""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running(tmp_path_factory.mktemp("small-cluster"), memory_mb=NODE_MB) as cluster:
        yield cluster


def test_memory_grows_up_to_what_a_node_of_the_partition_has(cluster: Cluster, tmp_path: Path) -> None:
    folder = make_checkout(tmp_path, study_on_one_node(processes=2, memory_gb=FIRST_MB / 1000))
    assert start(folder, "results/tiny/models/node/seed1").wait() != 0
    output = (folder / "said.txt").read_text(encoding="utf-8")
    assert memory_requests("train") == [FIRST_MB, NODE_MB, NODE_MB], output[-6000:]
    assert "Memory specification can not be satisfied" not in output
