"""The `openai` client of a chat model's server: keys, connection, and errors without keys."""

import asyncio
import json
import os
import re
from collections.abc import Mapping
from typing import Any

import httpx2
import openai

from markner.errors import MarknerError
from markner.models.chat.context import ChatContext
from markner.study.schema.chat_runs import ApiModel

AGAIN = "run again later: stored answers are not asked again"

_NO_KEY = "none"
"""Sent to servers that need no key. The client insists on one."""

_SECRET_LENGTH = 8
"""Shorter keys are placeholders of local servers and no secrets. Replacing them would spoil ordinary text."""

_LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")


def read_key(context: ChatContext) -> str:
    """Return the key from the environment, or a placeholder if the server needs none.

    Raises:
        MarknerError: The variable is not set, or its value cannot be a key. The value is never shown.
    """
    variable = context.access.key_env
    if not variable:
        return _NO_KEY
    key = os.environ.get(variable, "").strip()
    if not key:
        raise MarknerError(
            f"{context.label}: the environment variable {variable} with the key is not set", _export(variable)
        )
    if not (key.isascii() and key.isprintable()) or any(character in key for character in " \"'\\"):
        raise MarknerError(f"{context.label}: the value of {variable} cannot be a key", _export(variable))
    return key


def require_keys(models: Mapping[str, ApiModel]) -> None:
    """Raise one MarknerError if keys are missing, with each variable and the runs that need it. `models` is by run."""
    missing: dict[str, list[str]] = {}
    for run, model in models.items():
        if model.weights is None and model.key_env and not os.environ.get(model.key_env, "").strip():
            missing.setdefault(model.key_env, []).append(run)
    if missing:
        variables = "; ".join(f"{variable}, for {', '.join(runs)}" for variable, runs in missing.items())
        raise MarknerError(
            f"keys of chat models are missing from the environment: {variables}",
            f"{_export(next(iter(missing)))}. If all answers are stored already, any word will do",
        )


def _export(variable: str) -> str:
    return f"export {variable}=... in the shell that starts the study; never write a key into a file"


def redact(text: str, key: str) -> str:
    """Return the text with the key replaced, in case a server repeats it."""
    return text.replace(key, "[key]") if len(key) >= _SECRET_LENGTH else text


def decode(text: str, key: str) -> Any:
    """Return the JSON value of a body without the key, None if it is no JSON.

    The key is replaced after decoding, because JSON may escape its characters. Half of a surrogate pair, as the limit
    of an answer leaves it of an emoji, cannot be written to a file. It becomes U+FFFD.
    """
    try:
        value = json.loads(text)
        plain = json.dumps(value, ensure_ascii=False)
        clean = _LONE_SURROGATE.sub("\ufffd", redact(plain, key))
        return value if clean == plain else json.loads(clean)
    except (ValueError, RecursionError):
        return None


class _BoundedClient(openai.DefaultAsyncHttpxClient):
    """A client whose timeout is that of a whole answer. In httpx it is that of each of its parts."""

    async def send(self, request: httpx2.Request, **options: Any) -> httpx2.Response:
        seconds = request.extensions["timeout"]["read"]
        try:
            async with asyncio.timeout(seconds):
                return await super().send(request, **options)
        except TimeoutError as error:
            raise httpx2.ReadTimeout(f"no whole answer in {seconds} s", request=request) from error


def open_client(context: ChatContext, key: str, hooks: dict[str, Any] | None = None) -> openai.AsyncOpenAI:
    """Return the client of a model's server. It repeats failed requests, after retry-after up to two minutes.

    Args:
        context: The job's settings.
        key: The key.
        hooks: Called with each request and response about a single sentence, whose whole answer has to come within
            `timeout`. None for a client of batches: their files may take longer.
    """
    pacing = context.pacing
    client = _BoundedClient if hooks else openai.DefaultAsyncHttpxClient
    # A proxy of the environment cannot reach the loopback of this machine.
    loopback = httpx2.URL(context.base_url).host in {"127.0.0.1", "localhost", "::1"}
    return openai.AsyncOpenAI(
        api_key=key,
        base_url=context.base_url,
        timeout=pacing.timeout,
        max_retries=pacing.retries,
        http_client=client(
            limits=httpx2.Limits(max_connections=pacing.concurrency, max_keepalive_connections=pacing.concurrency),
            event_hooks=hooks,
            trust_env=not loopback,
        ),
    )


def describe(context: ChatContext, error: openai.APIError, key: str, spent: str) -> MarknerError:
    """Return a client's error as a MarknerError without the key, with the run's spending so far.

    Raise it only after the client's error is handled, because that error contains the request with the key.
    """
    model = f"{context.label}, model {context.model}"
    if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
        what = f"{context.label} refuses the key for model {context.model} (HTTP status {error.status_code})"
        fix = f"check the key in {context.access.key_env or 'key_env'} and its permissions"
    elif isinstance(error, openai.APIStatusError):
        value = decode(error.response.text, key)
        text = redact(error.response.text, key) if value is None else json.dumps(value, ensure_ascii=False)
        what = f"{model}: HTTP status {error.status_code}: {text[:500]}"
        fix = AGAIN if error.status_code >= 500 else "check the model's settings"
        if isinstance(error, openai.NotFoundError):
            fix = "check `model` and `base_url`, or set `retired` if the model is gone"
        elif isinstance(error, openai.RateLimitError):
            fix = f"lower `concurrency`, check the account's quota; {AGAIN}"
    elif isinstance(error.__cause__, httpx2.DecodingError):
        attempts = context.pacing.retries + 1
        what = f"{model} gave no usable answer in {attempts} attempts, the last with {error.__cause__}"
        fix = f"check the server; {AGAIN}"
    else:
        what = redact(f"{model}: {error.message}", key)
        fix = f"check `base_url` and the network, or raise `timeout`; {AGAIN}"
    return MarknerError(f"{what}; {spent}", fix)
