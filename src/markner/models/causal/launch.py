"""Start a training: in this process, in several processes on this machine, or on several SLURM nodes."""

import logging
import os
import shlex
import signal
import socket
import subprocess
import sys
from dataclasses import dataclass
from types import FrameType

from pydantic import TypeAdapter

from markner.errors import MarknerError
from markner.models.causal.finetune import FineTuning, finetune
from markner.models.causal.preemption import PREEMPTED
from markner.models.device import Device, require_device

_WORKER = "markner.models.causal.launch"
# Enough to save a state of the largest models; after it, a process that waits for a lost connection is killed.
_LAST_SECONDS = 300


@dataclass(frozen=True)
class LaunchConfig:
    """Where a training runs. It determines the speed; results differ by rounding only."""

    processes: int = 1
    """Processes on all nodes together."""
    nodes: int = 1
    device: Device = "any"
    """`any`: GPUs if there are any, one for each process."""
    cores: int = 1
    """CPU cores on each node."""

    @property
    def per_node(self) -> int:
        """Processes on each node."""
        return self.processes // self.nodes


TASK: TypeAdapter[tuple[FineTuning, LaunchConfig]] = TypeAdapter(tuple[FineTuning, LaunchConfig])
"""Reads and writes the JSON argument of a worker process."""


def launch(job: FineTuning, config: LaunchConfig) -> None:
    """Run a training, in one process or sharded over several.

    Raises:
        MarknerError: See `finetune`; also if the machine cannot run the config, or a process failed.
        SystemExit: SIGTERM came. The processes have saved a state to resume from.
    """
    if config.processes == 1:
        run_process(job, config)
        return
    # One string, because it passes through a launcher and a shell.
    task = TASK.dump_json((job, config)).decode()
    command = _on_nodes(config, task) if config.nodes > 1 else _on_this_machine(config, task)
    threads = max(1, min(config.cores, os.cpu_count() or 1) // config.per_node)
    code, stopped = _run(command, os.environ | {"OMP_NUM_THREADS": str(threads)})
    if stopped:
        raise SystemExit(PREEMPTED)
    if code:
        raise MarknerError(
            f"the training in {config.processes} processes ended with exit code {code}",
            "read the message of the process that failed first, above; the next run resumes from the last state in"
            f" {job.checkpoints}",
        )


def main() -> int:
    """Run the part of a training that belongs to one of several processes. Returns the exit code."""
    logging.basicConfig(format="%(asctime)s %(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    try:
        run_process(*TASK.validate_json(sys.argv[1]))
    except MarknerError as error:
        message = f"error (process {os.environ.get('RANK')}): {error.message}"
        print(message, *([f"fix: {error.fix}"] if error.fix else []), sep="\n", file=sys.stderr)
        return 1
    return 0


def run_process(job: FineTuning, config: LaunchConfig) -> None:
    """Run this process's part of a training."""
    require_device(config.device, config.per_node)
    finetune(job, config.processes)


def _on_this_machine(config: LaunchConfig, task: str) -> list[str]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return [
        *_torchrun(config),
        "--node-rank=0",
        "--master-addr=127.0.0.1",
        f"--master-port={port}",
        "-m",
        _WORKER,
        task,
    ]


def _on_nodes(config: LaunchConfig, task: str) -> list[str]:
    """Return the command that starts one launcher on each node. srun gets all options: the batch job has set none."""
    job = os.environ.get("SLURM_JOB_ID")
    if job is None:
        raise MarknerError(
            f"a training on {config.nodes} nodes runs under SLURM only", "use --profile slurm, or set `nodes: 1`"
        )
    place = (
        '--node-rank="$SLURM_NODEID"'
        ' --master-addr="$(scontrol show hostnames "$SLURM_STEP_NODELIST" | head -n 1)"'
        f" --master-port={20000 + int(job) % 20000}"
    )
    line = f"exec {shlex.join(_torchrun(config))} {place} -m {_WORKER} {shlex.quote(task)}"
    return [
        "srun",
        f"--nodes={config.nodes}",
        f"--ntasks={config.nodes}",
        "--ntasks-per-node=1",
        f"--cpus-per-task={config.cores}",
        *([] if config.device == "cpu" else [f"--gpus-per-node={config.per_node}"]),
        "--kill-on-bad-exit=1",
        *("bash", "-c", line),
    ]


def _torchrun(config: LaunchConfig) -> list[str]:
    return [
        *(sys.executable, "-m", "torch.distributed.run"),
        f"--nnodes={config.nodes}",
        f"--nproc-per-node={config.per_node}",
        f"--shutdown-timeout={_LAST_SECONDS}",
    ]


def _run(command: list[str], environment: dict[str, str]) -> tuple[int, bool]:
    """Run a command and forward SIGTERM to it. Returns its exit code and whether the signal came."""
    stopped = False

    def forward(number: int, frame: FrameType | None) -> None:
        nonlocal stopped
        stopped = True
        process.send_signal(number)

    process = subprocess.Popen(command, env=environment)
    previous = signal.signal(signal.SIGTERM, forward)
    try:
        return process.wait(), stopped
    finally:
        signal.signal(signal.SIGTERM, previous)
        if process.poll() is None:
            process.terminate()
            process.wait()


if __name__ == "__main__":
    sys.exit(main())
