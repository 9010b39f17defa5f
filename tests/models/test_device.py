"""A requested GPU that cannot be used is an error, and the message has the reason that torch gives."""

import os
import runpy
from contextlib import nullcontext
from types import SimpleNamespace

import pytest
import torch
from conftest import ROOT

from markner.errors import MarknerError
from markner.models.device import device, require_device
from runrecord.job import _limit_threads

pytestmark = pytest.mark.skipif(torch.cuda.is_available(), reason="about machines without a GPU")


@pytest.fixture(autouse=True)
def no_grant(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("SLURM_JOB_GPUS", "SLURM_STEP_GPUS"):
        monkeypatch.delenv(name, raising=False)


def test_a_requested_gpu_must_be_there(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(MarknerError, match=r"needs 1 GPU, and torch .* sees 0 on .*: .*(CUDA|NVIDIA)") as error:
        require_device("gpu")
    assert torch.__version__ in error.value.message
    assert "older CUDA" in error.value.fix

    def too_old() -> None:
        raise RuntimeError("The NVIDIA driver on your system is too old (found version 11040).")

    monkeypatch.setattr(torch.cuda, "init", too_old)
    with pytest.raises(MarknerError, match=r"needs 4 GPUs, .*: The NVIDIA driver .* \(found version 11040\)"):
        require_device("gpu", 4)


@pytest.mark.parametrize("name", ["SLURM_JOB_GPUS", "SLURM_STEP_GPUS"])
def test_a_gpu_that_slurm_granted_must_be_there_too(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    require_device("any")
    monkeypatch.setenv(name, "0")
    with pytest.raises(MarknerError, match="needs 1 GPU"):
        require_device("any")


def test_the_cpu_can_always_be_requested(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SLURM_JOB_GPUS", "0")
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    require_device("cpu")
    assert device().type == "cpu"


@pytest.mark.parametrize(
    "script", ["predict", "train_encoder", "predict_encoder", "write_candidates", "similar_few_shot", "annotate"]
)
def test_jobs_that_load_a_model_check_the_device_first(script: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The script of each rule, run with nothing but its resources: it stops at the missing GPU."""
    monkeypatch.setenv("SLURM_JOB_GPUS", "0")
    monkeypatch.setattr("runrecord.job.job", lambda snakemake: nullcontext())
    job = SimpleNamespace(resources=SimpleNamespace(device="any"))
    with pytest.raises(MarknerError, match=r"needs 1 GPU, and torch \S+ sees 0"):
        runpy.run_path(str(ROOT / "workflow" / "scripts" / f"{script}.py"), init_globals={"snakemake": job})


def test_torch_has_no_more_threads_than_the_machine_has_cores() -> None:
    """A job may be given more cores than its machine has, as under `--cores 64`: the threads would only wait."""
    threads = torch.get_num_threads()
    try:
        for asked, expected in ((100_000, os.cpu_count()), (1, 1)):
            _limit_threads(SimpleNamespace(resources={"cpus_per_task": asked}, threads=1))
            assert torch.get_num_threads() == expected
    finally:
        torch.set_num_threads(threads)


def test_attention_is_not_prepared_anew_for_every_length(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.backends.cuda.enable_cudnn_sdp(True)
    assert device().type == "cpu"
    assert torch.backends.cuda.cudnn_sdp_enabled()
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert device().type == "cuda"
    assert not torch.backends.cuda.cudnn_sdp_enabled()
