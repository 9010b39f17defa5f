"""Start a training in as many processes as it is to have: in this one, on this machine, or on several SLURM nodes."""

import json
import os
import shlex
import signal
import socket
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path
from types import FrameType
from typing import Literal

import torch

from markner.data.instructions import read_instances
from markner.errors import MarknerError
from markner.models.causal.finetune import finetune
from markner.models.causal.preemption import PREEMPTED
from markner.study.schema.systems import Training

_WORKER = "markner.models.causal.worker"
# What a state of the largest models takes to write; a process that hangs in a dead connection is ended then.
_LAST_SECONDS = 300


@dataclass(frozen=True)
class LaunchConfig:
    """Where a training runs. It decides how fast the training is; the result is the same but for rounding."""

    processes: int = 1
    """Processes over all nodes."""
    nodes: int = 1
    device: Literal["any", "gpu", "cpu"] = "any"
    """`any`: a GPU for each process where there are GPUs."""
    cores: int = 1
    """CPU cores on each node."""

    @property
    def per_node(self) -> int:
        """Processes on each node."""
        return self.processes // self.nodes


@dataclass(frozen=True)
class Tuning:
    """One training, in words that can be handed to another process; `finetune` tells what they mean."""

    weights: str
    instructions: str
    template: str
    training: dict[str, object]
    seed: int
    output: str
    costs: str
    log: str
    checkpoints: str


def tune(tuning: Tuning, layout: LaunchConfig) -> None:
    """Train a model, in one process or sharded over several.

    Raises:
        MarknerError: As `finetune`; the layout is impossible on this machine; a process failed.
        SystemExit: SIGTERM came. The processes have saved a state to go on from.
    """
    if layout.processes == 1:
        run_here(tuning, layout)
        return
    # One string each: they are passed on through a launcher and a shell.
    task = [json.dumps(asdict(tuning)), json.dumps(asdict(layout))]
    command = _on_nodes(layout, task) if layout.nodes > 1 else _on_this_machine(layout, task)
    threads = max(1, layout.cores // layout.per_node)
    code, stopped = _run(command, os.environ | {"OMP_NUM_THREADS": str(threads)})
    if stopped:
        raise SystemExit(PREEMPTED)
    if code:
        raise MarknerError(
            f"the training in {layout.processes} processes ended with exit code {code}",
            "what the process that failed first said stands above; once that is mended, the next run goes on from"
            f" the last state in {tuning.checkpoints}",
        )


def run_here(tuning: Tuning, layout: LaunchConfig) -> None:
    """Do the part of a training that falls to this process."""
    _check_devices(layout)
    finetune(
        Path(tuning.weights),
        read_instances(tuning.instructions),
        tuning.template,
        Training.model_validate(tuning.training),
        tuning.seed,
        Path(tuning.output),
        Path(tuning.costs),
        Path(tuning.log),
        Path(tuning.checkpoints),
        layout.processes,
    )


def _check_devices(layout: LaunchConfig) -> None:
    """See that each process on this node has its GPU, or that none is used."""
    if layout.device == "cpu":
        os.environ["CUDA_VISIBLE_DEVICES"] = ""
        return
    found = torch.cuda.device_count()
    if found < layout.per_node and (layout.device == "gpu" or found):
        raise MarknerError(
            f"{layout.per_node} processes on a node need as many GPUs; {socket.gethostname()} shows {found}",
            "ask for the GPUs (`nvidia-smi` in the job must show them), or set the model's `hardware` to what there is",
        )


def _on_this_machine(layout: LaunchConfig, task: list[str]) -> list[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return [
        *_torchrun(layout),
        "--node-rank=0",
        "--master-addr=127.0.0.1",
        f"--master-port={port}",
        "-m",
        _WORKER,
        *task,
    ]


def _on_nodes(layout: LaunchConfig, task: list[str]) -> list[str]:
    """One launcher on each node. The environment of the batch script says nothing of tasks: srun is told everything."""
    job = os.environ.get("SLURM_JOB_ID")
    if job is None:
        raise MarknerError(
            f"a training on {layout.nodes} nodes runs under SLURM only", "use --profile slurm, or set `nodes: 1`"
        )
    place = (
        '--node-rank="$SLURM_NODEID"'
        ' --master-addr="$(scontrol show hostnames "$SLURM_STEP_NODELIST" | head -n 1)"'
        f" --master-port={20000 + int(job) % 20000}"
    )
    line = f"exec {shlex.join(_torchrun(layout))} {place} -m {_WORKER} {shlex.join(task)}"
    return [
        "srun",
        f"--nodes={layout.nodes}",
        f"--ntasks={layout.nodes}",
        "--ntasks-per-node=1",
        f"--cpus-per-task={layout.cores}",
        *([] if layout.device == "cpu" else [f"--gpus-per-node={layout.per_node}"]),
        "--kill-on-bad-exit=1",
        *("bash", "-c", line),
    ]


def _torchrun(layout: LaunchConfig) -> list[str]:
    return [
        *(sys.executable, "-m", "torch.distributed.run"),
        f"--nnodes={layout.nodes}",
        f"--nproc-per-node={layout.per_node}",
        f"--shutdown-timeout={_LAST_SECONDS}",
    ]


def _run(command: list[str], environment: dict[str, str]) -> tuple[int, bool]:
    """Run a command and hand SIGTERM on to it. Returns its exit code and whether the signal came."""
    stopped = False

    def hand_on(number: int, frame: FrameType | None) -> None:
        nonlocal stopped
        stopped = True
        process.send_signal(number)

    process = subprocess.Popen(command, env=environment)
    previous = signal.signal(signal.SIGTERM, hand_on)
    try:
        return process.wait(), stopped
    finally:
        signal.signal(signal.SIGTERM, previous)
        if process.poll() is None:
            process.terminate()
            process.wait()
