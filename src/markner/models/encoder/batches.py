"""Inputs of an encoder: word pieces, labels on the first piece of each word, batches of similar length."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import torch
from transformers import PreTrainedTokenizerBase

from markner.data.documents import Sentence, Span
from markner.models.encoder.marginals import mention_marginals
from markner.models.encoder.viterbi import IMPOSSIBLE, LABELS, likeliest_valid
from markner.tags import spans_from_tags, tags_from_spans, words

IGNORED = -100
"""Label of a piece that does not count in the loss."""

OUTSIDE = (0.0, IMPOSSIBLE, IMPOSSIBLE)
"""Scores of a word beyond the longest input: it is `O`."""

MEGABATCH = 50
"""Batches whose sentences are sorted by length together: more means less padding, fewer means more random batches."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A sentence in word pieces.

    `first` contains the position in `ids` of each word's first piece; None for a word beyond the longest input, or a
    word of characters that the tokenizer drops. `truncated`: the sentence has more pieces than fit.
    """

    sentence: Sentence
    words: list[Span]
    ids: list[int]
    first: list[int | None]
    truncated: bool

    def labels(self) -> list[int]:
        """Return the gold class of each piece; `IGNORED` except on first pieces."""
        labels = [IGNORED] * len(self.ids)
        for position, tag in zip(self.first, tags_from_spans(self.words, self.sentence.spans), strict=True):
            if position is not None:
                labels[position] = LABELS.index(tag)
        return labels

    def spans(self, scores: Sequence[Sequence[float]]) -> tuple[Span, ...]:
        """Return the predicted mentions from the logits of each piece, [pieces, 3]. Words without a piece are `O`."""
        return spans_from_tags(self.words, likeliest_valid(self._of_words(scores)))

    def mentions(self, scores: Sequence[Sequence[float]]) -> tuple[tuple[Span, ...], tuple[float, ...]]:
        """Return the predicted mentions as `spans` does, and the probability of each."""
        of_words = self._of_words(scores)
        tags = likeliest_valid(of_words)
        return spans_from_tags(self.words, tags), mention_marginals(of_words, tags)

    def _of_words(self, scores: Sequence[Sequence[float]]) -> list[Sequence[float]]:
        return [OUTSIDE if position is None else scores[position] for position in self.first]

    def truncated_mentions(self) -> int:
        """Count the gold mentions that end beyond the longest input."""
        if not self.truncated:
            return 0
        end = max((word.end for word, at in zip(self.words, self.first, strict=True) if at is not None), default=0)
        return sum(span.end > end for span in self.sentence.spans)


@dataclass(frozen=True, slots=True)
class Batch:
    """Sentences padded to the longest: int64 tensors of [sentences, pieces], and the number of labeled words."""

    ids: torch.Tensor
    mask: torch.Tensor
    labels: torch.Tensor
    words: int


def encode(sentences: Iterable[Sentence], tokenizer: PreTrainedTokenizerBase, max_length: int) -> list[Encoded]:
    """Split sentences into words and words into pieces, at most `max_length` with special tokens."""
    rows: list[Encoded] = []
    for sentence in sentences:
        spans = words(sentence.text)
        pieces = tokenizer(
            [sentence.text[span.start : span.end] for span in spans],
            is_split_into_words=True,
            truncation=True,
            max_length=max_length,
            split_special_tokens=True,  # `[SEP]` in a sentence is text
        )
        first: list[int | None] = [None] * len(spans)
        for position, word in enumerate(pieces.word_ids()):
            if word is not None and first[word] is None:
                first[word] = position
        truncated = bool(pieces.encodings[0].overflowing)
        rows.append(Encoded(sentence, spans, list(pieces["input_ids"]), first, truncated))
    return rows


def shuffled_batches(rows: Sequence[Encoded], size: int, generator: torch.Generator) -> list[list[Encoded]]:
    """Return all rows once, in random batches of similar length, in random order."""
    order = torch.randperm(len(rows), generator=generator).tolist()
    span = size * MEGABATCH
    batches: list[list[Encoded]] = []
    for start in range(0, len(order), span):
        part = sorted(order[start : start + span], key=lambda index: len(rows[index].ids))
        batches += [[rows[index] for index in part[at : at + size]] for at in range(0, len(part), size)]
    return [batches[index] for index in torch.randperm(len(batches), generator=generator).tolist()]


def sorted_batches(rows: Sequence[Encoded], size: int) -> list[list[Encoded]]:
    """Return all rows once, in batches from the shortest to the longest."""
    ordered = sorted(rows, key=lambda row: len(row.ids))
    return [ordered[at : at + size] for at in range(0, len(ordered), size)]


def collate(rows: list[Encoded], pad: int, device: torch.device) -> Batch:
    """Pad rows with the token `pad` to the longest of them.

    For a GPU the tensors are in pinned memory, so that copying them does not wait for the computation.
    """
    shape = (len(rows), max(len(row.ids) for row in rows))
    pinned = device.type == "cuda"
    ids, mask, labels = (torch.full(shape, value, pin_memory=pinned) for value in (pad, 0, IGNORED))
    words = 0
    for number, row in enumerate(rows):
        length = len(row.ids)
        ids[number, :length] = torch.tensor(row.ids)
        mask[number, :length] = 1
        labels[number, :length] = torch.tensor(row.labels())
        words += sum(position is not None for position in row.first)
    ids, mask, labels = (tensor.to(device, non_blocking=True) for tensor in (ids, mask, labels))
    return Batch(ids, mask, labels, words)
