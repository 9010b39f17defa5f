"""Training in several processes: really sharded, the same result, resumable, and loud when it is not as asked for."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from tiny_llama import fine_tuning, write_tiny_llama

from markner.errors import MarknerError
from markner.files import read_json
from markner.models.causal.finetune import FineTuning
from markner.models.causal.launch import TASK, LaunchConfig, launch, run_process
from markner.models.weights import load_causal
from markner.study.schema.systems import Training

BASE = Training(
    epochs=20, learning_rate=1e-3, batch_size=4, device_batch_size=1, precision="fp32", batching="prefix", warmup=0.0
)
STEPS = 40
"""7 instances, 4 a step, 20 epochs: a number that neither 2 nor 4 processes can share evenly."""


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with tiny weights."""
    folder = tmp_path_factory.mktemp("launch")
    write_tiny_llama(folder / "weights")
    return folder


def tuning(place: Path, name: str, training: Training = BASE) -> FineTuning:
    return fine_tuning(place / "weights", place / name, training)


def history(folder: Path, key: str) -> list[float]:
    return [entry[key] for entry in read_json(folder / "training.json")["history"]]


def weights(folder: Path) -> Mapping[str, torch.Tensor]:
    return load_file(folder / "model" / "model.safetensors")


def logits(folder: Path) -> torch.Tensor:
    with torch.no_grad():
        made: torch.Tensor = load_causal(folder / "model", torch.float32)(torch.arange(50, 90)[None]).logits
    return made


@pytest.fixture(scope="module")
def alone(place: Path) -> Path:
    """The training in one process."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    launch(tuning(place, "alone"), LaunchConfig(device="cpu"))
    torch.set_num_threads(threads)
    return place / "alone"


def same(folder: Path, other: Path) -> None:
    """Assert that two trainings took the same way to the same weights, but for rounding."""
    for key in ("learning_rate", "tokens"):
        assert history(folder, key) == history(other, key), key
    for key in ("loss", "gradient_norm"):
        assert history(folder, key) == pytest.approx(history(other, key), rel=1e-3), key
    first, second = weights(folder), weights(other)
    assert first.keys() == second.keys()
    for name, tensor in first.items():
        torch.testing.assert_close(tensor, second[name], rtol=1e-3, atol=1e-4)
    torch.testing.assert_close(logits(folder), logits(other), rtol=1e-3, atol=1e-3)


def test_four_sharded_processes_give_what_one_gives(place: Path, alone: Path) -> None:
    """That there are four, and that all parameters are DTensors cut in four, `ShardingCheck` checks in each of them.

    These processes are started as in use, not forked.
    """
    launch(tuning(place, "four"), LaunchConfig(processes=4, device="cpu"))
    assert len(history(alone, "loss")) == STEPS
    assert history(alone, "loss")[-1] < history(alone, "loss")[0] - 0.3
    same(place / "four", alone)
    files = [{path.name for path in (folder / "model").iterdir()} for folder in (alone, place / "four")]
    assert files[0] == files[1]
    assert not (place / "four" / "checkpoints").exists()


@pytest.mark.usefixtures("forked")
def test_a_signal_saves_a_state_from_which_fewer_processes_go_on(place: Path, alone: Path) -> None:
    task, config = tuning(place, "left"), LaunchConfig(processes=4, device="cpu")
    code = "import sys; from markner.models.causal.launch import TASK, launch; launch(*TASK.validate_json(sys.argv[1]))"
    process = subprocess.Popen(
        [sys.executable, "-c", code, TASK.dump_json((task, config)).decode()], stderr=subprocess.PIPE, text=True
    )
    log = place / "left" / "log.txt"
    while not log.exists() or log.read_text().count("\n") < 5:
        assert process.poll() is None, process.stderr and process.stderr.read()
        time.sleep(0.05)
    process.send_signal(signal.SIGTERM)
    _, messages = process.communicate()
    assert process.returncode == 143
    assert "the next run resumes from it" in messages
    (state,) = (place / "left" / "checkpoints").glob("checkpoint-*")
    assert list(state.glob("pytorch_model_fsdp_0/*.distcp")), "the state is in parts"
    launch(task, LaunchConfig(processes=2, device="cpu"))
    assert read_json(place / "left" / "costs.json")["first_step"] == int(state.name.partition("-")[2]) >= 5
    same(place / "left", alone)


@pytest.mark.usefixtures("forked")
def test_recomputed_activations_change_nothing(place: Path, alone: Path) -> None:
    training = BASE.model_copy(update={"gradient_checkpointing": True})
    launch(tuning(place, "recomputed", training), LaunchConfig(processes=2, device="cpu"))
    same(place / "recomputed", alone)


@pytest.mark.usefixtures("forked")
def test_bfloat16_and_adapters_are_sharded_too(place: Path) -> None:
    """The weights differ from those of full float32 training: `ShardingCheck` must agree and the loss must fall."""
    training = BASE.model_copy(update={"precision": "bf16", "method": "lora", "lora_rank": 4, "learning_rate": 1e-2})
    launch(tuning(place, "lora", training), LaunchConfig(processes=2, device="cpu"))
    losses = history(place / "lora", "loss")
    assert losses[-1] < losses[0] - 0.1
    assert not list((place / "lora" / "model").glob("adapter*"))
    tuned = weights(place / "lora")
    assert {tensor.dtype for tensor in tuned.values()} == {torch.bfloat16}
    before = load_file(place / "weights" / "model.safetensors")
    changed = {name for name, tensor in tuned.items() if not torch.equal(tensor, before[name].bfloat16())}
    assert changed and all("_proj" in name for name in changed)


DDP = """
import json, sys
from markner.models.causal import sharding
from markner.models.causal.launch import main
sharding._enable_sharding_on_cpu = lambda: None
sys.exit(main())
"""


def run_changed_worker(
    place: Path, name: str, training: Training = BASE, processes: int = 2
) -> "subprocess.CompletedProcess[str]":
    """Run a changed worker, `<name>.py`, in several processes; its last argument is `<place>/<name>-`."""
    task = (tuning(place, name, training), LaunchConfig(processes=processes, device="cpu"))
    return subprocess.run(
        [
            *(sys.executable, "-m", "torch.distributed.run", "--standalone", f"--nproc-per-node={processes}"),
            str(place / f"{name}.py"),
            TASK.dump_json(task).decode(),
            str(place / f"{name}-"),
        ],
        capture_output=True,
        text=True,
        check=False,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
    )


@pytest.mark.usefixtures("forked")
def test_another_kind_of_parallel_training_is_an_error(place: Path) -> None:
    """What accelerate does on CPUs by itself: DistributedDataParallel, without a word."""
    (place / "ddp.py").write_text(DDP)
    done = run_changed_worker(place, "ddp")
    assert done.returncode != 0
    assert "FSDP was asked for, the training runs as MULTI_CPU" in done.stderr
    assert not (place / "ddp" / "model").exists()


HELD_BYTES = """
import json, os, sys
from pathlib import Path
from torch.distributed.algorithms._checkpoint.checkpoint_wrapper import CheckpointWrapper
from transformers import TrainerCallback
from markner.models.causal import finetune
from markner.models.causal.sharding import unsharded_gradient_bytes
from markner.models.causal.launch import main

def size(tensors):
    return sum(t.numel() * t.element_size() for t in (getattr(t, "_local_tensor", t) for t in tensors))

class Bytes(TrainerCallback):
    def on_substep_end(self, args, state, control, model=None, optimizer=None, **_):
        self.note("accumulating", model, optimizer)

    def on_pre_optimizer_step(self, args, state, control, model=None, optimizer=None, **_):
        self.note("accumulated", model, optimizer)

    def note(self, when, model, optimizer):
        parts = list(model.parameters())
        moments = [value for state in optimizer.state.values() for value in state.values() if value.ndim]
        gradients = [part.grad for part in parts if part.grad is not None]
        row = {
            "when": when, "whole": sum(4 * part.numel() for part in parts), "parameters": size(parts),
            "gradients": size(gradients) + unsharded_gradient_bytes(model), "moments": size(moments),
            "recomputed": sum(isinstance(module, CheckpointWrapper) for module in model.modules()),
        }
        with Path(sys.argv[-1] + os.environ["RANK"]).open("a") as stream:
            stream.write(json.dumps(row) + "\\n")

original = finetune._OrderedTrainer.__init__
finetune._OrderedTrainer.__init__ = lambda self, **options: original(
    self, **options | {"callbacks": [Bytes(), *options["callbacks"]]}
)
sys.exit(main())
"""


@pytest.mark.usefixtures("forked")
@pytest.mark.parametrize("recompute", [False, True])
def test_each_of_two_processes_holds_half_also_while_gradients_accumulate(place: Path, recompute: bool) -> None:
    """In bytes: parameters, gradients and AdamW's moments, after every device batch of every step."""
    (place / "bytes.py").write_text(HELD_BYTES)
    training = BASE.model_copy(update={"epochs": 2, "gradient_checkpointing": recompute})
    for rank in range(2):
        (place / f"bytes-{rank}").unlink(missing_ok=True)
    done = run_changed_worker(place, "bytes", training)
    assert done.returncode == 0, done.stderr
    for rank in range(2):
        rows = [json.loads(line) for line in (place / f"bytes-{rank}").read_text().splitlines()]
        assert [row["when"] for row in rows] == ["accumulating", "accumulated"] * 4
        for number, row in enumerate(rows):
            # FSDP pads a first dimension that is odd; here all are even.
            assert row["recomputed"] == (2 if recompute else 0), "decoder layers, by FSDP"
            assert row["parameters"] == row["whole"] / 2
            assert row["gradients"] == row["whole"] / 2
            assert row["moments"] == (row["whole"] if number > 1 else 0), "two moments"


def test_other_processes_than_asked_for_are_an_error(place: Path) -> None:
    with pytest.raises(MarknerError, match="4 processes were asked for, 1 were started"):
        run_process(tuning(place, "none"), LaunchConfig(processes=4, device="cpu"))


@pytest.mark.skipif(torch.cuda.is_available(), reason="about machines without a GPU")
def test_a_missing_gpu_is_an_error_and_no_slow_training(place: Path) -> None:
    with pytest.raises(MarknerError, match=r"needs 1 GPU, and torch \S+ sees 0"):
        launch(tuning(place, "none"), LaunchConfig(device="gpu"))


def test_several_nodes_need_slurm(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("SLURM_JOB_ID", raising=False)
    with pytest.raises(MarknerError, match="under SLURM only"):
        launch(tuning(place, "none"), LaunchConfig(processes=4, nodes=2))
