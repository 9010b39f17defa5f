"""Training speed and memory at the 7B shape: Alpaca's recipe, padded batches and a shared prefix in turn."""

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Any

import torch
from report import spread
from training import alpaca, take_step

from gpu.shapes import Size, random_model
from markner.models.causal.batching import Batch, pad, share_prefix
from markner.models.causal.examples import Example
from markner.models.causal.memory import logits_bytes, saved_bytes, step_bytes
from markner.models.causal.prefix_attention import use_prefix_attention
from markner.models.causal.progress import flops_per_token, peak_flops
from markner.models.device import device, device_name
from markner.study.schema.systems import Training

_UNTIMED = 2
"""Steps before the clock starts: the first ones allocate memory and choose kernels."""


@dataclass(frozen=True)
class Measured:
    """What the steps of one way of training took."""

    seconds: list[float]
    tokens: int
    """Tokens of prompts and answers in the timed steps, without padding, a shared prefix counted for each example."""
    examples: int
    slots: int
    """Positions that were computed in the timed steps."""
    flops_per_token: float
    peak_bytes: int | None
    predicted_bytes: float
    """The memory model's answer for the largest batch of these steps."""


def measure(size: Size, examples: Sequence[Example], training: Training, way: str, steps: int) -> Measured:
    """Take optimizer steps from random weights and return what they took.

    Args:
        size: Sizes of the model; the weights are float32, the computation bf16 under autocast.
        examples: Encoded examples, used in turn, `batch_size` in each step.
        training: Precision, batch size and gradient checkpointing.
        way: `alpaca`, `padded` or `prefix`.
        steps: Timed steps.
    """
    place = device()
    if place.type == "cuda":
        torch.cuda.empty_cache()
        torch.cuda.reset_peak_memory_stats()
    model: Any = random_model(size, place)
    if way == "prefix":
        use_prefix_attention(model)
    if training.gradient_checkpointing:
        model.gradient_checkpointing_enable({"use_reentrant": False})
    optimizer = torch.optim.AdamW(model.parameters(), lr=1e-5, fused=True)
    collate = _collators()[way]
    source = cycle(examples)
    seconds: list[float] = []
    tokens = slots = 0
    predicted = 0.0
    for step in range(_UNTIMED + steps):
        part = list(islice(source, training.batch_size))
        batch = {name: value.to(place) for name, value in collate(part).items()}
        _wait(place)
        begun = time.perf_counter()
        take_step(model, batch, optimizer, bf16=True)
        _wait(place)
        if step >= _UNTIMED:
            seconds.append(time.perf_counter() - begun)
            tokens += sum(map(len, part))
            slots += batch["input_ids"].numel()
        predicted = max(predicted, _predicted_bytes(size, training, way, batch, part))
    mean = tokens / (steps * training.batch_size)
    return Measured(
        seconds=seconds,
        tokens=tokens,
        examples=steps * training.batch_size,
        slots=slots,
        flops_per_token=flops_per_token(model, mean, full=True),
        peak_bytes=torch.cuda.max_memory_allocated() if place.type == "cuda" else None,
        predicted_bytes=predicted,
    )


def row(way: str, measured: Measured, alpaca_rate: float) -> dict[str, Any]:
    """Return a row of the table; `alpaca_rate` is the examples per second of Alpaca's recipe."""
    seconds, peak = sum(measured.seconds), peak_flops(device_name())
    speed, computed = measured.tokens / seconds, measured.slots / seconds

    def share(tokens_per_second: float) -> str:
        return f"{tokens_per_second * measured.flops_per_token / peak:.1%}" if peak else "–"

    return {
        "way": way,
        "examples/s": round(measured.examples / seconds, 2),
        "x Alpaca": round(measured.examples / seconds / alpaca_rate, 2),
        "tokens/s": round(speed),
        "MFU": share(speed),
        "MFU of computed positions": share(computed),
        "peak GB": f"{measured.peak_bytes / 1e9:.1f}" if measured.peak_bytes else "–",
        "predicted GB": f"{measured.predicted_bytes / 1e9:.1f}",
        **spread(measured.seconds),
    }


def examples_per_second(size: Size, examples: Sequence[Example], training: Training, steps: int) -> float:
    """Return the speed of a training with a shared prefix."""
    measured = measure(size, examples, training, "prefix", steps)
    return measured.examples / sum(measured.seconds)


def _collators() -> dict[str, Callable[[Sequence[Example]], Batch]]:
    return {
        "alpaca": lambda part: alpaca(list(part), 0),
        "padded": lambda part: pad(part, 0),
        "prefix": share_prefix,
    }


def _predicted_bytes(size: Size, training: Training, way: str, batch: Batch, part: Sequence[Example]) -> float:
    shape, slots = size.shape(), batch["input_ids"].numel()
    supervised = slots if way == "alpaca" else batch["labels"].numel()
    keys = sum(map(len, part)) if way == "prefix" else slots
    settings = training.model_copy(update={"batching": "prefix" if way == "prefix" else "padded"})
    activations = saved_bytes(shape, settings, 1, slots, keys) + logits_bytes(shape, supervised)
    return step_bytes(shape, settings, 1, activations)


def _wait(place: torch.device) -> None:
    if place.type == "cuda":
        torch.cuda.synchronize()
