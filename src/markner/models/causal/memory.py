"""How much memory the training and the prediction of a causal model take on each GPU, computed without its weights.

Activations are those that autograd keeps for the backward pass. Their sizes per token and layer were measured on small
LLaMA models of several widths and depths with `torch.autograd.graph.saved_tensors_hooks`;
`tests/models/test_memory.py` repeats the measurement.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from transformers import AutoConfig, AutoModelForCausalLM

from markner.study.schema.systems import Decoding, Training

# Master weight, gradient and AdamW's two moments, each in float32.
_BYTES_TRAINED = 16
_BYTES_FROZEN = {"full": 0.0, "lora": 4.0, "qlora": 0.55}
_LORA_PART = 0.02
# For each token and entry of the vocabulary: float32 logits that are kept, their gradient, and its 16-bit copy.
_LOGITS = 4 + 4 + 2


@dataclass(frozen=True)
class Shape:
    """The sizes of a causal model that its memory depends on."""

    parameters: int
    layers: int
    hidden: int
    intermediate: int
    """Width of the feed-forward part."""
    keys: int
    """Width of the keys of a token over all key-value heads."""
    vocabulary: int

    @classmethod
    def of_config(cls, config: object) -> "Shape":
        """Read the sizes of a `PretrainedConfig`; the model is built on the meta device, where no tensor has memory."""
        with torch.device("meta"):
            model = AutoModelForCausalLM.from_config(config)  # type: ignore[no-untyped-call]
        full = model.config
        heads = int(full.num_attention_heads)
        size = int(getattr(full, "head_dim", None) or full.hidden_size // heads)
        return cls(
            parameters=int(model.num_parameters()),
            layers=int(full.num_hidden_layers),
            hidden=int(full.hidden_size),
            intermediate=int(getattr(full, "intermediate_size", 4 * full.hidden_size)),
            keys=size * int(getattr(full, "num_key_value_heads", None) or heads),
            vocabulary=int(full.vocab_size),
        )

    @classmethod
    def of_parameters(cls, parameters: float) -> "Shape":
        """Estimate the sizes of a LLaMA-like model: 12 h^2 parameters in each of h/128 layers, as LLaMA has."""
        hidden = round((parameters * 128 / 12) ** (1 / 3))
        return cls(
            parameters=round(parameters),
            layers=round(hidden / 128),
            hidden=hidden,
            intermediate=round(8 / 3 * hidden),
            keys=hidden,
            vocabulary=32_000,
        )


def read_shape(folder: Path) -> Shape:
    """Read the sizes of the model in a folder from its `config.json`."""
    return Shape.of_config(AutoConfig.from_pretrained(str(folder), local_files_only=True))


def training_bytes(parameters: float, training: Training, processes: int) -> float:
    """Return the bytes that each of several processes holds for weights, gradients and optimizer states."""
    trained = parameters if training.method == "full" else _LORA_PART * parameters
    return (_BYTES_FROZEN[training.method] * parameters + _BYTES_TRAINED * trained) / processes


def step_bytes(shape: Shape, training: Training, processes: int, activations: float) -> float:
    """Return the bytes that each of several processes holds at the fullest moment of an optimizer step.

    Gradients of earlier batches of a step are held beside all activations of the next one. Where a step has one batch,
    the gradients of the layers come while the activations go, so the greater of the two counts. With one process that
    was measured on a GPU (docs/measured/gpu); with several, whose gradients are gathered in parts, both are counted.
    `activations` are the bytes of activations and logits of a device batch; see `activation_bytes`.
    """
    held = training_bytes(shape.parameters, training, processes)
    if processes > 1 or training.method != "full" or training.batch_size > training.device_batch_size:
        return held + activations
    gradients = 4.0 * shape.parameters
    # That of the output weights is there before any layer's activations go.
    first = 4.0 * shape.vocabulary * shape.hidden
    return held - gradients + max(gradients, activations + first)


def activation_bytes(shape: Shape, training: Training, processes: int) -> float:
    """Return the bytes of a device batch whose examples all have `max_length` tokens: the most that there can be."""
    tokens = training.device_batch_size * training.max_length
    return saved_bytes(shape, training, processes, tokens, tokens) + logits_bytes(shape, tokens)


def logits_bytes(shape: Shape, columns: int) -> float:
    """Return the bytes of the logits of some supervised columns and of their gradient."""
    return columns * _LOGITS * shape.vocabulary


def saved_bytes(shape: Shape, training: Training, processes: int, tokens: int, slots: int) -> float:
    """Return the bytes that all decoder layers keep for the backward pass of a device batch.

    One process computes bf16 under autocast, several in bf16 units of FSDP. `tokens` includes padding. `slots` counts,
    with prefix batching, the keys that all examples attend to: for each example prefix and own tokens.
    """
    autocast = training.precision == "bf16" and processes == 1
    width = 2 if training.precision == "bf16" else 4
    layer = _layer_bytes(shape, training, width, autocast, tokens, slots)
    if training.gradient_checkpointing:
        # The inputs of all layers; under autocast the residual stream is float32. One layer at a time is computed anew.
        return shape.layers * tokens * shape.hidden * (4 if autocast else width) + layer
    # Autocast keeps a 16-bit copy of the layers' weights.
    return shape.layers * (layer + (2 * _layer_parameters(shape) if autocast else 0))


def _layer_bytes(shape: Shape, training: Training, width: int, autocast: bool, tokens: int, slots: int) -> float:
    hidden, keys = shape.hidden, shape.keys
    # Inputs and outputs of norms, projections and attention; a norm in bf16 keeps its input in float32 too.
    states = {4: 8, 2: 15 if autocast else 10}[width] * hidden + 4 * shape.intermediate
    if training.batching != "prefix":
        return width * tokens * (states + 2 * keys)
    # Each example has keys and values of the prefix of its own, for all heads; queries and outputs are regrouped.
    regrouped = (1 if autocast else 4) * hidden
    return width * (tokens * (states + regrouped) + slots * 2 * hidden)


def _layer_parameters(shape: Shape) -> int:
    return 2 * shape.hidden * (shape.hidden + shape.keys) + 3 * shape.hidden * shape.intermediate


def prediction_bytes(shape: Shape, decoding: Decoding, tokens: int) -> float:
    """Return the bytes of weights, keys and values while a batch is decoded; `tokens` are those of its longest row."""
    width = 2 if decoding.precision == "bf16" else 4
    return width * (shape.parameters + decoding.batch_size * tokens * shape.layers * 2 * shape.keys)
