"""The device of a job: a GPU or the CPU, and an error if a requested GPU cannot be used."""

import os
import re
import socket
from pathlib import Path
from typing import Literal

import torch

from markner.errors import MarknerError
from markner.models.linear import use_onednn

Device = Literal["any", "gpu", "cpu"]

_DRIVER = Path("/proc/driver/nvidia/version")
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

    Args:
        requested: The `device` of the model's `hardware`. With `any` the job runs on the CPU only if SLURM has granted
            it no GPU and none is visible.
        gpus: GPUs that the processes on this node need together.

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
        f"this job needs {gpus} GPU{'s' if gpus > 1 else ''}, and torch sees {visible} on {socket.gethostname()};"
        f" {_driver()}; {_build()}",
        "check that `nvidia-smi` in the job shows the GPUs; if the driver is too old for this build, install torch from"
        " an index for an older CUDA that pytorch.org names (cu126, cu128); or set `device: cpu` in the model's"
        " `hardware`",
    )


def _driver() -> str:
    """Return the version of the NVIDIA driver in words."""
    text = _DRIVER.read_text(encoding="utf-8") if _DRIVER.is_file() else ""
    version = re.search(r"\s(\d+(?:\.\d+)+)\s", text)
    return f"the NVIDIA driver is {version[1]}" if version else "no NVIDIA driver is loaded"


def _build() -> str:
    """Return the CUDA version that torch is built for, in words."""
    cuda = torch.version.cuda
    if cuda is None:
        return f"torch {torch.__version__} is a build without CUDA"
    least = "; CUDA 13 needs driver 580 or newer" if cuda.startswith("13") else ""
    return f"torch {torch.__version__} is built for CUDA {cuda}{least}"
