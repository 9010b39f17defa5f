"""Progress of a training: progress bar, log, history, costs."""

import math
import resource
import sys
import time
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

import torch
from tqdm import tqdm
from transformers import PreTrainedModel, TrainerCallback, TrainerControl, TrainerState, TrainingArguments

from markner.errors import MarknerError
from markner.models.causal.sharding import world_size
from markner.models.checkpoints import resumed_bar
from markner.models.device import device_name

_PEAK_FLOPS = {
    "H200 NVL": 835.5e12,
    "H200": 989e12,
    "H100 PCIe": 756e12,
    "H100 NVL": 835.5e12,
    "H100": 989e12,
    "A100": 312e12,
    "L40S": 362e12,
    "V100": 125e12,
}
"""Peak of dense 16-bit operations per second by a part of the GPU's name (NVIDIA's data sheets, half of the values
"with sparsity"). The first part that occurs in the name counts, so longer names stand before shorter ones."""


def flops_per_token(model: PreTrainedModel, length: float, full: bool) -> float:
    """Return the operations of a forward and backward pass per token, counted as in nanoGPT (PaLM, appendix B).

    6 for each weight (4 with frozen weights, whose gradients are not computed) and 12 for layers x width x length in
    the attention, where `length` is the mean length of an example in tokens.
    """
    config: Any = model.config
    attention: float = 12 * config.num_hidden_layers * config.hidden_size * length
    return (6.0 if full else 4.0) * model.num_parameters() + attention


class _Reached(NamedTuple):
    """A moment of the training: its time, the optimizer step, the tokens up to the end of that step."""

    seconds: float = 0.0
    step: int = 0
    tokens: int = 0


class Progress(TrainerCallback):
    """Shows a progress bar on stderr, writes a line for each step, and raises an error if the loss is not finite.

    Tokens are those of the examples, prompt and answer: padding does not count, a shared prefix counts for each
    example. MFU (model FLOPs utilization) is the operations for these tokens as a part of the peak of all GPUs.
    """

    def __init__(self, tokens: Callable[[int], list[int]], flops_per_token: float, log: Path) -> None:
        self._tokens = lru_cache(maxsize=None)(tokens)
        self._flops = flops_per_token
        self._log = log
        self._bar: tqdm[Any] | None = None
        self._first = self._last = _Reached()

    def on_train_begin(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Start the clock and the bar at the first step, or at the step resumed from."""
        self._first = self._last = self._reached(state)
        if state.is_world_process_zero:
            self._log.parent.mkdir(parents=True, exist_ok=True)
            if state.global_step == 0:
                self._log.unlink(missing_ok=True)
            self._bar = resumed_bar(state.max_steps, state.global_step, "step")

    def on_log(
        self,
        args: TrainingArguments,
        state: TrainerState,
        control: TrainerControl,
        logs: dict[str, float] | None = None,
        **_: Any,
    ) -> None:
        """Show one step and write it to the log."""
        if logs is None or "loss" not in logs:
            return
        if not math.isfinite(logs["loss"]):
            raise MarknerError(
                f"step {state.global_step}: the loss is {logs['loss']}", "lower `learning_rate`, or use precision fp32"
            )
        before, self._last = self._last, self._reached(state)
        speed = (self._last.tokens - before.tokens) / (self._last.seconds - before.seconds)
        if self._bar is None:
            return
        shown = {
            "loss": f"{logs['loss']:.4f}",
            "lr": f"{logs['learning_rate']:.2e}",
            "tokens/s": f"{speed:.0f}",
        }
        if (utilization := self._utilization(speed)) is not None:
            shown["MFU"] = f"{utilization:.1%}"
        self._bar.update(state.global_step - self._bar.n)
        self._bar.set_postfix(shown, refresh=False)
        with self._log.open("a", encoding="utf-8") as stream:
            values = " ".join(f"{name} {value}" for name, value in shown.items())
            stream.write(f"step {state.global_step}/{state.max_steps} epoch {logs['epoch']:.3f} {values}\n")

    def on_train_end(self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **_: Any) -> None:
        """Close the bar."""
        if self._bar is not None:
            self._bar.close()

    def history(self, state: TrainerState) -> list[dict[str, float]]:
        """Return one entry for each optimizer step since the first, also if the training was resumed."""
        return [
            {
                "step": entry["step"],
                "epoch": entry["epoch"],
                "loss": entry["loss"],
                "gradient_norm": entry["grad_norm"],
                "learning_rate": entry["learning_rate"],
                "tokens": self._tokens_at(int(entry["step"])),
            }
            for entry in state.log_history
            if "loss" in entry
        ]

    def costs(self, mean_length: float) -> dict[str, Any]:
        """Return the times of this process since it started or resumed, and its peak memory.

        Examples are counted by their mean length in tokens.
        """
        first, last = self._first, self._last
        seconds = last.seconds - first.seconds
        speed = (last.tokens - first.tokens) / seconds if seconds else 0.0
        utilization = self._utilization(speed)
        cuda = torch.cuda.is_available()
        return {
            "device": torch.cuda.get_device_name() if cuda else "cpu",
            "threads": torch.get_num_threads(),
            "processes": world_size(),
            "first_step": first.step,
            "steps": last.step - first.step,
            "seconds": round(seconds, 3),
            "tokens_per_second": round(speed, 1),
            "examples_per_second": round(speed / mean_length, 3),
            "mfu": round(utilization, 4) if utilization is not None else None,
            "memory_bytes": _peak_memory(),
            "gpu_memory_bytes": torch.cuda.max_memory_allocated() if cuda else None,
        }

    def _utilization(self, speed: float) -> float | None:
        """Return MFU at so many tokens per second of all processes, each with a GPU; None if its peak is unknown."""
        peak = peak_flops(device_name())
        return speed * self._flops / peak / world_size() if peak is not None else None

    def _reached(self, state: TrainerState) -> _Reached:
        return _Reached(time.perf_counter(), state.global_step, self._tokens_at(state.global_step))

    def _tokens_at(self, step: int) -> int:
        """Return the tokens up to the end of an optimizer step, counted from 1; 0 before the first."""
        if step == 0:
            return 0
        first_epoch = self._tokens(0)
        epochs, index = divmod(step - 1, len(first_epoch))
        return epochs * first_epoch[-1] + self._tokens(epochs)[index]


def _peak_memory() -> int:
    """Return the peak resident memory of this process in bytes; memory-mapped weight files count."""
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else 1024 * peak


def peak_flops(name: str) -> float | None:
    """Return the 16-bit peak of a GPU in operations per second, by the name that CUDA reports; None if unknown."""
    return next((peak for part, peak in _PEAK_FLOPS.items() if part in name), None)
