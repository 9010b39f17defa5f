"""The order of examples and the making of batches: padded, grouped by length, or sharing one prefix.

All three are exact: with the same examples in an optimiser step, its loss and gradient differ by rounding alone.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import Any

import torch
from torch.utils.data import Sampler

from markner.models.causal.examples import Example
from markner.models.causal.prefix_attention import layout
from markner.study.schema.systems import Training

Batch = dict[str, torch.Tensor]
"""What a causal model's `forward` takes. `labels` (rows, columns) are already shifted: the token to predict at each of
the `logits_to_keep` columns, -100 where there is none. `shift_labels` is the same tensor under the name by which the
model's own loss takes it as it is. The language model's head is thus computed for supervised columns alone."""

IGNORED = -100
_WINDOW = 50


class Order(Sampler[int]):
    """The order in which examples are seen: a function of seed and epoch alone.

    Each epoch is a random permutation. It is cut into windows; within a window examples of a kind are put side by
    side, the window is cut into device batches, and these are shuffled. For `grouped` the kind is the length and a
    window is 50 device batches (of an optimiser step that accumulates several device batches, these are a random
    draw). For `prefix` the kind is the prompt's beginning, and a window is one optimiser step, so that the make-up of
    every step is that of a plain random batch. For `padded` nothing is rearranged.

    Several processes take device batches in turn, so that together they see in each optimiser step what one process
    would see. Where an epoch does not divide evenly, the sampler adds fillers at its end: an example without an answer,
    which has no loss (accelerate would repeat the first examples).
    """

    def __init__(self, examples: Sequence[Example], training: Training, seed: int, processes: int = 1) -> None:
        self.examples = examples
        self.processes = processes
        self.training = training
        self.seed = seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch that is iterated next."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.examples) + self._fillers()

    def __iter__(self) -> Iterator[int]:
        return iter(self.indices(self.epoch) + [len(self.examples)] * self._fillers())

    def dataset(self) -> list[Example]:
        """The examples, and the filler behind them."""
        return [*self.examples, Example(self.examples[0].prompt, [])]

    def _fillers(self) -> int:
        return -len(self.examples) % (self.training.device_batch_size * self.processes) if self.processes > 1 else 0

    def indices(self, epoch: int) -> list[int]:
        """Indices of the examples in the order of an epoch (from 0); every example once."""
        source = random.Random(f"{self.seed}/{epoch}")
        order = list(range(len(self.examples)))
        source.shuffle(order)
        size = self.training.device_batch_size
        if self.training.batching == "grouped":
            return _arranged(order, _WINDOW * size, size, lambda index: (len(self.examples[index]),), source)
        if self.training.batching == "prefix":
            step = self.training.batch_size
            return _arranged(order, step, size, lambda index: tuple(self.examples[index].prompt), source)
        return order

    def tokens(self, epoch: int) -> list[int]:
        """Tokens of all examples seen by the end of each optimiser step of an epoch, padding and sharing apart."""
        lengths = list(accumulate(len(self.examples[index]) for index in self.indices(epoch)))
        step = self.training.batch_size
        return [lengths[min(end, len(lengths)) - 1] for end in range(step, len(lengths) + step, step)]


def _arranged(
    order: list[int], window: int, size: int, kind: Callable[[int], tuple[int, ...]], source: random.Random
) -> list[int]:
    arranged: list[int] = []
    for start in range(0, len(order), window):
        part = sorted(order[start : start + window], key=kind)
        batches = [part[first : first + size] for first in range(0, len(part), size)]
        # A short batch must stay last: the data loader cuts the order into batches by counting.
        whole = [batch for batch in batches if len(batch) == size]
        source.shuffle(whole)
        arranged += [index for batch in whole for index in batch]
        arranged += [index for batch in batches[len(whole) :] for index in batch]
    return arranged


def pad(examples: Sequence[Example], padding: int) -> Batch:
    """One row an example, padded on the left, so that the answers end together and few columns are supervised.

    Args:
        examples: n examples, the longest of T tokens, the longest answer of K.
        padding: Token id to pad with; it is masked.

    Returns:
        `input_ids`, `attention_mask`, `position_ids` (n, T); `labels`, `shift_labels` (n, K); `logits_to_keep` (K,).
    """
    total = max(len(example) for example in examples)
    columns = max(len(example.answer) for example in examples)
    ids = torch.full((len(examples), total), padding)
    mask = torch.zeros(len(examples), total, dtype=torch.long)
    labels = torch.full((len(examples), columns), IGNORED)
    for row, example in enumerate(examples):
        ids[row, total - len(example) :] = torch.tensor(example.prompt + example.answer)
        mask[row, total - len(example) :] = 1
        labels[row, columns - len(example.answer) :] = torch.tensor(example.answer)
    return {
        "input_ids": ids,
        "attention_mask": mask,
        "position_ids": (mask.cumsum(1) - 1).clamp(min=0),
        "labels": labels,
        "shift_labels": labels,
        "logits_to_keep": torch.arange(total - columns - 1, total - 1),
    }


def share_prefix(examples: Sequence[Example]) -> Batch:
    """All examples in one row behind a single copy of the prompts' common prefix.

    Each token sees the prefix and what precedes it in its own example; positions restart behind the prefix. This is
    the computation of separate rows without repeating the prefix and without padding. It is for a model whose
    attention knows of it (`prefix_attention.use_prefix_attention`).

    Args:
        examples: n examples; T is the prefix and all that follows it, K the sum of the answers' lengths.

    Returns:
        `input_ids`, `position_ids` (1, T); `labels`, `shift_labels` (1, K); `logits_to_keep` (K,); and what
        `prefix_attention.layout` tells of the row.
    """
    # The last token of a prompt predicts the first of its answer, so it is never shared.
    shared = common_prefix([example.prompt[:-1] for example in examples])
    ids = list(examples[0].prompt[:shared])
    positions = list(range(shared))
    lengths: list[int] = []
    labels: list[int] = []
    keep: list[int] = []
    for example in examples:
        own = example.prompt[shared:] + example.answer
        ids += own
        positions += range(shared, shared + len(own))
        lengths.append(len(own))
        labels += example.answer
        keep += range(len(ids) - len(example.answer) - 1, len(ids) - 1)
    targets = torch.tensor([labels], dtype=torch.long)
    return {
        "input_ids": torch.tensor([ids]),
        "position_ids": torch.tensor([positions]),
        "labels": targets,
        "shift_labels": targets,
        "logits_to_keep": torch.tensor(keep, dtype=torch.long),
        **layout(shared, lengths),
    }


def common_prefix(rows: Sequence[Sequence[int]]) -> int:
    """Length of the longest common beginning of several token sequences."""
    # Only the smallest and the largest need comparing: all others sort between them.
    low, high = min(map(list, rows)), max(map(list, rows))
    length = 0
    for left, right in zip(low, high, strict=False):
        if left != right:
            break
        length += 1
    return length


def collator(training: Training, padding: int) -> Callable[[Sequence[Any]], Batch]:
    """The function that makes a batch of examples under a way of batching."""
    if training.batching == "prefix":
        return share_prefix
    return lambda examples: pad(examples, padding)
