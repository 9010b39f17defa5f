"""A further try has more memory only if memory was what it lacked."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import ROOT
from snakemake.resources import Resources

from markner.preflight.retries import ended_out_of_memory, memory_of_try


@pytest.mark.parametrize(
    "line",
    [
        "slurmstepd: error: Detected 1 oom_kill event in StepId=12.batch. Some of the step tasks have been OOM Killed.",
        "MemoryError",
        "slurmstepd: error: Step 7.0 exceeded memory limit (9216 > 8192), being killed",
    ],
)
def test_an_out_of_memory_end_is_recognised(tmp_path: Path, line: str) -> None:
    log = tmp_path / "job.log"
    log.write_text("step 1\n" * 20_000 + line + "\n", encoding="utf-8")
    assert ended_out_of_memory(log)
    log.write_text("torch.OutOfMemoryError: CUDA out of memory. Tried to allocate 2.00 GiB\n", encoding="utf-8")
    assert not ended_out_of_memory(log), "more main memory does not help a GPU"
    log.write_text("step 1\nslurmstepd: error: *** JOB 12 CANCELLED DUE TO TIME LIMIT ***\n", encoding="utf-8")
    assert not ended_out_of_memory(log)
    assert not ended_out_of_memory(tmp_path / "none.log")


def test_memory_grows_after_such_ends_alone_and_stops_at_the_limit(tmp_path: Path) -> None:
    killed, cancelled = tmp_path / "1.log", tmp_path / "2.log"
    killed.write_text("Detected 1 oom_kill event", encoding="utf-8")
    cancelled.write_text("CANCELLED DUE TO NODE FAILURE", encoding="utf-8")
    os.utime(killed, (1, 1))
    assert memory_of_try(1000, 1, [killed]) == 1000
    assert memory_of_try(1000, 2, [cancelled]) == 1000
    assert memory_of_try(1000, 2, [killed, cancelled]) == 1000, "the older log is of an earlier run"
    assert memory_of_try(1000, 3, [killed, cancelled]) == 1500
    assert memory_of_try(1000, 2, [killed], limit=1200) == 1200
    assert memory_of_try(1000, 2, [killed], limit=800) == 1000


@pytest.mark.parametrize(
    ("asked", "partition", "cores"),
    [({}, "", 1), ({"mem_mb": 8}, "", 1), ({"slurm_partition": "'gpu,long'", "cpus_per_task": 4}, "gpu,long", 4)],
)
def test_partition_and_cores_are_those_of_the_profile(asked: dict[str, Any], partition: str, cores: int) -> None:
    path = ROOT / "workflow" / "rules" / "resources.smk"
    rule = SimpleNamespace(resources=Resources.from_mapping(asked))
    functions: dict[str, Any] = {"workflow": SimpleNamespace(get_rule=lambda name: rule)}
    exec(compile(path.read_text(encoding="utf-8"), path, "exec"), functions)
    assert functions["partition_of"]("train") == partition
    assert functions["cores_of_profile"]("train_encoder")(None) == cores
