"""What a chat completion says: is it whole, what did it cost, which prediction is it?"""

from typing import Any

from markner.markup import align
from markner.models.chat.cache import Response
from markner.predictions import Prediction

FILTERED = "content_filter"
"""How servers name an answer, or a question, that their content filter holds back."""


def defect(body: Any) -> str | None:
    """What keeps a body from being a chat completion, None if it is one; an empty answer is an answer."""
    if not isinstance(body, dict):
        return "not a JSON object"
    choices = body.get("choices")
    if not isinstance(choices, list) or not choices or not isinstance(choices[0], dict):
        return "no choices"
    message = choices[0].get("message")
    if not isinstance(message, dict):
        return "no message"
    if not isinstance(message.get("content"), str | None) or not isinstance(message.get("refusal"), str | None):
        return "a message that is not text"
    return None


def is_filtered(body: Any) -> bool:
    """Whether the body of an error with status 400 says that the content filter turned the question down."""
    error = body.get("error") if isinstance(body, dict) else None
    return isinstance(error, dict) and FILTERED in (error.get("code"), error.get("type"))


def tokens(body: dict[str, Any], name: str, estimated: int) -> int:
    """The server's count of `prompt_tokens` or `completion_tokens`; the estimate where it gives none."""
    usage = body.get("usage")
    value = usage.get(name) if isinstance(usage, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else estimated


def answer_text(response: Response) -> str | None:
    """The text of an answer, None where the content filter turned the question down."""
    if response.http_status != 200:
        return None
    message = response.response["choices"][0]["message"]
    return message.get("content") or message.get("refusal") or ""


def prediction(identifier: str, text: str, response: Response) -> Prediction:
    """The prediction that a kept answer means for a sentence.

    Held back by the content filter, or declined by the model: `refused`. Ended by the limit: `truncated`. The rest is
    the alignment's judgement.
    """
    raw = answer_text(response)
    if raw is None:
        return Prediction(identifier, (), "refused", "")
    choice = response.response["choices"][0]
    if choice["message"].get("refusal"):
        return Prediction(identifier, (), "refused", raw)
    alignment = align(text, raw, limit_reached=choice.get("finish_reason") == "length")
    refused = choice.get("finish_reason") == FILTERED
    return Prediction(identifier, alignment.spans, "refused" if refused else alignment.status, raw)
