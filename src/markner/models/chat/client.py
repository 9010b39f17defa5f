"""Asking a chat model: many requests at a time, each answer stored before the next question is sent."""

import asyncio
import json
import logging
import os
import signal
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import httpx2
import openai
from tqdm import tqdm

from markner.errors import MarknerError
from markner.models.chat.budget import Budget
from markner.models.chat.cache import Answer, Cache, Origin, Response
from markner.models.chat.completion import defect, is_filtered, tokens
from markner.models.chat.cost import answer_limit_tokens, price, prompt_tokens
from markner.models.chat.requests import LocalServer, Question
from markner.study.schema.chat_runs import ApiModel, ChatOptions

logger = logging.getLogger(__name__)

_NO_KEY = "none"
"""Sent where no key is asked for; the client insists on one."""

_GROUP_SECONDS = 0.02
"""Answers that come within this time are stored together."""

_SECRET_LENGTH = 8
"""Shorter keys are placeholders of local servers and no secrets; replacing them would spoil ordinary text."""


def read_key(model: ApiModel, server: LocalServer | None = None) -> str:
    """The key from the environment; a placeholder for servers that ask for none, and for those on loopback.

    Raises:
        MarknerError: The variable is not set, or its value cannot be a key; the value is never shown.
    """
    if server is not None or not model.key_env:
        return _NO_KEY
    key = os.environ.get(model.key_env, "").strip()
    fix = _in_the_shell(model.key_env)
    if not key:
        raise MarknerError(f"{model.provider}: the environment variable {model.key_env} with the key is not set", fix)
    if not (key.isascii() and key.isprintable()) or any(character in key for character in " \"'\\"):
        raise MarknerError(f"{model.provider}: the value of {model.key_env} cannot be a key", fix)
    return key


def require_keys(models: Mapping[str, ApiModel]) -> None:
    """Raise one MarknerError if a key is missing, naming each variable and the runs that need it.

    Args:
        models: Models by the run that asks them.
    """
    lacking: dict[str, list[str]] = {}
    for run, model in models.items():
        if model.weights is None and model.key_env and not os.environ.get(model.key_env, "").strip():
            lacking.setdefault(model.key_env, []).append(run)
    if lacking:
        named = "; ".join(f"{variable}, for {', '.join(runs)}" for variable, runs in lacking.items())
        raise MarknerError(
            f"keys of chat models are missing from the environment: {named}",
            f"{_in_the_shell(next(iter(lacking)))}. Where every answer is kept already, any word will do",
        )


def _in_the_shell(variable: str) -> str:
    return f"export {variable}=... in the shell that starts the study; never write a key into a file"


def redact(text: str, key: str) -> str:
    """The text with the key replaced, should a server repeat it."""
    return text.replace(key, "[key]") if len(key) >= _SECRET_LENGTH else text


def open_client(
    model: ApiModel, run: ChatOptions, server: LocalServer | None, key: str, hooks: dict[str, Any] | None = None
) -> openai.AsyncOpenAI:
    """The client of a model's server: it repeats what fails on the way, honouring retry-after up to two minutes."""
    address = model.base_url if server is None else server.base_url
    # A proxy of the environment cannot reach the loopback of this machine.
    loopback = httpx2.URL(address).host in {"127.0.0.1", "localhost", "::1"}
    return openai.AsyncOpenAI(
        api_key=key,
        base_url=address,
        timeout=run.timeout,
        max_retries=run.retries,
        http_client=openai.DefaultAsyncHttpxClient(
            limits=httpx2.Limits(max_connections=run.concurrency, max_keepalive_connections=run.concurrency),
            event_hooks=hooks,
            trust_env=not loopback,
        ),
    )


def failure(error: openai.APIError, model: ApiModel, key: str) -> MarknerError:
    """What went wrong, without the key and, where the server may repeat parts of it, without the server's words."""
    again = "run again later: all that was answered is kept and not asked again"
    if isinstance(error, openai.AuthenticationError | openai.PermissionDeniedError):
        what = f"{model.provider} refuses the key for model {model.model} (HTTP status {error.status_code})"
        return MarknerError(what, f"check the key in {model.key_env or 'key_env'} and what it may be used for")
    if isinstance(error, openai.APIStatusError):
        words = redact(error.response.text, key)[:500]
        what = f"{model.provider}, model {model.model}: HTTP status {error.status_code}: {words}"
        if isinstance(error, openai.NotFoundError):
            return MarknerError(what, "check `model` and `base_url`, or set `retired` if the model is gone")
        if isinstance(error, openai.RateLimitError):
            return MarknerError(what, f"lower `concurrency`, check the account's quota; {again}")
        return MarknerError(what, again if error.status_code >= 500 else "check the model's settings")
    what = redact(f"{model.provider}, model {model.model}: {error.message}", key)
    return MarknerError(what, f"check `base_url` and the network, or raise `timeout`; {again}")


def completion(
    question: Question, status: int, body: Any, request_id: str | None, model: ApiModel, batch: str | None
) -> Response | str:
    """A server's answer as it is kept, or what is wrong with it."""
    if status == 400 and is_filtered(body):
        return Response(400, body, request_id, batch=batch)
    if (fault := defect(body)) is not None:
        return fault
    prompt = tokens(body, "prompt_tokens", prompt_tokens(question))
    answer = tokens(body, "completion_tokens", answer_limit_tokens(question))
    dollars = price(model, prompt, answer, batch is not None) or 0.0
    return Response(200, body, request_id, prompt, answer, dollars, batch)


def ask(
    pending: Sequence[Question],
    model: ApiModel,
    run: ChatOptions,
    cache: Cache,
    source: Origin,
    server: LocalServer | None = None,
    lifeline: int | None = None,
) -> None:
    """Ask all questions, `run.concurrency` at a time, and store each answer.

    After an error, a spent budget, SIGTERM, SIGINT or the end of the lifeline no further request is sent; those under
    way are waited for and stored, since they are paid for. A second signal ends the process at once.

    Args:
        pending: Questions without an answer, each key once.
        model: Who is asked.
        run: Concurrency, retries, timeout and budget.
        cache: Where answers are stored.
        source: Who answers, on whose account.
        server: A server on loopback that stands in for the model's.
        lifeline: Descriptor of a pipe; its end says that whoever wants the answers is gone.

    Raises:
        MarknerError: A request failed for good, the budget is spent, or a signal came; it says what was spent.
    """
    asker = _Asker(model, run, cache, source, read_key(model, server))
    asyncio.run(asker.ask_all(pending, server, lifeline))
    if asker.error is not None:
        error = asker.error
        raise MarknerError(f"{error.message} ({asker.left} of {len(pending)} questions left)", error.fix)


class _Asker:
    def __init__(self, model: ApiModel, run: ChatOptions, cache: Cache, source: Origin, key: str) -> None:
        self.error: MarknerError | None = None
        self.left = 0
        self._model = model
        self._run = run
        self._cache = cache
        self._source = source
        self._key = key
        self._budget = Budget(cache, source.run, model, run)
        self._ready: list[tuple[Answer, asyncio.Future[None]]] = []

    async def ask_all(self, pending: Sequence[Question], server: LocalServer | None, lifeline: int | None) -> None:
        self.left = len(pending)
        queue = iter(pending)
        hooks = {"request": [self._before_request]}
        show, interval = _Screen(), 0.5 if sys.stderr.isatty() else 10.0
        try:
            async with open_client(self._model, self._run, server, self._key, hooks) as client:
                bar: tqdm[Any] = tqdm(total=len(pending), unit="request", file=show, mininterval=interval)
                with _when_told(self._stop, lifeline), bar:
                    workers = (self._work(client, queue, bar) for _ in range(min(self._run.concurrency, self.left)))
                    await asyncio.gather(*workers)
        finally:
            self._cache.count(self._source.run, self._budget.take_attempts())

    def _stop(self, why: str) -> None:
        self._fail(MarknerError(f"stopped by {why}; {self._budget.spent()}", "run again to go on"))

    def _fail(self, error: MarknerError) -> None:
        self.error = self.error or error

    async def _before_request(self, _: httpx2.Request) -> None:
        # Also called before each repetition by the client: what is stopped is not repeated.
        if self.error is not None:
            raise self.error
        self._budget.attempt()

    async def _work(self, client: openai.AsyncOpenAI, queue: Iterator[Question], bar: "tqdm[Any]") -> None:
        try:
            while self.error is None and (question := next(queue, None)) is not None:
                reserved = self._budget.reserve(question)
                try:
                    response = await self._answer(client, question)
                    await self._store((question.key, question.body, response))
                finally:
                    self._budget.release(reserved)
                self.left -= 1
                bar.update()
        except MarknerError as error:
            self._fail(error)

    async def _store(self, answer: Answer) -> None:
        """Store an answer, together with those that come in the same moment: each transaction waits for the disk."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._ready.append((answer, done))
        if len(self._ready) == 1:
            loop.call_later(_GROUP_SECONDS, self._flush)
        await done

    def _flush(self) -> None:
        ready, self._ready = self._ready, []
        try:
            self._cache.put([answer for answer, _ in ready], self._source, self._budget.take_attempts())
        except sqlite3.Error as error:
            for _, done in ready:
                done.set_exception(MarknerError(f"{self._cache.path}: cannot store an answer: {error}"))
        else:
            for _, done in ready:
                done.set_result(None)

    async def _answer(self, client: openai.AsyncOpenAI, question: Question) -> Response:
        """A usable answer; what the client cannot see to be broken, such as malformed JSON, is asked for again."""
        fault = ""
        for attempt in range(self._run.retries + 1):
            if attempt:
                logger.info("sentence %s: answer with %s, asked again", question.sentence, fault)
                await asyncio.sleep(min(0.5 * 2 ** (attempt - 1), 8.0))
            outcome = await self._request(client, question)
            if isinstance(outcome, MarknerError):
                raise MarknerError(f"sentence {question.sentence}: {outcome.message}", outcome.fix)
            if isinstance(outcome, Response):
                return outcome
            fault = outcome
        raise MarknerError(
            f"sentence {question.sentence}: {self._model.provider}, model {self._model.model} gave no usable answer in"
            f" {self._run.retries + 1} attempts, the last with {fault}; {self._budget.spent()}",
            "check the server, then run again: all that was answered is kept and not asked again",
        )

    async def _request(self, client: openai.AsyncOpenAI, question: Question) -> Response | MarknerError | str:
        """The answer, or the error that ends the run, or what is wrong with the body.

        Errors are returned: raised from here they would carry the request, and so the key, as their context.
        """
        try:
            reply = await client.post("/chat/completions", body=question.body, cast_to=httpx2.Response)
        except openai.BadRequestError as error:
            reply = error.response
            if not is_filtered(_json(reply.text)):
                return self._described(error)
        except openai.APIError as error:
            return self._described(error)
        body = _json(redact(reply.text, self._key))
        return completion(question, reply.status_code, body, reply.headers.get("x-request-id"), self._model, None)

    def _described(self, error: openai.APIError) -> MarknerError:
        described = failure(error, self._model, self._key)
        return MarknerError(f"{described.message}; {self._budget.spent()}", described.fix)


def _json(text: str) -> Any:
    """The value of a body, None where it is no JSON."""
    try:
        return json.loads(text)
    except ValueError:
        return None


class _Screen:
    """Standard error, should it still be there: after a kill nobody may be left to read it."""

    def write(self, text: str) -> None:
        with suppress(OSError):
            sys.stderr.write(text)

    def flush(self) -> None:
        with suppress(OSError):
            sys.stderr.flush()


@contextmanager
def _when_told(stop: Callable[[str], None], lifeline: int | None) -> Iterator[None]:
    """Call `stop` at the first SIGTERM or SIGINT, or at the lifeline's end; a second signal acts as ever."""
    loop = asyncio.get_running_loop()
    signals = (signal.SIGTERM, signal.SIGINT)

    def first(number: signal.Signals) -> None:
        for other in signals:
            loop.remove_signal_handler(other)
        stop(number.name)

    def end(descriptor: int) -> None:
        if not os.read(descriptor, 1):
            loop.remove_reader(descriptor)
            stop("a signal to the job")

    for number in signals:
        loop.add_signal_handler(number, first, number)
    if lifeline is not None:
        loop.add_reader(lifeline, end, lifeline)
    try:
        yield
    finally:
        for number in signals:
            loop.remove_signal_handler(number)
        if lifeline is not None:
            loop.remove_reader(lifeline)
