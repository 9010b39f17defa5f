"""A cluster, a profile, and the requests that no node can fulfil."""

import re
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

from markner.errors import MarknerError
from markner.preflight import cluster
from markner.preflight import report as preflight
from markner.preflight.cluster import Nodes, Request, misfits, parse_sinfo
from markner.preflight.profile import profile_of
from markner.preflight.report import Report, _cluster
from markner.preflight.requests import OTHER_RULES, other_requests, requests
from markner.study.loading import load_study_file

PAPER = load_study_file(ROOT / "config" / "config.yaml")
PROFILE = profile_of(ROOT / "profiles" / "slurm" / "config.yaml")
SINFO = """\
cpu*|1:00:00|1|(null)|32000|16
gpu|2-00:00:00|2|gpu:h100:4(S:0-1)|500000+|64
gpu|2-00:00:00|1|gpu:a100:2|250000|32
endless|infinite|1|gpu:8|100|1
"""


def test_a_cluster_is_read_from_sinfo() -> None:
    partitions = parse_sinfo(SINFO)
    assert partitions["cpu"] == partitions[""]
    gpu = partitions["gpu"]
    assert (gpu.minutes, gpu.most) == (2880, (3, 4, 500000, 64))
    assert (partitions["endless"].minutes, partitions["endless"].most.gpus, partitions["cpu"].most.gpus) == (None, 8, 0)


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ({}, ""),
        ({"partition": "fast"}, "there is no partition 'fast'"),
        ({"gpus": 8}, "8 GPUs asked for, partition gpu has 4"),
        ({"number": 5}, "5 nodes asked for"),
        ({"memory_mb": 600000}, "memory a node: 600000 MB"),
        ({"minutes": 3000}, "time: 3000 minutes"),
        ({"cores": 128}, "cores a node: 128"),
        ({"partition": "cpu,gpu"}, ""),
        ({"partition": "cpu,endless"}, "4 GPUs asked for, partition cpu has 0"),
        ({"partition": "gpu,fast"}, "there is no partition 'fast'"),
        ({"number": 3}, "3 nodes with 4 GPUs, 100 MB and 8 cores each asked for, partition gpu has 2 such nodes"),
    ],
)
def test_a_request_that_would_wait_for_ever_is_named(change: dict[str, object], expected: str) -> None:
    values: dict[str, Any] = {"partition": "gpu", "number": 1, "gpus": 4, "memory_mb": 100, "cores": 8, "minutes": 60}
    values |= change
    nodes = Nodes(**{name: values[name] for name in Nodes._fields})
    request = Request("runs.x", "train", 1, values["partition"], nodes, values["minutes"])
    named = misfits([request], parse_sinfo(SINFO))
    assert (expected in named[0][1] and named[0][0] == "runs.x" and named[0][2]) if expected else named == []


@pytest.mark.parametrize(
    ("enforced", "default", "needed"),
    [("none", "", False), ("associations,limits,qos", "", True), ("associations,limits,qos", "mylab\n", False)],
)
def test_a_default_account_is_enough(
    enforced: str, default: str, needed: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    outputs = {"scontrol": f"AccountingStorageEnforce = {enforced}\n", "sacctmgr": default}
    monkeypatch.setattr(cluster, "slurm_output", lambda command, *_: outputs[command])
    assert cluster.account_needed() is needed


def test_the_lines_that_a_site_uncomments_suit_their_rules(tmp_path: Path) -> None:
    text = (ROOT / "profiles" / "slurm" / "config.yaml").read_text(encoding="utf-8")
    named = re.sub(r"^( +)# (gpu_model|gres):", r"\1\2:", text, flags=re.MULTILINE)
    (tmp_path / "config.yaml").write_text(named, encoding="utf-8")
    rules = profile_of(tmp_path)["set-resources"]
    assert all(("gpu_model" in values) == (rule != "train_on_nodes") for rule, values in rules.items())
    # SLURM refuses a job on several nodes with `gpu_model`: one GPU for all of them.
    assert {rule: values["gres"] for rule, values in rules.items() if "gres" in values} == {
        "train_on_nodes": "gpu:h100:4"
    }
    assert rules["train_on_nodes"]["slurm_extra"] == rules["train"]["slurm_extra"]


def test_jobs_beside_the_long_ones_are_checked() -> None:
    short = SINFO.replace("cpu*|1:00:00", "compute|1:00:00").replace("gpu|2-00:00:00", "gpu|0:30:00")
    texts = {what for _, what, _ in misfits(other_requests(PAPER, PROFILE), parse_sinfo(short))}
    assert texts == {
        "rule (all others): there is no partition 'cpu'",
        "rule weights: there is no partition 'cpu'",
        "rule predict_encoder: time: 60 minutes asked for, partition gpu has 30",
    }
    long = SINFO.replace("1:00:00|1|", "4:00:00|1|")
    assert list(misfits(other_requests(PAPER, PROFILE), parse_sinfo(long))) == []


@pytest.mark.parametrize("rule", OTHER_RULES)
def test_their_resources_are_those_of_the_rules(rule: str) -> None:
    texts = [path.read_text(encoding="utf-8") for path in (ROOT / "workflow" / "rules").glob("*.smk")]
    (text,) = re.findall(rf"^rule {rule}:$(.*?)^    script:$", "\n".join(texts), re.MULTILINE | re.DOTALL)
    resources = {name: int(value) for name, value in re.findall(r"(mem_mb|runtime)=(\d+)", text)}
    assert resources == {name: value for name, value in OTHER_RULES[rule].items() if name != "cpus_per_task"}


@pytest.mark.parametrize(
    "text",
    [
        "default-resources: {slurm_partition: cpu}\n"
        "set-resources: {train: {slurm_partition: big, mem: 200GB, runtime: 2d}}",
        "default-resources: [slurm_partition=cpu]\n"
        "set-resources: ['train:slurm_partition=big', 'train:mem_mb=200000', 'train:runtime=2880']",
    ],
)
def test_a_profile_is_read_as_snakemake_reads_it(text: str, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(f"{text}\nresources: ['training_gb=100']\n", encoding="utf-8")
    profile = profile_of(tmp_path)
    found = {(request.part, request.rule): request for request in requests(PAPER, profile)}
    train = found["runs.bioner-llama1", "train"]
    assert (train.partition, train.nodes.memory_mb, train.minutes) == ("big", 200000, 2880)
    assert found["runs.bioner-llama1", "predict"].partition == "cpu"
    assert profile["resources"] == {"training_gb": 100}


@pytest.mark.parametrize("text", ["set-resources: {train: 3}", "set-resources: [", "default-resources: [runtime]"])
def test_a_profile_that_snakemake_cannot_read_is_an_error(text: str, tmp_path: Path) -> None:
    (tmp_path / "config.yaml").write_text(text, encoding="utf-8")
    with pytest.raises(MarknerError, match=str(tmp_path / "config.yaml")):
        profile_of(tmp_path)


def test_partitions_that_cancel_preempted_jobs_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    # Output of SLURM 22.05 with PreemptMode=CANCEL, and of a partition with a mode of its own.
    monkeypatch.setattr(cluster, "slurm_output", lambda *_: "cpu*|CANCEL\ngpu|CANCEL\nlong|REQUEUE\n")
    assert cluster.partitions_that_cancel() == ["cpu", "gpu"]
    monkeypatch.setattr(preflight, "partitions", dict)
    report = Report()
    _cluster([], {}, report)
    assert any(line.startswith("  cpu, gpu: preempted jobs are cancelled") for line in report.lines)
    monkeypatch.setattr(cluster, "slurm_output", lambda *_: None)
    assert cluster.partitions_that_cancel() == []
