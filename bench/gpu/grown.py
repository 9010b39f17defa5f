"""Enlarge a small LLaMA model to a larger shape that gives the same answers.

Decoding at the shape of 7B needs answers worth decoding, and random weights copy no sentence. So the weights of a tuned
small model are placed into the larger matrices, and all other weights are zero. Every matrix product has the size of
the larger model; the logits are those of the small one, but for rounding:

- added components of the hidden state stay zero, and the weights of the norms make up for the larger mean;
- added layers add nothing to the residual stream;
- in a longer head the components stand where the rotary embedding turns them at their own frequencies, and the
  queries make up for the other scale; key-value heads are repeated for each of their query heads.
"""

import math

import torch
from torch import Tensor
from transformers import LlamaConfig, LlamaForCausalLM

from gpu.shapes import Size


def grown(small: LlamaForCausalLM, size: Size, dtype: torch.dtype) -> LlamaForCausalLM:
    """Return a model of the larger shape with the answers of `small`; its vocabulary is the small one's if larger.

    It is made where `small` is: 7B parameters take a processor minutes.

    Raises:
        ValueError: A size is below the small model's, or the heads' lengths do not divide.
    """
    old: LlamaConfig = small.config
    old_head, head = old.hidden_size // old.num_attention_heads, size.hidden // size.heads
    if head % old_head or size.heads < old.num_attention_heads or size.layers < old.num_hidden_layers:
        raise ValueError(f"{size.name} cannot hold the small model's layers and heads")
    config = size.config(
        rms_norm_eps=old.rms_norm_eps * old.hidden_size / size.hidden,
        max_position_embeddings=old.max_position_embeddings,
        rope_parameters=old.rope_parameters,
        eos_token_id=old.eos_token_id,
        bos_token_id=old.bos_token_id,
        attn_implementation="sdpa",
    )
    config.vocab_size = max(size.vocabulary, old.vocab_size)
    with small.device:
        large = LlamaForCausalLM(config)
    large.to(dtype)  # type: ignore[arg-type]  # transformers' wrapper of `to` loses its `self`
    for parameter in large.parameters():
        parameter.data.zero_()
    norm = math.sqrt(old.hidden_size / size.hidden)
    _place(large.model.embed_tokens.weight, small.model.embed_tokens.weight)
    _place(large.model.norm.weight, small.model.norm.weight * norm)
    _place(large.lm_head.weight, small.lm_head.weight)
    # A token that the small model does not have would have logit zero, above negative ones: the vocabulary is cut back.
    large.resize_token_embeddings(old.vocab_size)
    places = _rotary_places(old_head, head).to(small.device)
    groups = old.num_attention_heads // (old.num_key_value_heads or old.num_attention_heads)
    for new, layer in zip(large.model.layers, small.model.layers, strict=False):
        for name in ("input_layernorm", "post_attention_layernorm"):
            _place(getattr(new, name).weight, getattr(layer, name).weight * norm)
        for name in ("gate_proj", "up_proj", "down_proj"):
            _place(getattr(new.mlp, name).weight, getattr(layer.mlp, name).weight)
        for number in range(old.num_attention_heads):
            own = slice(number * old_head, (number + 1) * old_head)
            shared = slice(number // groups * old_head, (number // groups + 1) * old_head)
            rows = places + number * head
            attention, source = new.self_attn, layer.self_attn
            _rows(attention.q_proj.weight, rows, source.q_proj.weight[own] * math.sqrt(head / old_head))
            _rows(attention.k_proj.weight, rows, source.k_proj.weight[shared])
            _rows(attention.v_proj.weight, rows, source.v_proj.weight[shared])
            attention.o_proj.weight.data[: old.hidden_size, rows] = source.o_proj.weight.data[:, own].to(dtype)
    large.generation_config = small.generation_config
    large.train(mode=False)
    return large


def _rotary_places(old: int, new: int) -> Tensor:
    """Return for each component of a head its place in a longer head, where it turns at the same frequency."""
    half = torch.arange(old // 2) * (new // old)
    return torch.cat([half, new // 2 + half])


def _place(large: Tensor, small: Tensor) -> None:
    large.data[tuple(slice(length) for length in small.shape)] = small.data.to(large.dtype)


def _rows(large: Tensor, rows: Tensor, small: Tensor) -> None:
    large.data[rows, : small.shape[1]] = small.data.to(large.dtype)
