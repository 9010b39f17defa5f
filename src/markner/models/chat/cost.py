"""Tokens of texts, estimated, and their price."""

from markner.study.schema.chat_runs import AccessSettings

MESSAGE_TOKENS = 4
"""Tokens that the chat format adds to a message (OpenAI's cookbook on counting tokens)."""

MARK_TOKENS = 12
"""Tokens of a pair of marks. An answer is expected to repeat the sentence with one pair."""


def four_characters(text: str) -> int:
    """Return the tokens of a text by OpenAI's rule of thumb for English: one for four characters."""
    return -(-len(text) // 4)


def price(access: AccessSettings, prompt_tokens: int, completion_tokens: int, batch: bool) -> float | None:
    """Return the dollars for tokens, None if the model's prices are unknown."""
    if access.price_input is None or access.price_output is None:
        return None
    full = (prompt_tokens * access.price_input + completion_tokens * access.price_output) / 1e6
    return full * (1 - access.batch_discount) if batch else full
