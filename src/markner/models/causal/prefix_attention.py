"""Attention over a row of several examples after a common prefix, computed only within examples and prefix.

A mask over the whole row would be correct but slow: most pairs of tokens belong to two different examples, and an
attention kernel computes their scores too. Here the prefix attends to itself once, and each example to the prefix and
itself. The rest of the model processes the row unchanged.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
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

    The prefix has P tokens (`shared`), each of n examples after it its length, the longest L.

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
    shared = query.shape[2] - len(own_slots)
    rows = _Rows(shared, own_tokens - shared, own_slots)
    if _by_products(query):
        return _from_products(rows, query, key, value, scaling, dropout)[None], None
    repeats = query.shape[1] // key.shape[1]
    key, value = key.repeat_interleave(repeats, 1), value.repeat_interleave(repeats, 1)
    (query, own_query), (key, own_key), (value, own_value) = map(rows.divided, (query, key, value))
    attend = partial(scaled_dot_product_attention, dropout_p=dropout, scale=scaling)
    attended = attend(
        own_query.transpose(0, 1),
        torch.cat([key.expand(len(own_tokens), -1, -1, -1), own_key.transpose(0, 1)], dim=2),
        torch.cat([value.expand(len(own_tokens), -1, -1, -1), own_value.transpose(0, 1)], dim=2),
        attn_mask=attention_mask,
    )
    # From here on (tokens, heads, size), as the model expects.
    states = _from_rows(attended.transpose(1, 2).flatten(0, 1), own_slots)
    if shared:
        prefix = attend(query[None], key[None], value[None], is_causal=True)
        states = torch.cat([prefix[0].transpose(0, 1), states])
    return states[None], None


@dataclass(frozen=True)
class _Rows:
    """Where the tokens of a row are: as `row_tensors` has them, but `tokens` counts from the end of the prefix."""

    shared: int
    tokens: torch.Tensor
    slots: torch.Tensor

    def divided(self, states: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the states of the prefix (heads, shared, size) and of the examples (heads, n, longest, size)."""
        prefix, own = torch.split_with_sizes(states[0], [self.shared, len(self.slots)], dim=1)
        rows = _to_rows(own, self.tokens.flatten(), self.slots)
        return prefix, rows.view(len(rows), *self.tokens.shape, -1)


def _by_products(query: torch.Tensor) -> bool:
    """Whether matrix products are faster than the library's attention: in 16 bits on a CPU they take a third of it."""
    return query.device.type == "cpu" and (torch.is_autocast_enabled("cpu") or query.dtype == torch.bfloat16)


def _from_products(
    rows: _Rows, query: torch.Tensor, key: torch.Tensor, value: torch.Tensor, scaling: float | None, dropout: float
) -> torch.Tensor:
    """Compute the attention of a row (tokens, heads, size) by matrix products, with float32 weights of the keys.

    The query heads that share a key head, and the examples that share the prefix, use the same keys and values without
    copies of them.
    """
    (heads, size), (examples, longest) = (key.shape[1], query.shape[3]), rows.tokens.shape
    groups = query.shape[1] // heads
    query = query * (size**-0.5 if scaling is None else scaling)
    (query, own_query), (key, own_key), (value, own_value) = map(rows.divided, (query, key, value))

    def weights(scores: torch.Tensor) -> torch.Tensor:
        return torch.nn.functional.dropout(scores.softmax(-1, dtype=torch.float32).to(value.dtype), dropout)

    def causal(scores: torch.Tensor, length: int) -> torch.Tensor:
        """Leave out the keys after each query; scores are (..., groups x length, length)."""
        future = torch.ones(length, length, dtype=torch.bool).triu(1)
        return scores.view(-1, groups, length, length).masked_fill(future, float("-inf")).view_as(scores)

    # Queries (key heads, examples, groups, longest, size): all that use the same keys are beside each other.
    own_query = own_query.view(heads, groups, examples, longest, size).transpose(1, 2).contiguous()
    to_prefix = (own_query.flatten(1, 3) @ key.mT).view(heads, examples, groups * longest, rows.shared)
    to_own = causal(own_query.flatten(2, 3) @ own_key.mT, longest)
    both = weights(torch.cat([to_prefix, to_own], dim=-1))
    of_prefix, of_own = torch.split_with_sizes(both, [rows.shared, longest], dim=-1)
    attended = of_own @ own_value
    attended = attended + (of_prefix.flatten(1, 2) @ value).view_as(attended)
    attended = attended.view(heads, examples, groups, longest, size).permute(1, 3, 0, 2, 4)
    states = _from_rows(attended.reshape(examples * longest, -1, size), rows.slots)
    if rows.shared:
        prefix = weights(causal(query.reshape(heads, groups * rows.shared, size) @ key.mT, rows.shared)) @ value
        states = torch.cat([prefix.view(-1, rows.shared, size).transpose(0, 1), states])
    return states
