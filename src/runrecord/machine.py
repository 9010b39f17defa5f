"""Facts about the run of a job: imported packages, machine, GPUs, SLURM job, commit. No secrets, no home folder."""

import importlib.metadata
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Any

from runrecord.code import PACKAGE_ROOT

CHECKOUT = PACKAGE_ROOT.parents[1]
"""The folder that the package is installed from (src layout)."""
_SLURM = ("JOB_ID", "JOB_PARTITION", "JOB_NODELIST", "JOB_NUM_NODES", "CPUS_PER_TASK", "GPUS_ON_NODE", "RESTART_COUNT")


def environment() -> dict[str, Any]:
    """Return the facts about machine and process that may explain a difference between two runs."""
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "host": platform.node(),
        "cpu": _cpu(),
        "cores": os.cpu_count(),
        "gpu": _gpu(),
        "slurm": {name.lower(): value for name in _SLURM if (value := os.environ.get(f"SLURM_{name}"))},
        "git": git_state(),
        "packages": packages(),
    }


def packages() -> dict[str, str]:
    """Return the versions of the installed packages that this process has imported, by name."""
    versions: dict[str, str] = {}
    for name in sorted({module.partition(".")[0] for module in sys.modules}):
        module = sys.modules.get(name)
        file = getattr(module, "__file__", None) or ""
        if name.startswith("_") or ("site-packages" not in file and "dist-packages" not in file):
            continue
        if version := package_version(name) or getattr(module, "__version__", None):
            versions[name] = str(version)
    return versions


def package_version(name: str) -> str | None:
    """Return the version of a package whose installed name is its import name; None if there is no such package."""
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return None


def git_state() -> dict[str, Any] | None:
    """Return the commit of the checkout, and whether tracked files differ from it; None outside of git."""
    command = ["git", "-C", str(CHECKOUT), "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        output = subprocess.run(command, capture_output=True, text=True, timeout=20, check=True).stdout.strip()
    except (OSError, subprocess.SubprocessError):
        return None
    return {"commit": output.removesuffix("-dirty"), "dirty": output.endswith("-dirty")}


def _cpu() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        return platform.processor()
    return next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), platform.machine())


def _gpu() -> dict[str, Any] | None:
    """Return the GPUs that torch sees; None if the job has not imported torch or there is no GPU."""
    torch = sys.modules.get("torch")
    if torch is None or not torch.cuda.is_available():
        return None
    return {
        "names": [torch.cuda.get_device_name(index) for index in range(torch.cuda.device_count())],
        "cuda": torch.version.cuda,
        "cudnn": torch.backends.cudnn.version(),
        "driver": _driver(),
    }


def _driver() -> str | None:
    try:
        return Path("/proc/driver/nvidia/version").read_text(encoding="utf-8").splitlines()[0]
    except (OSError, IndexError):
        return None
