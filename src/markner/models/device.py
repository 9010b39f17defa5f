"""The device of a job: a GPU or the CPU, and an error if a requested GPU cannot be used."""

import os
import socket
from typing import Literal

import torch

from markner.errors import MarknerError
from markner.models.linear import use_onednn

Device = Literal["any", "gpu", "cpu"]

_GRANTED = ("SLURM_JOB_GPUS", "SLURM_STEP_GPUS")


def device() -> torch.device:
    """Return the GPU if there is one, else the CPU. On a GPU, attention is from then on not computed by cuDNN.

    On H100 and B200, torch tries cuDNN's attention first, which prepares itself anew for every length that it has not
    seen, in tens to hundreds of milliseconds. Here nearly every batch and every pass of decoding has another length.
    """
    if not torch.cuda.is_available():
        return torch.device("cpu")
    torch.backends.cuda.enable_cudnn_sdp(False)
    return torch.device("cuda")


def place(model: torch.nn.Module) -> None:
    """Move a model to the GPU if there is one; on a CPU, let oneDNN compute its linear layers."""
    where = device()
    torch.nn.Module.to(model, where)
    if where.type == "cpu":
        use_onednn(model)


def device_name() -> str:
    """Return the model of the GPU, `CPU` if there is none."""
    return torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"


def require_device(requested: Device, gpus: int = 1) -> None:
    """Check that this process can use the requested device. For `cpu`, hide all GPUs.

    `requested` is the `device` of the model's `hardware`. With `any` the job runs on the CPU only if SLURM has granted
    it no GPU and none is visible. `gpus` is what the processes on this node need together.

    Raises:
        MarknerError: GPUs were requested or granted, and torch sees fewer. A job would otherwise run on the CPU, slowly
            and without a message, while it occupies the GPUs.
    """
    if requested == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
        return
    visible = torch.cuda.device_count()
    granted = any(os.environ.get(name) for name in _GRANTED)
    if visible >= gpus or (requested == "any" and not visible and not granted):
        return
    raise MarknerError(
        f"this job needs {gpus} GPU{'s' if gpus > 1 else ''}, and torch {torch.__version__} sees {visible} on"
        f" {socket.gethostname()}{_reason()}",
        "check that `nvidia-smi` in the job shows the GPUs; if the driver is too old for this build, install torch from"
        " an index for an older CUDA that pytorch.org names (cu126, cu128); or set `device: cpu` in the model's"
        " `hardware`",
    )


def _reason() -> str:
    """Return why torch sees no GPU, in its own words; empty if it sees one."""
    try:
        torch.cuda.init()  # type: ignore[no-untyped-call]
    except (AssertionError, RuntimeError) as error:
        return f": {error}"
    return ""
