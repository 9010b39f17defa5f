"""Inputs of an encoder: word pieces, labels on the first piece of each word, batches of similar length."""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple
from unicodedata import normalize

import torch
from transformers import PreTrainedTokenizerBase

from markner.data.context import Context
from markner.data.documents import Sentence, Span
from markner.errors import MarknerError
from markner.models.encoder.marginals import mention_marginals
from markner.models.encoder.viterbi import IMPOSSIBLE, LABELS, likeliest_valid
from markner.models.padding import pad_rows, row_mask
from markner.tags import Tag, spans_from_tags, tags_from_spans, words

IGNORED = -100
"""Label of a piece that does not count in the loss."""

OUTSIDE = (0.0, IMPOSSIBLE, IMPOSSIBLE)
"""Scores of a word that has no word piece: it is `O`."""

MEGABATCH = 50
"""Batches whose sentences are sorted by length together: more means less padding, fewer means more random batches."""


@dataclass(frozen=True, slots=True)
class Encoded:
    """A sentence in word pieces, or one window of a sentence that is too long for one input.

    `words` are the words that this window labels; a sentence's windows label each of its words once. `tags` are their
    gold tags. `first` has the position in `ids` of each word's first piece; None for a word of characters that the
    tokenizer drops. `window` counts the windows of the sentence, from 0.
    """

    sentence: Sentence
    words: list[Span]
    tags: list[Tag]
    ids: list[int]
    first: list[int | None]
    window: int = 0

    def labels(self) -> list[int]:
        """Return the gold class of each piece; `IGNORED` except on the first pieces of `words`."""
        labels = [IGNORED] * len(self.ids)
        for position, tag in zip(self.first, self.tags, strict=True):
            if position is not None:
                labels[position] = LABELS.index(tag)
        return labels


class Scored(NamedTuple):
    """A sentence with its words and the logits of each: [words, 3]. They may come from several windows."""

    sentence: Sentence
    words: list[Span]
    scores: list[Sequence[float]]

    def spans(self) -> tuple[Span, ...]:
        """Return the predicted mentions: those of the most likely valid tags of the whole sentence."""
        return spans_from_tags(self.words, likeliest_valid(self.scores))

    def mentions(self) -> tuple[tuple[Span, ...], tuple[float, ...]]:
        """Return the predicted mentions as `spans` does, and the probability of each."""
        tags = likeliest_valid(self.scores)
        return spans_from_tags(self.words, tags), mention_marginals(self.scores, tags)


def join_windows(rows: Sequence[Encoded], scores: Mapping[int, Sequence[Sequence[float]]]) -> list[Scored]:
    """Return the sentences of rows, in their order; the windows of each sentence are one after the other.

    `scores` has by the number of the row the logits of its pieces, [pieces, 3].
    """
    joined: list[Scored] = []
    for number, row in enumerate(rows):
        if row.window == 0:
            joined.append(Scored(row.sentence, [], []))
        joined[-1].words.extend(row.words)
        joined[-1].scores.extend(OUTSIDE if position is None else scores[number][position] for position in row.first)
    return joined


@dataclass(frozen=True, slots=True)
class Batch:
    """Sentences padded to the longest: int64 tensors of [sentences, pieces], and the number of labeled words."""

    ids: torch.Tensor
    mask: torch.Tensor
    labels: torch.Tensor
    words: int


def encode(
    sentences: Sequence[Sentence],
    tokenizer: PreTrainedTokenizerBase,
    max_length: int,
    contexts: Sequence[Context] | None = None,
) -> list[Encoded]:
    """Split sentences into words and words into pieces, at most `max_length` with special tokens.

    A longer sentence becomes windows, each of which overlaps the next by half. A word is labeled in the window that has
    most of the sentence around it. The context of a sentence is read beside it as far as there is room, and its words
    are not labeled.

    Raises:
        MarknerError: `max_length` has no room beside the special tokens.
    """
    if contexts is None:
        contexts = [Context()] * len(sentences)
    # A byte-level vocabulary has other pieces for a word behind a space, and words of a text stand behind one.
    space = "" if tokenizer.tokenize(" a") == tokenizer.tokenize("a") else " "
    rows: list[Encoded] = []
    for sentence, context in zip(sentences, contexts, strict=True):
        spans = words(sentence.text)
        tags = tags_from_spans(spans, sentence.spans)
        before, own, after = (_composed_words(text) for text in (context.before, sentence.text, context.after))
        pieces = tokenizer(
            [space + word for word in (*before, *own, *after)],
            is_split_into_words=True,
            split_special_tokens=True,  # `[SEP]` in a sentence is text
            verbose=False,
        )
        ids: list[int] = pieces["input_ids"]
        places: list[list[int]] = [[] for _ in spans]
        content: list[int] = []
        for position, word in enumerate(pieces.word_ids()):
            if word is not None:
                content.append(position)
                if 0 <= word - len(before) < len(spans):
                    places[word - len(before)].append(position)
        # Special tokens are before `begin` and from `end` on.
        begin, end = (content[0], content[-1] + 1) if content else (len(ids), len(ids))
        windows = [Span(begin, begin)]
        if inside := [position for of_word in places for position in of_word]:
            room = max_length - len(ids) + end - begin
            if room < 1:
                raise MarknerError(
                    f"a longest input of {max_length} has no room for a word piece", "raise `max_length`"
                )
            windows = _windows(Span(inside[0], inside[-1] + 1), Span(begin, end), room)
        owners = _owners(places, windows)
        for number, (start, stop) in enumerate(windows):
            labeled = slice(bisect_left(owners, number), bisect_right(owners, number))
            first = [of_word[0] - start + begin if of_word else None for of_word in places[labeled]]
            of_window = [*ids[:begin], *ids[start:stop], *ids[end:]]
            rows.append(Encoded(sentence, spans[labeled], tags[labeled], of_window, first, number))
    return rows


def _composed_words(text: str) -> list[str]:
    return [normalize("NFC", text[start:end]) for start, end in words(text)]


def _windows(own: Span, content: Span, room: int) -> list[Span]:
    """Return the pieces of each window. A sentence that fits is one window, with as much context as there is room.

    `own` are the pieces of the sentence, `content` those of the sentence and its context.
    """
    spare = room - (own.end - own.start)
    if spare < 0:
        starts = [own.start]
        while starts[-1] + room < own.end:
            starts.append(starts[-1] + room - room // 2)
        return [Span(start, min(start + room, own.end)) for start in starts]
    before = min(own.start - content.start, max(spare // 2, spare - (content.end - own.end)))
    after = min(content.end - own.end, spare - before)
    return [Span(own.start - before, own.end + after)]


def _owners(places: Sequence[Sequence[int]], windows: Sequence[Span]) -> list[int]:
    """Return the window that labels each word: the next one takes over as soon as it has more text around the word."""
    owners: list[int] = []
    owner = 0
    for of_word in places:
        while of_word and owner + 1 < len(windows):
            after = windows[owner].end - 1 - of_word[-1]
            before = of_word[0] - windows[owner + 1].start
            if before < 0 or before <= after:
                break
            owner += 1
        owners.append(owner)
    return owners


def shuffled_batches(rows: Sequence[Encoded], size: int, generator: torch.Generator) -> list[list[Encoded]]:
    """Return all rows once, in random batches of similar length, in random order."""
    order = torch.randperm(len(rows), generator=generator).tolist()
    span = size * MEGABATCH
    batches: list[list[Encoded]] = []
    for start in range(0, len(order), span):
        part = sorted(order[start : start + span], key=lambda index: len(rows[index].ids))
        batches += [[rows[index] for index in part[at : at + size]] for at in range(0, len(part), size)]
    return [batches[index] for index in torch.randperm(len(batches), generator=generator).tolist()]


def sorted_batches(rows: Sequence[Encoded], size: int) -> list[list[int]]:
    """Return the number of each row once, in batches from the shortest to the longest.

    Second and later windows of long sentences are in batches of their own: what else is in a batch can change the last
    digits of its scores, and a sentence that fits shall not depend on others being long.
    """
    batches = []
    for later in (False, True):
        part = [number for number, row in enumerate(rows) if bool(row.window) == later]
        part.sort(key=lambda number: len(rows[number].ids))
        batches += [part[at : at + size] for at in range(0, len(part), size)]
    return batches


def collate(rows: list[Encoded], pad: int, device: torch.device) -> Batch:
    """Pad rows with the token `pad` to the longest of them.

    For a GPU the tensors are in pinned memory, so that copying them does not wait for the computation.
    """
    pieces = [row.ids for row in rows]
    tensors = [
        pad_rows(pieces, pad, "right"),
        row_mask(pieces, "right"),
        pad_rows([row.labels() for row in rows], IGNORED, "right"),
    ]
    if device.type == "cuda":
        tensors = [tensor.pin_memory() for tensor in tensors]
    ids, mask, labels = (tensor.to(device, non_blocking=True) for tensor in tensors)
    return Batch(ids, mask, labels, sum(position is not None for row in rows for position in row.first))
