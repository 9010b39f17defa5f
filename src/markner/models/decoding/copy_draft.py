"""Lossless speculative decoding for answers that copy their input, for a whole batch at once.

An answer is its input with tags put in, so the rest of the input is a good guess of the rest of the answer. Each
forward pass checks such a draft for every row; what agrees with the model's own choice is kept, and the model's choice
after it comes free. The result is that of greedy decoding; with a constraint on the answers it is that of greedy
decoding among the allowed tokens. (Speculative decoding: Leviathan et al. 2023; input as
draft: prompt lookup decoding, Saxena 2023. New here: the draft follows the alignment through tags, and rows of a batch
advance by different amounts.)
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import islice
from typing import Any

import torch
from transformers import DynamicCache, PreTrainedModel, PreTrainedTokenizerBase

from markner.markup import MARKS, Marks
from markner.models.causal.batching import common_prefix
from markner.models.decoding.confidence import best_of, best_tokens
from markner.models.decoding.constrained import Constraint, States, Vocabulary
from markner.models.decoding.query import Decoded, Query, until_end

_ANCHORS = (24, 12, 6)
# What all rows of a pass may draft together. A pass costs what reading the weights takes, until there are so many
# tokens that computing takes longer; so few rows may draft much, and many rows draft what is likely to be kept.
_TOKENS, _SHORTEST, _LONGEST = 192, 12, 48
_IN_MARK = 6  # the end tag is near
# A part of the cache this large must be dead before the rest is moved together.
_DEAD = 0.25


@dataclass
class _Row:
    """A row being decoded."""

    query: Query
    pending: list[int]
    """Known tokens that the model has not read yet."""
    read: int
    """Tokens that the model has read: the position of the next one."""
    answer: list[int] = field(default_factory=list)
    log_probabilities: list[float] = field(default_factory=list)
    """Of each token of the answer."""
    constraint: Constraint | None = None
    states: States = frozenset()
    """Of the constraint, after the answer."""

    def add(self, tokens: list[int], log_probabilities: list[float]) -> None:
        """Add tokens to the answer. The last one has not been read by the model."""
        self.read += len(self.pending) + len(tokens) - 1
        self.answer += tokens
        self.log_probabilities += log_probabilities[: len(tokens)]
        self.pending = tokens[-1:]
        if self.constraint:
            for token in tokens:
                self.states = self.constraint.after(self.states, token)


class CopyDraft:
    """Greedy decoding with the input as draft, of batches of a set of queries; see `decode.Method`.

    What the prompts of all queries begin with is read once, not once a batch.

    Args:
        model: The model.
        tokenizer: Its tokenizer.
        queries: All queries.
        vocabulary: The tokenizer's, if answers are to be their inputs with marks.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        queries: Sequence[Query],
        vocabulary: Vocabulary | None = None,
    ) -> None:
        self._model, self._tokenizer, self._vocabulary = model, tokenizer, vocabulary
        self._shared = common_prefix([query.prompt[:-1] for query in queries])
        self._prefix: list[tuple[torch.Tensor, torch.Tensor]] = []
        if self._shared:
            cache = DynamicCache()
            ids = torch.tensor([queries[0].prompt[: self._shared]], device=model.device)
            with torch.inference_mode():
                model(input_ids=ids, past_key_values=cache, use_cache=True, logits_to_keep=1)
            layers: list[Any] = list(cache.layers)
            self._prefix = [(layer.keys, layer.values) for layer in layers]

    def __call__(self, queries: Sequence[Query], ends: frozenset[int]) -> list[Decoded]:
        """Decode a batch."""
        shared = self._shared
        cache = DynamicCache()
        for number, (keys, values) in enumerate(self._prefix):
            many = (len(queries), -1, -1, -1)
            cache.update(keys.expand(many), values.expand(many), number)
        alive = torch.ones(len(queries), shared, dtype=torch.bool)
        rows = [_Row(query, query.prompt[shared:], shared) for query in queries]
        if self._vocabulary:
            for row in rows:
                row.constraint = Constraint(self._vocabulary, self._tokenizer, row.query, ends)
                row.states = row.constraint.start
        active = rows
        while active:
            drafts = _drafts(self._tokenizer, active)
            allowed: list[list[int]] = []
            for number, row in enumerate(active):
                if row.constraint:
                    steps = row.constraint.steps(row.states, drafts[number])
                    drafts[number] = drafts[number][: len(steps) - 1]
                    allowed += steps
            logits, width = _read(self._model, cache, alive, active, drafts)
            best, log_probabilities = best_of(logits, allowed) if allowed else best_tokens(logits)
            choices, values = iter(best.tolist()), iter(log_probabilities.tolist())
            columns = torch.zeros(len(active), width, dtype=torch.bool)
            going: list[int] = []
            for number, (row, draft) in enumerate(zip(active, drafts, strict=True)):
                choice, value = list(islice(choices, len(draft) + 1)), list(islice(values, len(draft) + 1))
                agreed = common_prefix([draft, choice])
                first = width - len(draft) - len(row.pending)
                columns[number, first : width - len(draft) + agreed] = True
                row.add(choice[: agreed + 1], value)
                ended = until_end(row.answer, ends, row.query.limit)
                if len(ended) < len(row.answer) or ended[-1] in ends or len(ended) == row.query.limit:
                    row.answer = ended
                else:
                    going.append(number)
            alive = torch.cat([alive, columns], dim=1)
            if going:
                alive = _compact(cache, alive, going)
            active = [active[number] for number in going]
        return [Decoded(row.answer, row.log_probabilities[: len(row.answer)]) for row in rows]


@cache
def _patterns(marks: Marks) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return the pattern of a mark, and that of a mark that has begun at the end of an answer."""
    begun = sorted({mark[:size] for mark in marks for size in range(1, len(mark))}, key=len, reverse=True)
    whole = "|".join(map(re.escape, marks))
    return re.compile(whole), re.compile(rf"(?:{'|'.join(map(re.escape, begun))})\Z" if begun else "(?!)")


def continuation(source: str, answer: str, marks: Marks = MARKS) -> tuple[str, bool]:
    """How a begun answer goes on if from here it copies its source, and whether it is inside a mark.

    An answer that left the source is taken up again where its last characters occur in the source, nearest to the
    place that its length suggests; if they do not occur, the continuation is empty.
    """
    whole, begins = _patterns(marks)
    begun = begins.search(answer)
    # The end of a whole mark can be the beginning of one: `@@`.
    if begun is not None and (source.startswith(whole.sub("", answer)) or answer.endswith(marks)):
        begun = None  # a less-than sign of the source, not a tag
    inside = answer.rfind(marks.open) > answer.rfind(marks.close)
    remainder = ""
    if begun is not None:
        tag = marks.close if inside else marks.open
        if not tag.startswith(begun.group()):
            return "", inside
        remainder = tag[len(begun.group()) :]
        answer = answer[: begun.start()]
    plain = whole.sub("", answer)
    if source.startswith(plain):
        return remainder + source[len(plain) :], inside
    for size in _ANCHORS:
        anchor = plain[-size:]
        places = [match.end() for match in re.finditer(re.escape(anchor), source)]
        if len(anchor) == size and places:
            return remainder + source[min(places, key=lambda place: abs(place - len(plain))) :], inside
    return remainder, inside


def _drafts(tokenizer: PreTrainedTokenizerBase, rows: Sequence[_Row]) -> list[list[int]]:
    """Guessed next tokens of each row, none where the row left its input."""
    answers = tokenizer.batch_decode(
        [row.answer for row in rows], skip_special_tokens=False, clean_up_tokenization_spaces=False
    )
    guesses = [
        continuation(row.query.input, answer, row.query.marks) for row, answer in zip(rows, answers, strict=True)
    ]
    # A line break before the text keeps SentencePiece from adding the space with which it begins every text. At the
    # beginning of an answer that space is right: answers are tokenized as texts of their own in training.
    leads = ["\n" if row.answer else "" for row in rows]
    texts = [lead + text for lead, (text, _) in zip(leads, guesses, strict=True)]
    encoded = tokenizer(texts, add_special_tokens=False, return_offsets_mapping=True, split_special_tokens=True)
    longest = min(max(_TOKENS // len(rows), _SHORTEST), _LONGEST)
    drafts: list[list[int]] = []
    for row, answer, lead, (text, inside), ids, offsets in zip(
        rows, answers, leads, guesses, encoded["input_ids"], encoded["offset_mapping"], strict=True
    ):
        draft = [token for token, (start, _) in zip(ids, offsets, strict=True) if start >= len(lead)]
        if text or answer.endswith(row.query.input[-1:]):
            draft.append(tokenizer.eos_token_id)
        room = row.query.limit - len(row.answer) - 1
        drafts.append(draft[: min(room, _IN_MARK if inside else longest)])
    return drafts


def _read(
    model: PreTrainedModel,
    cache: DynamicCache,
    alive: torch.Tensor,
    rows: Sequence[_Row],
    drafts: Sequence[list[int]],
) -> tuple[torch.Tensor, int]:
    """One forward pass over pending tokens and drafts, padded on the left.

    Args:
        model: The model.
        cache: Keys and values of n rows and s slots; the slots of this pass are added.
        alive: (n, s), False where a slot belongs to padding or to a rejected token.
        rows: n rows.
        drafts: Their drafts, each of m tokens.

    Returns:
        [n + sum of the m, vocabulary]: row after row the logits after the pending tokens and after each token of the
        draft; and how many slots were added.
    """
    fed = [row.pending + draft for row, draft in zip(rows, drafts, strict=True)]
    width = max(map(len, fed))
    ids = torch.zeros(len(rows), width, dtype=torch.long)
    positions = torch.zeros(len(rows), width, dtype=torch.long)
    mask = torch.zeros(len(rows), width, dtype=torch.long)
    for number, (row, tokens) in enumerate(zip(rows, fed, strict=True)):
        ids[number, width - len(tokens) :] = torch.tensor(tokens)
        positions[number, width - len(tokens) :] = torch.arange(row.read, row.read + len(tokens))
        mask[number, width - len(tokens) :] = 1
    kept = max(map(len, drafts)) + 1
    logits = model(
        input_ids=ids.to(model.device),
        attention_mask=torch.cat([alive.long(), mask], dim=1).to(model.device),
        position_ids=positions.to(model.device),
        past_key_values=cache,
        use_cache=True,
        logits_to_keep=kept,
    ).logits
    return torch.cat([row[kept - len(draft) - 1 :] for row, draft in zip(logits, drafts, strict=True)]), width


def _compact(cache: DynamicCache, alive: torch.Tensor, going: list[int]) -> torch.Tensor:
    """Take finished rows out of the cache, and dead slots when they are many; returns the new `alive`.

    Slots may be moved freely, as keys carry their positions, as long as the order within a row is kept.
    """
    layers: list[Any] = list(cache.layers)
    device = layers[0].keys.device
    left = len(going) < alive.shape[0]
    alive = alive[going]
    used = int(alive.sum(dim=1).max())
    moved = used < (1 - _DEAD) * alive.shape[1]
    if not left and not moved:
        return alive
    if not moved:
        cache.batch_select_indices(torch.tensor(going, device=device))
        return alive
    slots = alive.int().argsort(dim=1, descending=True, stable=True)[:, :used]
    rows, index = torch.tensor(going, device=device)[:, None], slots.to(device)
    for layer in layers:
        layer.keys = layer.keys.transpose(1, 2)[rows, index].transpose(1, 2).contiguous()
        layer.values = layer.values.transpose(1, 2)[rows, index].transpose(1, 2).contiguous()
    return alive.gather(1, slots)
