"""Ask through the Batch API: files of requests, answered within 24 hours, in any order, at a lower price.

OpenAI's guide to the Batch API: at most 50,000 requests and 200 MB a file. Answers have the request's `custom_id`, here
the key of the cache. A batch that expires after 24 hours returns the answers it has; the rest goes into a new batch.
"""

import asyncio
import json
import logging
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import chain
from typing import Any, Final

import openai
from openai.types import Batch

from markner.errors import MarknerError
from markner.models.chat.budget import Budget
from markner.models.chat.cache import NOTHING, Answer, Cache, OpenBatch, Response, Spent
from markner.models.chat.client import AGAIN, decode, describe, open_client, read_key, redact
from markner.models.chat.completion import Defect, find_defect, is_filtered, read_completion
from markner.models.chat.context import ChatContext
from markner.models.chat.job_lock import job_lock
from markner.models.chat.requests import Request

logger = logging.getLogger(__name__)

MAX_REQUESTS = 50_000
MAX_BYTES = 200_000_000
POLL_SECONDS = 60.0
"""Time between two looks at the batches."""
_ENDPOINT: Final = "/v1/chat/completions"
_LABEL = "markner"
"""Metadata by which a batch is found whose creation was not confirmed."""
_LIFETIME = timedelta(days=2)
"""A batch has ended after this time at the latest, with a day of tolerance."""
_ENDED = {"completed", "expired", "failed", "cancelled"}
_IMPOSSIBLE = {400, 404, 405, 413, 422}
"""HTTP status by which a server says that it creates no such batch."""


def batch_line(key: str, body: Mapping[str, Any]) -> bytes:
    """Return a request as a line of a batch file."""
    row = {"custom_id": key, "method": "POST", "url": _ENDPOINT, "body": body}
    return json.dumps(row, ensure_ascii=False).encode() + b"\n"


def divide(
    pending: Sequence[Request], max_requests: int = MAX_REQUESTS, max_bytes: int = MAX_BYTES
) -> Iterator[list[Request]]:
    """Yield the requests in parts that each fit into one batch file."""
    part: list[Request] = []
    size = 0
    for request in pending:
        length = len(batch_line(request.key, request.body))
        if length > max_bytes:
            raise MarknerError(
                f"sentence {request.sentence}: its request of {length} bytes fits no batch file",
                "lower `shots`, or set `batch_api: false`",
            )
        if part and (len(part) == max_requests or size + length > max_bytes):
            yield part
            part, size = [], 0
        part.append(request)
        size += length
    if part:
        yield part


def under_way(batches: Iterable[OpenBatch]) -> set[str]:
    """Return the keys of the requests in batches."""
    return set(chain.from_iterable(batch.requests for batch in batches))


def ask_by_batch(
    context: ChatContext, pending: Sequence[Request], cache: Cache, max_requests: int = MAX_REQUESTS
) -> None:
    """Ask all requests, whose keys differ, by batches and store each answer. Continue the batches of earlier jobs.

    Each batch is stored in the cache before it is created and has a label. So a job that was killed at any moment finds
    it again, and nothing is paid for twice. Expired and failed requests go into new batches, `retries` times.

    Raises:
        MarknerError: A request or a batch failed for good, or the budget is spent. The message has the spending.
    """
    error = asyncio.run(_Batcher(context, pending, cache).ask_all(max_requests))
    if error is not None:
        raise error


class _Batcher:
    def __init__(self, context: ChatContext, pending: Sequence[Request], cache: Cache) -> None:
        self._context = context
        self._requests = {request.key: request for request in pending}
        self._cache = cache
        self._key = read_key(context)
        self._attempts = context.pacing.retries + 1
        self._defects: dict[str, str] = {}

    async def ask_all(self, max_requests: int) -> MarknerError | None:
        """Return the error that ended the work, None if all requests are answered (`describe`: not raised)."""
        async with open_client(self._context, self._key) as client:
            try:
                for _ in range(self._attempts):
                    await self._finish(client, self._plan(max_requests))
                    if not self._left():
                        return None
                    logger.info("%d requests of the batches are unanswered", len(self._left()))
            except openai.APIError as error:
                return describe(self._context, error, self._key, self._spent())
            except MarknerError as error:
                return error
            except ValueError as error:
                text = redact(str(error), self._key)
                return MarknerError(
                    f"{self._context.label}: an answer about files or batches is no JSON: {text}", AGAIN
                )
        left = self._left()
        return MarknerError(
            f"run {self._context.run}: {len(left)} requests are unanswered after {self._attempts} rounds of batches,"
            f" for instance sentence {left[0].sentence}: {self._defects.get(left[0].key, 'no answer')};"
            f" {self._spent()}",
            AGAIN,
        )

    def _spent(self) -> str:
        return str(self._cache.spent(self._context.run))

    def _left(self) -> list[Request]:
        return [request for request in self._requests.values() if not self._cache.has(request.key)]

    def _plan(self, max_requests: int) -> list[OpenBatch]:
        """Store batches, to be created, for all requests that lie in none. Return all batches that have any of them.

        Jobs take turns here, those of other runs too, which may have equal requests. Each counts what the batches of
        its run have reserved. If the budget does not suffice for all, no batch is stored that would wait for its
        creation.
        """
        with job_lock(self._context), job_lock(self._context, of_all_runs=True):
            batches = self._cache.open_batches(self._context)
            budget = Budget(self._context, self._cache, batches)
            in_batches = under_way(batches)
            new = [request for request in self._left() if request.key not in in_batches]
            parts = list(divide(new, max_requests))
            for request in new:
                budget.reserve(request)
            if new:
                budget.attempt(len(new))
            for part in parts:
                requests = {request.key: request.body for request in part}
                self._cache.plan_batch(self._context, uuid.uuid4().hex, requests)
            if new:
                batches = self._cache.open_batches(self._context)
        return [batch for batch in batches if self._requests.keys() & batch.requests.keys()]

    async def _finish(self, client: openai.AsyncOpenAI, batches: Sequence[OpenBatch]) -> None:
        """Create the batches that the server does not have, wait for all, and store their answers."""
        waiting = {batch.label: (await self._identifier(client, batch), batch) for batch in batches}
        errors: list[MarknerError] = []
        while waiting:
            for label, (identifier, batch) in list(waiting.items()):
                state, gone = None, False
                try:
                    state = await self._take(client, identifier, batch)
                except openai.NotFoundError:
                    gone = True  # not handled here: an error raised here would contain the client's, with the key
                if gone:
                    self._give_up(identifier, batch)
                elif state is None:
                    continue
                elif state.status in {"failed", "cancelled"}:
                    errors.append(self._failed(state))
                del waiting[label]
            if waiting:
                await asyncio.sleep(POLL_SECONDS)
        if errors:
            raise errors[0]

    async def _take(self, client: openai.AsyncOpenAI, identifier: str, batch: OpenBatch) -> Batch | None:
        """Store the answers of a batch that has ended and return its state. None: it has not, or cannot be read now."""
        try:
            state = await client.batches.retrieve(identifier)
        except ValueError:
            return None
        if not isinstance(state, Batch) or state.status not in _ENDED:
            return None
        wasted = 0.0
        for file in (state.output_file_id, state.error_file_id):
            if file is not None:
                wasted += self._store((await client.files.content(file)).text, identifier, batch.requests)
        self._cache.close_batch(self._context, batch.label, state.status, Spent(0, wasted))
        logger.info("batch %s: %s", identifier, state.status)
        return state

    def _give_up(self, identifier: str, batch: OpenBatch) -> None:
        """Close a batch that the server does not know, so that its requests are asked again, once its time is over."""
        over = datetime.fromisoformat(batch.date) + _LIFETIME
        if datetime.now(UTC) < over:
            raise MarknerError(
                f"{self._context.label}: batch {identifier} of {batch.date}, or its file of answers, is not there",
                f"set the key of the account that created it; its requests are asked again after {over.isoformat()}",
            )
        logger.warning("batch %s of %s is not there any more; its requests are asked again", identifier, batch.date)
        self._cache.close_batch(self._context, batch.label, "gone", NOTHING)

    async def _identifier(self, client: openai.AsyncOpenAI, batch: OpenBatch) -> str:
        """Return the server's identifier of a batch. The batch is created unless the server has it."""
        if batch.id is not None:
            return batch.id
        # Of several jobs that wait for a batch, one creates it.
        with job_lock(self._context, of_all_runs=True):
            if identifier := self._cache.batch_id(batch.label):
                return identifier
            try:
                identifier = await self._find(client, batch) or await self._create(client, batch)
            except openai.APIStatusError as error:
                # For instance a server without a Batch API: no batch waits, and single requests are no second ones.
                if error.status_code in _IMPOSSIBLE:
                    self._cache.close_batch(self._context, batch.label, "refused", Spent(-len(batch.requests), 0.0))
                raise
            self._cache.name_batch(batch.label, identifier)
        logger.info("batch %s: %d requests", identifier, len(batch.requests))
        return identifier

    async def _create(self, client: openai.AsyncOpenAI, batch: OpenBatch) -> str:
        lines = [batch_line(key, body) for key, body in batch.requests.items()]
        file = await client.files.create(file=("requests.jsonl", b"".join(lines)), purpose="batch")
        # The client must not repeat the creation: a batch exists even if its confirmation was lost.
        once = client.with_options(max_retries=0)
        for attempt in range(self._attempts):
            try:
                created = await once.batches.create(
                    completion_window="24h",
                    endpoint=_ENDPOINT,
                    input_file_id=file.id,
                    metadata={_LABEL: batch.label},
                )
                if isinstance(created, Batch) and created.id:
                    return created.id
            except ValueError:
                pass
            except openai.APIError as error:
                status = error.status_code if isinstance(error, openai.APIStatusError) else 408
                if attempt + 1 == self._attempts or not (status >= 500 or status in {408, 429}):
                    raise
            await asyncio.sleep(min(0.5 * 2**attempt, 8.0))
            if (identifier := await self._find(client, batch)) is not None:
                return identifier
        raise MarknerError(
            f"{self._context.label}: the creation of a batch was not confirmed in {self._attempts} attempts",
            "run again later: a batch that was created is found by its label",
        )

    async def _find(self, client: openai.AsyncOpenAI, batch: OpenBatch) -> str | None:
        """Return the server's identifier of the batch with our label, None if it has no such batch."""
        # A day of tolerance for clocks that differ.
        oldest = (datetime.fromisoformat(batch.date) - timedelta(days=1)).timestamp()
        async for candidate in client.batches.list(limit=100):
            if (candidate.metadata or {}).get(_LABEL) == batch.label:
                return candidate.id
            if candidate.created_at < oldest:
                return None
        return None

    def _store(self, text: str, batch: str, requests: Mapping[str, dict[str, Any]]) -> float:
        """Store the answers of a file of results. Other lines are skipped, and their requests are asked again.

        Returns:
            The dollars for answers that cannot be used.
        """
        answers: list[Answer] = []
        wasted = 0.0
        for line in text.split("\n"):
            try:
                row = decode(line, self._key)
                key, error, reply = row["custom_id"], row.get("error"), row.get("response")
                body = requests[key]
            except (AttributeError, KeyError, TypeError):
                continue
            outcome = self._read(Request("", body, key), reply, batch)
            if isinstance(outcome, Response):
                answers.append((key, body, outcome))
            else:
                self._defects[key] = f"{outcome.reason} {error or ''}".strip()
                wasted += outcome.dollars
        self._cache.put(self._context, answers)
        return wasted

    def _read(self, request: Request, reply: Any, batch: str) -> Response | Defect:
        """Return the response of one line of results, or its defect."""
        if not isinstance(reply, dict):
            return Defect("no response")
        status, body = reply.get("status_code"), reply.get("body")
        if status != 200 and not (status == 400 and is_filtered(body)):
            return Defect(f"HTTP status {status}: {body}")
        if status == 200 and (defect := find_defect(self._context, body)) is not None:
            return defect
        identifier = reply.get("request_id")
        request_id = identifier if isinstance(identifier, str) else None
        return read_completion(self._context, request, status, body, request_id, batch)

    def _failed(self, state: Batch) -> MarknerError:
        reasons = "; ".join(error.message or "" for error in (state.errors.data or [])) if state.errors else ""
        return MarknerError(
            f"{self._context.label}: batch {state.id} has {state.status}: {redact(reasons, self._key)}",
            "remove the cause, then run again: stored answers are not asked again",
        )
