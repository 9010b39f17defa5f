"""What asking would cost, before the first request; and what it did cost."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from markner.models.chat.requests import Question
from markner.study.schema.chat_runs import ApiModel

CountTokens = Callable[[str], int]
"""Number of tokens of a text."""

MESSAGE_TOKENS = 4
"""Tokens that the chat format adds to a message (OpenAI's cookbook on counting tokens)."""

MARK_TOKENS = 12
"""Tokens of a pair of marks; an answer is expected to repeat the sentence with one pair."""


def four_characters(text: str) -> int:
    """Tokens of a text by OpenAI's rule of thumb for English: one for four characters."""
    return -(-len(text) // 4)


@dataclass(frozen=True, slots=True)
class Estimate:
    """A dry count: different questions, those answered already, and what the rest would take.

    Tokens are estimates; `dollars` is None where the model's prices are not known.
    """

    cached: int
    requests: int
    prompt_tokens: int
    completion_tokens: int
    dollars: float | None

    def __str__(self) -> str:
        cost = "at an unknown price" if self.dollars is None else f"about {self.dollars:.2f} dollars"
        return (
            f"{self.requests} requests to make, {self.cached} answered already;"
            f" about {self.prompt_tokens} tokens of prompt and {self.completion_tokens} of answer, {cost}"
        )


def price(model: ApiModel, prompt_tokens: int, completion_tokens: int, batch: bool) -> float | None:
    """Dollars for tokens, None where the model's prices are not known; weights served on loopback cost nothing."""
    if model.weights is not None:
        return 0.0
    if model.price_input is None or model.price_output is None:
        return None
    full = (prompt_tokens * model.price_input + completion_tokens * model.price_output) / 1e6
    return full * (1 - model.batch_discount) if batch else full


def prompt_tokens(question: Question, count_tokens: CountTokens = four_characters) -> int:
    """Estimated tokens of a question's messages."""
    return sum(count_tokens(turn["content"]) + MESSAGE_TOKENS for turn in question.body["messages"])


def answer_limit_tokens(question: Question) -> int:
    """Most tokens that a question's answer can have."""
    return int(question.body.get("max_completion_tokens") or question.body["max_tokens"])


def estimate(
    pending: Iterable[Question],
    cached: int,
    texts: dict[str, str],
    model: ApiModel,
    batch: bool = False,
    count_tokens: CountTokens = four_characters,
) -> Estimate:
    """The dry count of questions that have no answer yet.

    Args:
        pending: The questions, each once.
        cached: Different questions that have an answer.
        texts: Sentences by identifier; an answer is expected to repeat its sentence with one mention marked.
        model: Who is asked.
        batch: At the price of the Batch API.
        count_tokens: A tokenizer's count; four characters a token without one.
    """
    requests = prompt = completion = 0
    for question in pending:
        requests += 1
        prompt += prompt_tokens(question, count_tokens)
        completion += count_tokens(texts[question.sentence]) + MARK_TOKENS
    return Estimate(cached, requests, prompt, completion, price(model, prompt, completion, batch))
