"""Rows of a decoded batch: the prompt, the answer and the end of each."""

from dataclasses import dataclass

from markner.markup import MARKS, AnyMarks


@dataclass(frozen=True, slots=True)
class Query:
    """A prompt in token ids, the sentence in it, the most tokens its answer may have, and the marks in the answer."""

    prompt: list[int]
    input: str
    limit: int
    marks: AnyMarks = MARKS


@dataclass(frozen=True, slots=True)
class Decoded:
    """The new tokens of a query, ending with an end token unless its limit was reached first.

    `log_probabilities` has the natural logarithm of each token's probability, given the prompt and the tokens before.
    """

    tokens: list[int]
    log_probabilities: list[float]


def until_end(tokens: list[int], ends: frozenset[int], limit: int) -> list[int]:
    """Return the tokens up to the first end token (included), at most as many as the limit."""
    for position, token in enumerate(tokens[:limit]):
        if token in ends:
            return tokens[: position + 1]
    return tokens[:limit]
