"""Attention over a row of several examples after a common prefix, computed only within examples and prefix.

A mask over the whole row would be correct but slow: most pairs of tokens belong to two different examples, and an
attention kernel computes their scores too. Here the prefix attends to itself once, and each example to the prefix and
itself. The rest of the model processes the row unchanged.
"""

from collections.abc import Callable
from typing import Any

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import PreTrainedModel
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

_NAME = "markner_prefix"


def use_prefix_attention(model: PreTrainedModel) -> None:
    """Make a model with the library's standard attention interface, such as LLaMA, accept `share_prefix` batches."""
    ALL_ATTENTION_FUNCTIONS.register(_NAME, _attend)
    model.set_attn_implementation(_NAME)


def row_tensors(shared: int, lengths: list[int]) -> dict[str, torch.Tensor]:
    """Return the positions of the examples in a row, as tensors of the batch for the attention.

    Args:
        shared: P, the tokens of the prefix.
        lengths: Tokens of each of n examples after it, L of the longest.

    Returns:
        `attention_mask` (1, 1, L, P + L): True if a token of an example (row) attends to a token of the prefix or the
        example (column); the same for all examples, because they are padded at their ends. `own_tokens` (n, L): indices
        in the row of each example's tokens; padding has any index. `own_slots` (sum of lengths,): the inverse, indices
        in the flattened `own_tokens` of the tokens after the prefix.
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


# Each token after the prefix has one slot in the padded rows, so both directions are plain copies. The library's own
# backward pass of `index_select` adds instead, one value at a time where two have the same place: all padding has, and
# on a GPU it then waits for itself.


class _ToRows(torch.autograd.Function):
    """Copy the tokens after the prefix (heads, tokens, size) to padded rows (heads, slots, size)."""

    @staticmethod
    def forward(ctx: Any, states: torch.Tensor, tokens: torch.Tensor, slots: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(slots)
        return states.index_select(1, tokens)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None, None]:
        """Leave out the gradient of padding, which is zero: nothing reads what padding attends to."""
        (slots,) = ctx.saved_tensors
        return gradients[0].index_select(1, slots), None, None


class _FromRows(torch.autograd.Function):
    """Copy padded rows (slots, heads, size) back to the tokens after the prefix (tokens, heads, size)."""

    @staticmethod
    def forward(ctx: Any, rows: torch.Tensor, slots: torch.Tensor) -> torch.Tensor:
        ctx.save_for_backward(slots)
        ctx.shape = rows.shape
        return rows.index_select(0, slots)

    @staticmethod
    def backward(ctx: Any, *gradients: torch.Tensor) -> tuple[torch.Tensor, None]:
        (slots,) = ctx.saved_tensors
        return gradients[0].new_zeros(ctx.shape).index_copy_(0, slots, gradients[0]), None


# Typed, which torch's `apply` is not.
_to_rows: Callable[[torch.Tensor, torch.Tensor, torch.Tensor], torch.Tensor] = _ToRows.apply
_from_rows: Callable[[torch.Tensor, torch.Tensor], torch.Tensor] = _FromRows.apply


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
    """Compute the attention of a row. Queries are (1, heads, tokens, size); keys and values may have fewer heads."""
    rows, longest = own_tokens.shape
    shared = query.shape[2] - len(own_slots)
    repeats = query.shape[1] // key.shape[1]
    key, value = key.repeat_interleave(repeats, 1), value.repeat_interleave(repeats, 1)

    def own(states: torch.Tensor) -> torch.Tensor:
        selected = _to_rows(states[0, :, shared:], own_tokens.flatten() - shared, own_slots)
        return selected.view(selected.shape[0], rows, longest, -1).transpose(0, 1)

    def with_prefix(states: torch.Tensor) -> torch.Tensor:
        return torch.cat([states[:, :, :shared].expand(rows, -1, -1, -1), own(states)], dim=2)

    attended = scaled_dot_product_attention(
        own(query),
        with_prefix(key),
        with_prefix(value),
        attn_mask=attention_mask,
        dropout_p=dropout,
        scale=scaling,
    )
    # From here on (tokens, heads, size), as the model expects.
    states = _from_rows(attended.transpose(1, 2).flatten(0, 1), own_slots)
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
