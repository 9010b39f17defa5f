"""Ask a chat model: several requests at a time, each answer stored before the next request is sent."""

import asyncio
import logging
import signal
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

import httpx2
import openai

from markner.errors import MarknerError
from markner.models.chat.budget import Budget
from markner.models.chat.cache import NOTHING, Answer, Cache, Response
from markner.models.chat.client import AGAIN, decode, describe, open_client, read_key, redact
from markner.models.chat.completion import find_defect, is_filtered, read_completion
from markner.models.chat.context import ChatContext
from markner.models.chat.requests import Request
from markner.models.checkpoints import resumed_bar

logger = logging.getLogger(__name__)

_STORE_SECONDS = 0.02
"""Least time from one transaction to the next. A server that answers faster than this has its answers stored together:
a transaction for each would take a third of the processor time of the whole job."""

_BODY = "markner_body"
"""Extension of a successful response with the decoded body."""


def ask(context: ChatContext, pending: Sequence[Request], cache: Cache) -> None:
    """Ask all requests, which differ in their keys, `concurrency` at a time, and store each answer.

    After an error, a spent budget, SIGTERM or SIGINT no further request is sent. Requests under way are awaited and
    their answers stored, since they are paid for. A second signal ends the process at once. SIGKILL loses at most
    `concurrency` answers. They are asked again in the next job.

    Raises:
        MarknerError: A request failed for good, the budget is spent, or a signal came. The message has the spending.
    """
    asker = _Asker(context, cache, len(pending))
    asyncio.run(asker.ask_all(pending))
    if asker.error is not None:
        error = asker.error
        raise MarknerError(f"{error.message} ({len(pending) - asker.bar.n} of {len(pending)} requests left)", error.fix)


class _Asker:
    def __init__(self, context: ChatContext, cache: Cache, count: int) -> None:
        self.error: MarknerError | None = None
        self.bar = resumed_bar(count, 0, "request")
        self._context = context
        self._cache = cache
        self._key = read_key(context)
        self._budget = Budget(context, cache, cache.open_batches(context))
        self._unstored: list[Answer] = []
        self._storing = asyncio.Lock()
        self._next_store = 0.0

    async def ask_all(self, pending: Sequence[Request]) -> None:
        queue = iter(pending)
        hooks = {"request": [self._before_request], "response": [self._read_answer]}
        try:
            async with open_client(self._context, self._key, hooks) as client:
                with self.bar, _first_signal(self._stop):
                    await asyncio.gather(
                        *(self._work(client, queue) for _ in pending[: self._context.pacing.concurrency])
                    )
        finally:
            await self._store(uncounted=True)

    def _stop(self, number: signal.Signals) -> None:
        self._fail(MarknerError(f"stopped by {number.name}; {self._budget.spent()}", "run again to go on"))

    def _fail(self, error: MarknerError) -> None:
        self.error = self.error or error

    async def _before_request(self, _: httpx2.Request) -> None:
        # The client also calls this before it repeats a request. After the end nothing is repeated.
        if self.error is not None:
            raise self.error
        self._budget.attempt()

    async def _read_answer(self, reply: httpx2.Response) -> None:
        # The client repeats a request after this error, as after other errors on the way.
        if reply.is_success:
            await reply.aread()
            body = reply.extensions[_BODY] = decode(reply.text, self._key)
            if (defect := find_defect(self._context, body)) is not None:
                logger.info("unusable answer: %s", defect.reason)
                self._budget.waste(defect.dollars)
                raise httpx2.DecodingError(defect.reason)

    async def _work(self, client: openai.AsyncOpenAI, queue: Iterator[Request]) -> None:
        try:
            while self.error is None and (request := next(queue, None)) is not None:
                reserved = self._budget.reserve(request)
                try:
                    response = await self._answer(client, request)
                    self._unstored.append((request.key, request.body, response))
                    await self._store()
                finally:
                    self._budget.release(reserved)
                self.bar.set_postfix_str(self._budget.spent(), refresh=False)
                self.bar.update()
        except MarknerError as error:
            self._fail(error)
        except Exception as error:  # the answers under way are paid for and must still be stored
            self._fail(self._unexpected(error))

    def _unexpected(self, error: Exception) -> MarknerError:
        """Return an error of this program as the end of the run, and log where it happened."""
        logger.error("%s", redact("".join(traceback.format_exception(error)), self._key))
        what = redact(f"unexpected {type(error).__name__}: {error}", self._key)
        return MarknerError(f"{what}; {self._budget.spent()}", f"report it with the log; {AGAIN}")

    async def _store(self, *, uncounted: bool = False) -> None:
        """Store all answers that are not stored yet, and count the HTTP requests since the last time.

        A transaction waits for the disk and for other writers. It runs in a thread, so the requests go on meanwhile.
        Answers that come before it begins are stored together, and the calls for the others find nothing to store. With
        `uncounted`, HTTP requests are counted also if there is no answer to store.
        """
        async with self._storing:
            if not self._unstored and not (uncounted and self._budget.uncharged != NOTHING):
                return
            await asyncio.sleep(self._next_store - time.monotonic())
            answers, uncharged = list(self._unstored), self._budget.uncharged
            account = await asyncio.to_thread(self._cache.put, self._context, answers, uncharged)
            self._next_store = time.monotonic() + _STORE_SECONDS
            del self._unstored[: len(answers)]
            self._budget.charged(uncharged, account)

    async def _answer(self, client: openai.AsyncOpenAI, request: Request) -> Response:
        """Return a usable answer. An error is raised outside of the client's (`describe`)."""
        failed: MarknerError | None = None
        try:
            reply = await client.post("/chat/completions", body=request.body, cast_to=httpx2.Response)
            body = reply.extensions[_BODY]
        except openai.BadRequestError as error:
            reply = error.response
            body = decode(reply.text, self._key)
            if not is_filtered(body):
                failed = describe(self._context, error, self._key, self._budget.spent())
        except openai.APIError as error:
            failed = describe(self._context, error, self._key, self._budget.spent())
        if failed is not None:
            raise MarknerError(f"sentence {request.sentence}: {failed.message}", failed.fix)
        identifier = reply.headers.get("x-request-id")
        request_id = None if identifier is None else redact(identifier, self._key)
        return read_completion(self._context, request, reply.status_code, body, request_id)


@contextmanager
def _first_signal(stop: Callable[[signal.Signals], None]) -> Iterator[None]:
    """Call `stop` at the first SIGTERM or SIGINT. The previous handlers take a second signal."""

    def first(number: int, frame: FrameType | None) -> None:
        restore()
        stop(signal.Signals(number))

    def restore() -> None:
        for number, handler in previous.items():
            signal.signal(number, handler)

    previous = {number: signal.signal(number, first) for number in (signal.SIGTERM, signal.SIGINT)}
    try:
        yield
    finally:
        restore()
