"""Lossless speculative decoding for answers that copy their input, for a whole batch at once.

An answer is its input with tags put in, so the rest of the input is a good guess of the rest of the answer. Each
forward pass checks such a draft for every row; what agrees with the model's own choice is kept, and the model's choice
after it comes free. The result is that of greedy decoding; with a constraint on the answers it is that of greedy
decoding among the allowed tokens. (Speculative decoding: Leviathan et al. 2023; input as
draft: prompt lookup decoding, Saxena 2023. New here: the draft follows the alignment through tags, and rows of a batch
advance by different amounts in passes without padding.)
"""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from itertools import cycle, islice
from typing import Any

import torch
from transformers import DynamicCache, PreTrainedModel, PreTrainedTokenizerBase

from markner.markup import MARKS, AnyMarks
from markner.models.causal.batching import common_prefix
from markner.models.decoding.confidence import best_of, best_tokens
from markner.models.decoding.constrained import Constraint, States, Vocabulary
from markner.models.decoding.packed import RowCache, packed_attention, read_packed
from markner.models.decoding.query import Decoded, Query, until_end

_ANCHORS = (24, 12, 6)
# A pass costs as much as computing this many tokens, whatever it reads. On CPUs that is measured; on GPUs it follows
# from the data sheets, as weights are read at 3 TB/s and multiplied at 500 TFLOP/s.
_PASS = {"cpu": 25, "cuda": 150}
# How many tokens are kept before one is not, until that is counted, and how many counts this guess is worth.
_KEPT, _GUESSES = 25, 4
_SHORTEST, _LONGEST = 4, 48
_IN_MARK = 6  # the end tag is near
_REPEATED = 6


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

    What the prompts of all queries begin with is read once.

    Args:
        model: The model.
        tokenizer: Its tokenizer.
        queries: All queries.
        batch_size: The most rows of a pass.
        vocabulary: The tokenizer's, if answers are to be their inputs with marks.
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
        self._batch_size = batch_size
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
        drafts = _drafts(self._tokenizer, rows, self._longest(len(rows)))
        allowed: list[list[int]] = []
        for number, row in enumerate(rows):
            if row.constraint:
                steps = row.constraint.steps(row.states, drafts[number])
                drafts[number] = drafts[number][: len(steps) - 1]
                allowed += steps
        logits = read_packed(
            self._model,
            cache,
            [row.pending + draft for row, draft in zip(rows, drafts, strict=True)],
            [row.read for row in rows],
            [len(draft) + 1 for draft in drafts],
        )
        best, log_probabilities = best_of(logits, allowed) if allowed else best_tokens(logits)
        choices, values = iter(best.tolist()), iter(log_probabilities.tolist())
        for row, draft in zip(rows, drafts, strict=True):
            choice, value = list(islice(choices, len(draft) + 1)), list(islice(values, len(draft) + 1))
            agreed = common_prefix([draft, choice])
            row.add(choice[: agreed + 1], value)
            self._kept += agreed
            self._breaks += agreed < len(draft)

    def _longest(self, rows: int) -> int:
        """Return the length of drafts at which a pass of so many rows costs the least for a token that is kept.

        A longer draft saves passes, but more of it is computed in vain. If each token is kept with the same
        probability, both costs are equal at the root of twice the tokens kept before one is not, times a row's share of
        what a pass costs.
        """
        kept = (_KEPT * _GUESSES + self._kept) / (_GUESSES + self._breaks)
        best = math.sqrt(2 * kept * _PASS.get(self._model.device.type, _PASS["cuda"]) / rows)
        return min(max(round(best), _SHORTEST), _LONGEST)


@cache
def _patterns(marks: AnyMarks) -> tuple[re.Pattern[str], re.Pattern[str]]:
    """Return the pattern of a mark, and that of a mark that has begun at the end of an answer."""
    begun = sorted({mark[:size] for mark in marks for size in range(1, len(mark))}, key=len, reverse=True)
    whole = "|".join(map(re.escape, marks))
    return re.compile(whole), re.compile(rf"(?:{'|'.join(map(re.escape, begun))})\Z" if begun else "(?!)")


def continuation(source: str, answer: str, marks: AnyMarks = MARKS) -> tuple[str, bool]:
    """How a begun answer goes on if from here it copies its source, and whether that is inside a mark.

    An answer that left the source is taken up again where its last characters occur in the source, nearest to the
    place that its length suggests; if they do not occur, the continuation is empty.
    """
    whole, begins = _patterns(marks)
    begun = begins.search(answer)
    # The end of a whole mark can be the beginning of one: `@@`.
    if begun is not None and (source.startswith(whole.sub("", answer)) or answer.endswith(tuple(marks))):
        begun = None  # a less-than sign of the source, not a tag
    opened = [pair for pair in marks.pairs if answer.rfind(pair.open) > answer.rfind(pair.close)]
    inside = bool(opened)
    remainder = ""
    if begun is not None:
        # The mark that was opened last closes, or one opens, of the first type that it can be.
        innermost = sorted(opened, key=lambda pair: answer.rfind(pair.open))[-1:]
        likely = [*(pair.close for pair in innermost), *(pair.open for pair in marks.pairs if pair not in opened)]
        tag = next((each for each in likely if each.startswith(begun.group())), None)
        if tag is None:
            return "", inside
        remainder = tag[len(begun.group()) :]
        answer = answer[: begun.start()]
        inside = not inside
    plain = whole.sub("", answer)
    if source.startswith(plain):
        return remainder + source[len(plain) :], inside
    for size in _ANCHORS:
        anchor = plain[-size:]
        places = _ends(anchor, source) if len(anchor) == size else []
        if places:
            return remainder + source[min(places, key=lambda place: abs(place - len(plain))) :], inside
    return remainder, inside


def _ends(part: str, text: str) -> list[int]:
    """Return where the occurrences of a part of a text end; they do not overlap."""
    ends, place = list[int](), text.find(part)
    while place >= 0:
        ends.append(place + len(part))
        place = text.find(part, ends[-1])
    return ends


def repeated(answer: Sequence[int]) -> list[int]:
    """Return how an answer goes on if it repeats what followed its last six tokens before; nothing if they are new.

    An answer that left its input often repeats itself until its limit.
    """
    tail = list(answer[-_REPEATED:])
    for end in range(len(answer) - 1, _REPEATED - 1, -1):
        if answer[end - _REPEATED : end] == tail:
            return list(islice(cycle(answer[end:]), _LONGEST))
    return []


def _drafts(tokenizer: PreTrainedTokenizerBase, rows: Sequence[_Row], longest: int) -> list[list[int]]:
    """Return the guessed next tokens of each row, at most `longest`; none where the row left its input."""
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
    drafts: list[list[int]] = []
    for row, answer, lead, (text, inside), ids, offsets in zip(
        rows, answers, leads, guesses, encoded["input_ids"], encoded["offset_mapping"], strict=True
    ):
        draft = [token for token, (start, _) in zip(ids, offsets, strict=True) if start >= len(lead)]
        if text or answer.endswith(row.query.input[-1:]):
            draft.append(tokenizer.eos_token_id)
        if not row.query.input.startswith(_patterns(row.query.marks)[0].sub("", answer)):
            draft = repeated(row.answer) or draft
        room = row.query.limit - len(row.answer) - 1
        drafts.append(draft[: min(room, _IN_MARK if inside else longest)])
    return drafts
