"""Confidence of the mentions in an answer, from the probabilities of its tokens."""

import math
from bisect import bisect_left
from collections.abc import Sequence
from typing import Any

import torch
from transformers import LogitsProcessor, PreTrainedTokenizerBase

from markner.markup import MARKS, AnyMarks, strip_marks
from markner.models.decoding.query import Decoded


def best_tokens(logits: torch.Tensor, allowed: Sequence[Sequence[int]] = ()) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the most probable token at each position, and the natural logarithm of its probability in float32.

    The logits are [positions, vocabulary]. `allowed` are the only tokens that count, by default all: of each position
    at least one, in ascending order; of equally probable ones the first is taken.
    """
    if allowed:
        width = max(map(len, allowed))
        tokens = torch.tensor([[*each, *[-1] * (width - len(each))] for each in allowed], device=logits.device)
        best, log_probabilities = best_tokens(logits.gather(1, tokens.clamp(min=0)).masked_fill(tokens < 0, -math.inf))
        return tokens.gather(1, best[:, None]).squeeze(1), log_probabilities
    best = logits.argmax(dim=1)
    highest = logits.gather(1, best[:, None]).squeeze(1).float()
    return best, highest - logits.float().logsumexp(dim=1)


def near_ties(
    logits: torch.Tensor,
    log_probabilities: Sequence[float],
    allowed: Sequence[Sequence[int]] = (),
    within: float = 1e-3,
) -> list[int]:
    """Return the positions at which the two most probable tokens are nearly equal.

    Logits and `allowed` are those of `best_tokens`, with the log probabilities that it returned. Two tokens are nearly
    equal if these differ by less than `within`. None has then much more than half of the probability, so most positions
    need no second look.
    """

    def lead(position: int) -> float:
        """Return by how much the most probable token is more probable than the second."""
        row = logits[position][list(allowed[position])] if allowed else logits[position]
        first, second = row.topk(2).values.tolist()
        return float(first - second)

    doubtful = (index for index, highest in enumerate(log_probabilities) if highest < within - math.log(2))
    return [position for position in doubtful if lead(position) < within]


class ChoiceRecorder(LogitsProcessor):
    """Records the log probability of the most probable token in each step of Hugging Face `generate`."""

    def __init__(self) -> None:
        self._steps: list[torch.Tensor] = []

    def __call__(self, input_ids: torch.Tensor, scores: torch.Tensor) -> Any:
        """Record a step, [rows, vocabulary], and return the scores unchanged."""
        self._steps.append(best_tokens(scores)[1])
        return scores

    def rows(self) -> list[list[float]]:
        """Return the log probabilities of each row, one a step."""
        values: list[list[float]] = torch.stack(self._steps, dim=1).tolist()
        return values


def mark_confidences(
    tokenizer: PreTrainedTokenizerBase, decoded: Decoded, text: str, marks: AnyMarks = MARKS
) -> tuple[float, ...]:
    """Return the confidence of each span that `strip_marks` finds in an answer, with typed marks type by type.

    It is the probability that the model, after the part of the answer before the mention, writes exactly this mention:
    the product of the probabilities of the tokens from the opening to the closing mark, each given those before it. So
    it contains the doubt where the mention begins, and where it ends. A token that a mark shares with text outside of
    it, or with another mark, counts as a whole. `text` is that of the tokens, without special tokens.
    """
    places = [place for kind in marks.types for place in strip_marks(text, marks, kind).places]
    tokens = decoded.tokens

    def length(count: int) -> int:
        """Return how many characters the first tokens make; part of a character, decoded as U+FFFD, makes none."""
        begun = tokenizer.decode(tokens[:count], skip_special_tokens=True, clean_up_tokenization_spaces=False)
        return len(str(begun).rstrip("\ufffd"))

    counts = range(len(tokens) + 1)
    confidences = []
    for start, end in places:
        first = bisect_left(counts, start + 1, key=length) - 1
        last = bisect_left(counts, end, lo=first, key=length)
        confidences.append(math.exp(math.fsum(decoded.log_probabilities[first:last])))
    return tuple(confidences)
