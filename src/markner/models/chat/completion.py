"""Chat completions: check a server's answer, and turn a stored one into a prediction."""

import json
from typing import Any, NamedTuple

from markner.graphemes import compose
from markner.markup import align
from markner.models.chat.cache import Response
from markner.models.chat.context import ChatContext
from markner.models.chat.requests import Request
from markner.predictions import Prediction

FILTERED = "content_filter"
"""Servers' name for an answer, or a request, that their content filter holds back."""

_MAX_TOKENS = 1_000_000_000
"""No server counts more tokens of one request. A greater number is no count."""


class Defect(NamedTuple):
    """Why an answer cannot be used, and the dollars for the tokens that the server counts all the same."""

    reason: str
    dollars: float = 0.0


def find_defect(context: ChatContext, body: Any) -> Defect | None:
    """Return why the body of a successful answer cannot be used, None if it can."""
    if (reason := _reason(body)) is None:
        return None
    price = context.price(_tokens(body, "prompt_tokens", 0), _tokens(body, "completion_tokens", 0))
    return Defect(reason, price or 0.0)


def read_completion(
    context: ChatContext, request: Request, status: int, body: Any, request_id: str | None, batch: str | None = None
) -> Response:
    """Return the response to store. Its status is 400 if the content filter refused the request.

    `body` and the server's identifiers of the exchange and of the batch are without the key (`client.decode`), and
    `body` has no defect.
    """
    if status == 400:
        return Response(400, body, request_id, batch=batch)
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
    reached its limit, also while the model still reasoned, and otherwise the alignment's.
    """
    if response.http_status != 200:
        return Prediction(identifier, (), "refused", "")
    choice = response.response["choices"][0]
    message = choice["message"]
    if message.get("refusal"):
        return Prediction(identifier, (), "refused", _text(message.get("content")) or message["refusal"])
    raw = _text(message.get("content")) or ""
    composed = compose(text)
    finish = choice.get("finish_reason")
    alignment = align(composed.text, raw, limit_reached=finish == "length")
    status = "truncated" if finish == "length" and not raw else alignment.status
    spans = composed.given_spans(alignment.spans)
    return Prediction(identifier, spans, "refused" if finish == FILTERED else status, raw)


def _reason(body: Any) -> str | None:
    """Return why a body is no chat completion, None if it is one. An empty answer is an answer."""
    if not isinstance(body, dict):
        return "not a JSON object"
    choices = body.get("choices")
    choice = choices[0] if isinstance(choices, list) and choices and isinstance(choices[0], dict) else None
    # Proxies of several providers report with status 200 that a provider failed, even in the middle of an answer.
    if error := body.get("error") or (choice and choice.get("error")):
        return f"the server's error: {error if isinstance(error, str) else json.dumps(error, ensure_ascii=False)}"[:500]
    if choice is None:
        return "no choices"
    if choice.get("finish_reason") == "error":
        return "finish_reason error"
    message = choice.get("message")
    if not isinstance(message, dict):
        return "no message"
    if _text(message.get("content")) is None or not isinstance(message.get("refusal"), str | None):
        return "a message that is not text"
    return None


def _text(content: Any) -> str | None:
    """Return the text of a message, None if it is not text. Parts of text are joined, parts of reasoning left out."""
    if content is None:
        return ""
    if not isinstance(content, list):
        return content if isinstance(content, str) else None
    texts = []
    for part in content:
        kind = part.get("type") if isinstance(part, dict) else None
        if kind == "text" and isinstance(part.get("text"), str):
            texts.append(part["text"])
        elif kind != "thinking":
            return None
    return "".join(texts)


def _tokens(body: Any, name: str, estimated: int) -> int:
    """Return the server's count of `prompt_tokens` or `completion_tokens`, or the estimate if it gives none."""
    usage = body.get("usage") if isinstance(body, dict) else None
    value = usage.get(name) if isinstance(usage, dict) else None
    return value if isinstance(value, int) and not isinstance(value, bool) and 0 <= value <= _MAX_TOKENS else estimated
