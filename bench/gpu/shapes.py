"""Sizes of models: LLaMA 7B for a GPU, a toy for a CPU, and as many layers as memory holds in training."""

from dataclasses import dataclass, replace
from typing import Any

import torch
from transformers import LlamaConfig, LlamaForCausalLM

from markner.models.causal.memory import Shape, activation_bytes, step_bytes
from markner.study.schema.systems import Training


@dataclass(frozen=True)
class Size:
    """Sizes of a LLaMA model with as many key-value heads as heads."""

    name: str
    layers: int
    hidden: int
    intermediate: int
    heads: int
    vocabulary: int

    def config(self, **others: Any) -> LlamaConfig:
        """Return the configuration of a model of these sizes."""
        return LlamaConfig(
            num_hidden_layers=self.layers,
            hidden_size=self.hidden,
            intermediate_size=self.intermediate,
            num_attention_heads=self.heads,
            vocab_size=self.vocabulary,
            tie_word_embeddings=False,
            **others,
        )

    def shape(self) -> Shape:
        """Return the sizes as the memory model reads them."""
        return Shape.of_config(self.config())

    def training_peak(self, training: Training) -> float:
        """Return the bytes that the memory model predicts for a training in one process."""
        shape = self.shape()
        return step_bytes(shape, training, 1, activation_bytes(shape, training, 1))

    def that_fits(self, training: Training, free_bytes: float) -> "Size":
        """Return the same width with the most layers whose training fits into memory.

        Raises:
            ValueError: One layer does not fit.
        """
        for layers in range(self.layers, 0, -1):
            size = replace(self, layers=layers)
            if size.training_peak(training) <= free_bytes:
                return size
        raise ValueError(f"one layer of {self.name} does not fit into {free_bytes / 1e9:.0f} GB")


LLAMA_7B = Size("LLaMA-2-7B", 32, 4096, 11008, 32, 32_000)
TOY = Size("toy", 2, 128, 352, 4, 1024)


def random_model(size: Size, device: torch.device) -> LlamaForCausalLM:
    """Return a model with float32 random weights, made on the device it is for."""
    torch.manual_seed(1)
    with device:
        model = LlamaForCausalLM(size.config(attn_implementation="sdpa"))
    model.config.use_cache = False
    model.train()
    return model


def slightly_larger(config: LlamaConfig) -> Size:
    """Return the sizes of a model with one layer and one head more than another."""
    length = config.hidden_size // config.num_attention_heads
    return Size(
        name="a slightly larger model",
        layers=config.num_hidden_layers + 1,
        hidden=config.hidden_size + length,
        intermediate=config.intermediate_size,
        heads=config.num_attention_heads + 1,
        vocabulary=config.vocab_size,
    )
