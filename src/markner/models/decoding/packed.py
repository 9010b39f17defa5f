"""Passes over the tokens of several rows, packed without padding, with a cache that has one slot for each position.

The token at position p of a row is kept in slot p of that row, and a token attends to all slots of its row up to its
own. So nothing has to be done about rejected tokens: the next tokens at their positions replace them. All layers but
the attention see one row of all tokens.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import torch
from torch.nn.functional import scaled_dot_product_attention
from transformers import DynamicCache, PreTrainedModel
from transformers.modeling_utils import ALL_ATTENTION_FUNCTIONS

_NAME = "markner_packed"
_ALIGNED = 8  # Slots are a multiple of it, as fast attention on GPUs wants.

Layer = tuple[torch.Tensor, torch.Tensor]
"""Keys and values of a layer, (rows, heads, slots, size)."""


class RowCache(DynamicCache):
    """Keys and values of n rows, each beginning with the same prefix.

    `prefix` has the states of each layer for one row; it is empty if there is none. `slots` is the most tokens of a
    row, prefix included.
    """

    def __init__(self, prefix: Sequence[Layer], rows: int, slots: int) -> None:
        super().__init__()
        self._prefix, self._rows, self._slots = prefix, rows, -(-slots // _ALIGNED) * _ALIGNED
        self._states: list[Layer] = []
        self.row = self.position = torch.tensor([])
        """Of each token of the pass, (tokens,)."""
        self.active = self.used = 0
        """Rows of the pass, the first of the cache, and slots that they use."""

    def place(self, row: torch.Tensor, position: torch.Tensor, device: torch.device) -> None:
        """Set where the tokens of the next pass belong; see `row` and `position`, which are in main memory here.

        So nothing is read back from a GPU, which would have to finish its work first.
        """
        self.row, self.position = row.to(device), position.to(device)
        self.active = int(row[-1]) + 1
        self.used = -(-(int(position.max()) + 1) // _ALIGNED) * _ALIGNED

    def update(
        self, key_states: torch.Tensor, value_states: torch.Tensor, layer_idx: int, *_: Any, **__: Any
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Keep a pass's states, (1, heads, tokens, size), and return all of its rows, (n, heads, slots, size)."""
        if layer_idx == len(self._states):
            self._states.append((self._allocated(key_states, 0), self._allocated(value_states, 1)))
        keys, values = self._states[layer_idx]
        keys[self.row, :, self.position] = key_states[0].transpose(0, 1)
        values[self.row, :, self.position] = value_states[0].transpose(0, 1)
        return keys[: self.active, :, : self.used], values[: self.active, :, : self.used]

    def _allocated(self, states: torch.Tensor, part: int) -> torch.Tensor:
        """Return slots for states such as these. A masked slot has no weight, but must be a number."""
        slots = states.new_zeros(self._rows, states.shape[1], self._slots, states.shape[3])
        if self._prefix:
            prefix = self._prefix[len(self._states)][part]
            slots[:, :, : prefix.shape[2]] = prefix
        return slots

    def keep(self, going: Sequence[int]) -> list[int]:
        """Move as few rows as possible to the front; return the new order of those that stay, by their old numbers."""
        order = list(range(len(going)))
        holes = sorted(set(order) - set(going))
        moved = [row for row in going if row >= len(going)]
        for hole, row in zip(holes, moved, strict=True):
            order[hole] = row
        if holes:
            to, moving = torch.tensor([holes, moved], device=self.row.device)
            for layer in self._states:
                for states in layer:
                    states.index_copy_(0, to, states.index_select(0, moving))
        return order


@contextmanager
def packed_attention(model: PreTrainedModel) -> Iterator[None]:
    """Make a model with the library's standard attention interface, such as LLaMA, read packed rows in a block."""
    own = model.config._attn_implementation
    ALL_ATTENTION_FUNCTIONS.register(_NAME, _attend)
    model.set_attn_implementation(_NAME)
    try:
        yield
    finally:
        model.set_attn_implementation(own)


def read_packed(
    model: PreTrainedModel, cache: RowCache, tokens: Sequence[Sequence[int]], read: Sequence[int], kept: Sequence[int]
) -> torch.Tensor:
    """Read new tokens of the first n rows of a cache, in one pass; the model has `packed_attention`.

    Of each row, at least one token is new, and `read` tokens have been read before. For the last `kept` tokens the
    logits are returned: [sum of kept, vocabulary], row after row.
    """
    device = model.device
    lengths = torch.tensor([len(each) for each in tokens])
    row = torch.arange(len(tokens)).repeat_interleave(lengths)
    ends = lengths.cumsum(0)
    column = torch.arange(len(row)) - (ends - lengths)[row]
    position = torch.tensor(read)[row] + column
    cache.place(row, position, device)
    # In a table of rows, padded at their ends: the token of each cell, and the cell of each token.
    longest = int(lengths.max())
    cell = row * longest + column
    token = torch.zeros(len(tokens) * longest, dtype=torch.long)
    token[cell] = torch.arange(len(row))
    token = token.to(device)
    unseen = torch.arange(cache.used, device=device) > cache.position[token][:, None]
    mask = torch.zeros(unseen.shape, dtype=model.dtype, device=device).masked_fill(unseen, -torch.inf)
    wanted = torch.cat([torch.arange(end - count, end) for end, count in zip(ends.tolist(), kept, strict=True)])
    ids = torch.tensor([[token for each in tokens for token in each]])
    logits: torch.Tensor = model(
        input_ids=ids.to(device),
        attention_mask=mask.view(len(tokens), 1, longest, -1),
        position_ids=cache.position[None],
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=wanted.to(device),
        token_of_cell=token,
        cell_of_token=cell.to(device),
    ).logits
    return logits[0]


def _attend(
    module: torch.nn.Module,
    query: torch.Tensor,
    key: torch.Tensor,
    value: torch.Tensor,
    attention_mask: torch.Tensor,
    token_of_cell: torch.Tensor,
    cell_of_token: torch.Tensor,
    scaling: float | None = None,
    **_: Any,
) -> tuple[torch.Tensor, None]:
    """Attend from packed queries, (1, heads, tokens, size), to keys and values of n rows, (n, key heads, slots, size).

    Query heads that share keys become further queries of one head, so no key is repeated.
    """
    heads, size = query.shape[1], query.shape[3]
    rows, shared = key.shape[:2]
    groups = heads // shared
    table = query[0].transpose(0, 1).index_select(0, token_of_cell).view(rows, -1, shared, groups, size)
    attended = scaled_dot_product_attention(
        table.permute(0, 2, 3, 1, 4).flatten(2, 3),
        key,
        value,
        attn_mask=attention_mask.repeat(1, 1, groups, 1),
        scale=scaling,
    )
    table = (
        attended.reshape(rows, shared, groups, -1, value.shape[3])
        .permute(0, 3, 1, 2, 4)
        .reshape(-1, heads, value.shape[3])
    )
    return table.index_select(0, cell_of_token)[None], None
