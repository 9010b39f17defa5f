"""What a row of a decoded batch starts from and when it ends."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Query:
    """A prompt in token ids, the sentence in it, and the most tokens its answer may have."""

    prompt: list[int]
    input: str
    limit: int


def until_end(tokens: list[int], ends: frozenset[int], limit: int) -> list[int]:
    """The tokens up to and with the first end token, and no more than the limit."""
    for position, token in enumerate(tokens[:limit]):
        if token in ends:
            return tokens[: position + 1]
    return tokens[:limit]
