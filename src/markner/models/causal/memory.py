"""How many parameters a model has and what its training holds in memory, reckoned without its weights."""

from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from markner.study.schema.systems import Training

# Master weight, gradient and AdamW's two moments, each in float32.
_BYTES_TRAINED = 16
_BYTES_FROZEN = {"full": 0.0, "lora": 4.0, "qlora": 0.55}
_LORA_PART = 0.02
# Activations of a decoder layer for a token, in units of the hidden size and 16-bit numbers (Korthikanti et al. 2022,
# equation 2 without the attention matrix, which sdpa does not keep).
_ACTIVATIONS = 34


def count_parameters(folder: Path) -> int:
    """Parameters of a causal model, from its `config.json`: built on the meta device, where nothing has a size."""
    config = AutoConfig.from_pretrained(str(folder), local_files_only=True)
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)  # type: ignore[no-untyped-call]
    return int(model.num_parameters())


def training_bytes(parameters: float, training: Training, processes: int) -> float:
    """Memory that each of several processes holds for weights, gradients and optimiser, activations apart."""
    if training.method == "full":
        return _BYTES_TRAINED * parameters / processes
    adapters = _LORA_PART * parameters
    return (_BYTES_FROZEN[training.method] * parameters + _BYTES_TRAINED * adapters) / processes


def activation_bytes(folder: Path, training: Training) -> float:
    """Memory of the activations of one device batch whose examples are all of `max_length`: the most there can be."""
    config = AutoConfig.from_pretrained(str(folder), local_files_only=True)
    tokens = training.device_batch_size * training.max_length
    width = 2.0 if training.precision == "bf16" else 4.0
    layers, hidden = int(config.num_hidden_layers), int(config.hidden_size)
    if training.gradient_checkpointing:
        return tokens * hidden * (width * layers + _ACTIVATIONS)
    return tokens * hidden * _ACTIVATIONS * layers * width / 2
