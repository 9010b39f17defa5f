"""Attention over examples that lie in one row behind a common prefix, without the pairs that see nothing of each other.

A mask over the whole row is right but dear: with n examples in it most pairs of tokens are of two examples, and an
attention kernel computes their scores all the same. Here the prefix attends to itself once, and each example to the
prefix and to itself; everything else in the model works on the row as it is.
"""

from typing import Any

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import PreTrainedModel
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

_NAME = "markner_prefix"


def use_prefix_attention(model: PreTrainedModel) -> None:
    """Let a model, LLaMA or any other of the library's standard attention interface, take `share_prefix` batches."""
    ALL_ATTENTION_FUNCTIONS.register(_NAME, _attend)
    model.set_attn_implementation(_NAME)


def layout(shared: int, lengths: list[int]) -> dict[str, torch.Tensor]:
    """Where the examples of a row lie, as a batch tells the attention.

    Args:
        shared: P, the tokens of the prefix.
        lengths: Tokens of each of n examples after it, L of the longest.

    Returns:
        `attention_mask` (1, 1, L, P + L): True where a token of an example (row) sees the prefix or the example
        (column); the same for all, as they are padded at their ends. `own_tokens` (n, L): places in the row of each
        example's tokens, any place where it has none. `own_slots` (sum of lengths,): the way back, places in
        `own_tokens`, laid in a row, of the tokens after the prefix.
    """
    longest = max(lengths)
    tokens = torch.full((len(lengths), longest), shared)
    slots = []
    at = shared
    for number, length in enumerate(lengths):
        tokens[number, :length] = torch.arange(at, at + length)
        slots.append(torch.arange(number * longest, number * longest + length))
        at += length
    mask = torch.ones(longest, shared + longest, dtype=torch.bool).tril(shared)
    return {"attention_mask": mask[None, None], "own_tokens": tokens, "own_slots": torch.cat(slots)}


def _attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor,
    own_tokens: torch.Tensor,
    own_slots: torch.Tensor,
    scaling: float | None = None,
    dropout: float = 0.0,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """Attention of a row: queries (1, heads, tokens, size), keys and values the same with as many heads or fewer."""
    rows, longest = own_tokens.shape
    shared = query.shape[2] - len(own_slots)
    repeats = query.shape[1] // key.shape[1]
    key, value = key.repeat_interleave(repeats, 1), value.repeat_interleave(repeats, 1)

    def own(states: torch.Tensor) -> torch.Tensor:
        found = states[0].index_select(1, own_tokens.flatten())
        return found.view(found.shape[0], rows, longest, -1).transpose(0, 1)

    def with_prefix(states: torch.Tensor) -> torch.Tensor:
        return torch.cat([states[:, :, :shared].expand(rows, -1, -1, -1), own(states)], dim=2)

    seen = scaled_dot_product_attention(
        own(query),
        with_prefix(key),
        with_prefix(value),
        attn_mask=attention_mask,
        dropout_p=dropout,
        scale=scaling,
    )
    # (tokens, heads, size) from here on, as the model wants them.
    states = seen.transpose(1, 2).flatten(0, 1).index_select(0, own_slots)
    if shared:
        prefix = scaled_dot_product_attention(
            query[:, :, :shared],
            key[:, :, :shared],
            value[:, :, :shared],
            is_causal=True,
            dropout_p=dropout,
            scale=scaling,
        )
        states = torch.cat([prefix[0].transpose(0, 1), states])
    return states[None], None
