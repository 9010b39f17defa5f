"""Chat completions: check a server's answer, and turn a stored one into a prediction."""

from typing import Any

from markner.graphemes import compose
from markner.markup import align
from markner.models.chat.cache import Response
from markner.models.chat.context import ChatContext
from markner.models.chat.requests import Request
from markner.predictions import Prediction

FILTERED = "content_filter"
"""Servers' name for an answer, or a request, that their content filter holds back."""


def read_completion(
    context: ChatContext, request: Request, status: int, body: Any, request_id: str | None, batch: str | None = None
) -> Response | str:
    """Return the response to store, or the defect of the body.

    Args:
        context: The job's settings.
        request: The request that was sent.
        status: HTTP status, 200 or 400.
        body: The JSON value of the answer, without the key.
        request_id: The server's identifier of the exchange.
        batch: The server's identifier of the batch, None for a single request.
    """
    if status == 400 and is_filtered(body):
        return Response(400, body, request_id, batch=batch)
    if (defect := _defect(body)) is not None:
        return defect
    prompt = _tokens(body, "prompt_tokens", request.prompt_tokens)
    answer = _tokens(body, "completion_tokens", request.answer_limit)
    return Response(200, body, request_id, prompt, answer, context.price(prompt, answer) or 0.0, batch)


def is_filtered(body: Any) -> bool:
    """Return whether the body of an error with status 400 says that the content filter refused the request."""
    error = body.get("error") if isinstance(body, dict) else None
    return isinstance(error, dict) and FILTERED in (error.get("code"), error.get("type"))


def prediction(identifier: str, text: str, response: Response) -> Prediction:
    """Return the prediction for a sentence from a stored response.

    The status is `refused` if the content filter held the answer back or the model declined, `truncated` if the answer
    reached its limit, and otherwise the alignment's.
    """
    if response.http_status != 200:
        return Prediction(identifier, (), "refused", "")
    choice = response.response["choices"][0]
    message = choice["message"]
    if message.get("refusal"):
        return Prediction(identifier, (), "refused", message.get("content") or message["refusal"])
    raw = message.get("content") or ""
    composed = compose(text)
    alignment = align(composed.text, raw, limit_reached=choice.get("finish_reason") == "length")
    refused = choice.get("finish_reason") == FILTERED
    spans = composed.given_spans(alignment.spans)
    return Prediction(identifier, spans, "refused" if refused else alignment.status, raw)


def _defect(body: Any) -> str | None:
    """Return why a body is no chat completion, None if it is one. An empty answer is an answer."""
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


def _tokens(body: dict[str, Any], name: str, estimated: int) -> int:
    """Return the server's count of `prompt_tokens` or `completion_tokens`, or the estimate if it gives none."""
    usage = body.get("usage")
    value = usage.get(name) if isinstance(usage, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and value >= 0 else estimated
