"""The order of examples, and batches of three kinds: padded, grouped by length, or with a shared prefix.

All three are exact: for the same examples in an optimizer step, loss and gradient differ by rounding only.
"""

import random
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import Any

import torch
from torch.utils.data import Sampler

from markner.models.causal.examples import Example
from markner.models.causal.prefix_attention import row_tensors
from markner.models.padding import pad_rows, row_mask
from markner.study.schema.systems import Training

Batch = dict[str, torch.Tensor]
"""Arguments of a causal model's `forward`. `labels` (rows, columns) are already shifted: the token to predict at each
of the `logits_to_keep` columns, or -100. `shift_labels` is the same tensor; under this name the model's own loss does
not shift it again. So the model's head is computed for supervised columns only."""

IGNORED = -100
_WINDOW = 50


class Order(Sampler[int]):
    """The order of the examples, a function of seed and epoch only.

    Each epoch is a random permutation, divided into windows. Within a window the examples are sorted by a key and
    divided into device batches, and the device batches are shuffled. For `grouped` the key is the length, and a window
    is 50 device batches, from which the device batches of an optimizer step are drawn at random. For `prefix` the key
    is the prompt, and a window is one optimizer step, so that a step has the examples of a plain random batch. For
    `padded` nothing is sorted.

    Several processes take device batches in turn, so in each optimizer step they see together the examples that one
    process would see. If an epoch does not divide evenly, fillers are added at its end: an example without an answer,
    which has no loss. (accelerate would repeat the first examples.)
    """

    def __init__(self, examples: Sequence[Example], training: Training, seed: int, processes: int = 1) -> None:
        self.examples = examples
        self.processes = processes
        self.training = training
        self.seed = seed
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Set the epoch that is iterated next."""
        self.epoch = epoch

    def __len__(self) -> int:
        return len(self.examples) + self._fillers()

    def __iter__(self) -> Iterator[int]:
        return iter(self.indices(self.epoch) + [len(self.examples)] * self._fillers())

    def dataset(self) -> list[Example]:
        """Return the examples and, after them, the filler."""
        return [*self.examples, Example(self.examples[0].prompt, [])]

    def _fillers(self) -> int:
        return -len(self.examples) % (self.training.device_batch_size * self.processes) if self.processes > 1 else 0

    def indices(self, epoch: int) -> list[int]:
        """Return the indices of the examples in the order of an epoch (from 0); each example once."""
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
        """Return the tokens of all examples up to the end of each optimizer step of an epoch, regardless of padding."""
        lengths = list(accumulate(len(self.examples[index]) for index in self.indices(epoch)))
        step = self.training.batch_size
        return [lengths[min(end, len(lengths)) - 1] for end in range(step, len(lengths) + step, step)]


def _arranged(
    order: list[int], window: int, size: int, key: Callable[[int], tuple[int, ...]], source: random.Random
) -> list[int]:
    arranged: list[int] = []
    for start in range(0, len(order), window):
        part = sorted(order[start : start + window], key=key)
        batches = [part[first : first + size] for first in range(0, len(part), size)]
        # An incomplete batch must stay last: the data loader divides the order into batches by counting.
        complete = [batch for batch in batches if len(batch) == size]
        source.shuffle(complete)
        arranged += [index for batch in complete for index in batch]
        arranged += [index for batch in batches[len(complete) :] for index in batch]
    return arranged


def pad(examples: Sequence[Example], padding: int) -> Batch:
    """Return one row per example, padded on the left: the answers end together, so few columns are supervised.

    The longest of n examples has T tokens, the longest answer K. Padding has the id `padding` and is masked.

    Returns:
        `input_ids`, `attention_mask`, `position_ids` (n, T); `labels`, `shift_labels` (n, K); `logits_to_keep` (K,).
    """
    rows = [example.prompt + example.answer for example in examples]
    mask = row_mask(rows, "left")
    labels = pad_rows([example.answer for example in examples], IGNORED, "left")
    total, columns = mask.shape[1], labels.shape[1]
    return {
        "input_ids": pad_rows(rows, padding, "left"),
        "attention_mask": mask,
        "position_ids": (mask.cumsum(1) - 1).clamp(min=0),
        "labels": labels,
        "shift_labels": labels,
        "logits_to_keep": torch.arange(total - columns - 1, total - 1),
    }


def share_prefix(examples: Sequence[Example]) -> Batch:
    """Return all examples in one row after a single copy of the prompts' common prefix.

    Each token attends to the prefix and to the earlier tokens of its own example. Positions restart after the prefix.
    The result equals separate rows, without repeating the prefix and without padding. The model needs the attention of
    `prefix_attention.use_prefix_attention`.

    Returns:
        `input_ids`, `position_ids` (1, T), with the T tokens of the row; `labels`, `shift_labels` (1, K),
        `logits_to_keep` (K,), with the K tokens of all answers; and the tensors that `prefix_attention.row_tensors`
        returns.
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
        **row_tensors(shared, lengths),
    }


def common_prefix(rows: Sequence[Sequence[int]]) -> int:
    """Return the length of the longest common prefix of several token sequences."""
    # Comparing the smallest and the largest is enough: all others sort between them.
    low, high = min(map(list, rows)), max(map(list, rows))
    length = 0
    for left, right in zip(low, high, strict=False):
        if left != right:
            break
        length += 1
    return length


def collator(training: Training, padding: int) -> Callable[[Sequence[Any]], Batch]:
    """Return the function that makes a batch of examples for the setting `batching`."""
    if training.batching == "prefix":
        return share_prefix
    return lambda examples: pad(examples, padding)
