"""Lossless speculative decoding for answers that copy their input, for a whole batch at once.

An answer is its input with tags put in, so the rest of the input is a good guess of the rest of the answer. Each
forward pass checks such a draft for every row; what agrees with the model's own choice is kept, and the model's choice
after it comes free. The result is that of greedy decoding; with a constraint on the answers it is that of greedy
decoding among the allowed tokens. Where oneDNN computes the linear layers and two tokens are equally probable but for
rounding, torch's layers decide, which `generate` would have. (Speculative decoding: Leviathan et al. 2023; input as
draft: prompt lookup decoding, Saxena 2023. New here: the draft follows the alignment through tags, and rows of a batch
advance by different amounts in passes without padding.)
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

import torch
from transformers import DynamicCache, PreTrainedModel, PreTrainedTokenizerBase

from markner.models.causal.batching import common_prefix
from markner.models.decoding.confidence import best_tokens, near_ties
from markner.models.decoding.constrained import Constraint, States, Vocabulary
from markner.models.decoding.drafts import LONGEST, drafts
from markner.models.decoding.packed import RowCache, packed_attention, read_packed
from markner.models.decoding.query import Decoded, Query, until_end
from markner.models.linear import layers_of_torch, uses_onednn

# A pass costs as much as computing this many tokens, whatever it reads. On CPUs that is measured; on GPUs it follows
# from the data sheets, as weights are read at 3 TB/s and multiplied at 500 TFLOP/s.
_PASS = {"cpu": 25, "cuda": 150}
# How many tokens are kept before one is not, until that is counted, and how many counts this guess is worth.
_KEPT, _GUESSES = 25, 4
_SHORTEST = 4


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

    def ended(self, ends: frozenset[int]) -> bool:
        """Cut the answer after an end token or at its limit, and return whether there is one."""
        self.answer = until_end(self.answer, ends, self.query.limit)
        return self.answer[-1] in ends or len(self.answer) == self.query.limit

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
    """Greedy decoding with the input as draft, of parts of a set of queries; see `generate.Method`.

    What the prompts of all queries begin with is read once. A pass has at most `batch_size` rows. With a vocabulary,
    answers are their inputs with marks.
    """

    def __init__(
        self,
        model: PreTrainedModel,
        tokenizer: PreTrainedTokenizerBase,
        queries: Sequence[Query],
        batch_size: int,
        vocabulary: Vocabulary | None = None,
    ) -> None:
        self._model, self._tokenizer, self._vocabulary = model, tokenizer, vocabulary
        self._batch_size, self._onednn = batch_size, uses_onednn(model)
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
        """Decode queries. When half of the rows of a pass are done, the next queries take their places."""
        rows = [_Row(query, query.prompt[self._shared :], self._shared) for query in queries]
        if self._vocabulary:
            for row in rows:
                row.constraint = Constraint(self._vocabulary, self._tokenizer, row.query, ends)
                row.states = row.constraint.start
        longest = max(len(query.prompt) + query.limit for query in queries)
        cache = RowCache(self._prefix, min(self._batch_size, len(rows)), longest)
        self._kept = self._breaks = 0  # of these queries alone, so that their passes do not depend on others
        waiting, active = iter(rows), list[_Row]()
        with packed_attention(self._model):
            while True:
                if len(active) <= self._batch_size // 2:
                    active += islice(waiting, self._batch_size - len(active))
                if not active:
                    break
                self._advance(cache, active)
                going = [number for number, row in enumerate(active) if not row.ended(ends)]
                active = [active[number] for number in cache.keep(going)]
        return [Decoded(row.answer, row.log_probabilities[: len(row.answer)]) for row in rows]

    def _advance(self, cache: RowCache, rows: Sequence[_Row]) -> None:
        """Check a draft of each row in one pass, and add to the answers the tokens that agree and one more."""
        drafted = drafts(self._tokenizer, [(row.query, row.answer) for row in rows], self._longest(len(rows)))
        allowed: list[list[int]] = []
        for number, row in enumerate(rows):
            if row.constraint:
                steps = row.constraint.steps(row.states, drafted[number])
                drafted[number] = drafted[number][: len(steps) - 1]
                allowed += steps
        logits = read_packed(
            self._model,
            cache,
            [row.pending + draft for row, draft in zip(rows, drafted, strict=True)],
            [row.read for row in rows],
            [len(draft) + 1 for draft in drafted],
        )
        best, log_probabilities = best_tokens(logits, allowed)
        choices, values = best.tolist(), log_probabilities.tolist()
        near = near_ties(logits, values, allowed) if self._onednn else []
        first = 0
        for row, draft in zip(rows, drafted, strict=True):
            end = first + len(draft) + 1
            choice, value = choices[first:end], values[first:end]
            for position in (each - first for each in near if first <= each < end):
                if choice[:position] == draft[:position]:
                    among = allowed[first + position : first + position + 1]
                    choice[position], value[position] = self._by_torch(row, draft[:position], among)
            first = end
            agreed = common_prefix([draft, choice])
            row.add(choice[: agreed + 1], value)
            self._kept += agreed
            self._breaks += agreed < len(draft)

    def _by_torch(self, row: _Row, draft: Sequence[int], allowed: Sequence[Sequence[int]]) -> tuple[int, float]:
        """Return a row's most probable token after a draft, and its log probability, by torch's linear layers.

        All of the row is read again, as what the cache has of it was computed by oneDNN.
        """
        known = [*row.query.prompt, *row.answer, *draft]
        with layers_of_torch(self._model):
            logits = read_packed(self._model, RowCache([], 1, len(known)), [known], [0], [1])
        best, log_probability = best_tokens(logits, allowed)
        return int(best), float(log_probability)

    def _longest(self, rows: int) -> int:
        """Return the length of drafts at which a pass of so many rows costs the least for a token that is kept.

        A longer draft saves passes, but more of it is computed in vain. If each token is kept with the same
        probability, both costs are equal at the root of twice the tokens kept before one is not, times a row's share of
        what a pass costs.
        """
        kept = (_KEPT * _GUESSES + self._kept) / (_GUESSES + self._breaks)
        best = math.sqrt(2 * kept * _PASS.get(self._model.device.type, _PASS["cuda"]) / rows)
        return min(max(round(best), _SHORTEST), LONGEST)
