"""Rows of several lengths in one tensor."""

from collections.abc import Sequence
from typing import Literal

import torch
from torch.nn.utils.rnn import pad_sequence


def pad_rows(rows: Sequence[Sequence[int]], fill: int, side: Literal["left", "right"]) -> torch.Tensor:
    """Return rows as an int64 tensor [rows, longest]; shorter ones are filled on a side."""
    tensors = [torch.tensor(row, dtype=torch.long) for row in rows]
    return pad_sequence(tensors, batch_first=True, padding_value=fill, padding_side=side)


def row_mask(rows: Sequence[Sequence[int]], side: Literal["left", "right"]) -> torch.Tensor:
    """Return the mask of `pad_rows`: 1 for each value of a row, 0 for the fill."""
    return pad_rows([[1] * len(row) for row in rows], 0, side)
