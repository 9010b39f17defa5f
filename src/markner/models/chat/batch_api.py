"""Asking through the Batch API: files of requests, answered within 24 hours, in any order, at a lower price.

OpenAI's guide to the Batch API: at most 50,000 requests and 200 MB a file; answers bear the request's `custom_id`, here
the key of the cache; a batch that expires after 24 hours gives what it has, and the rest is put into a new one.
"""

import asyncio
import json
import logging
import uuid
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from itertools import chain
from typing import Any, Final

import openai
from openai.types import Batch

from markner.errors import MarknerError
from markner.models.chat.budget import Budget
from markner.models.chat.cache import Answer, Cache, OpenBatch, Origin, Response
from markner.models.chat.client import completion, failure, open_client, read_key, redact
from markner.models.chat.completion import is_filtered
from markner.models.chat.requests import LocalServer, Question
from markner.study.schema.chat_runs import ApiModel, ChatOptions

logger = logging.getLogger(__name__)

MAX_REQUESTS = 50_000
MAX_BYTES = 200_000_000
POLL_SECONDS = 60.0

_ENDPOINT: Final = "/v1/chat/completions"
_LABEL = "markner"
"""Name of the metadata by which a batch is found again whose creation was not seen to succeed."""
_ENDED = {"completed", "expired", "failed", "cancelled"}


def batch_line(key: str, body: Mapping[str, Any]) -> bytes:
    """A request as a line of a batch file."""
    row = {"custom_id": key, "method": "POST", "url": _ENDPOINT, "body": body}
    return json.dumps(row, ensure_ascii=False).encode() + b"\n"


def divide(
    pending: Sequence[Question], max_requests: int = MAX_REQUESTS, max_bytes: int = MAX_BYTES
) -> Iterator[list[Question]]:
    """Questions in parts that each fit into one batch file."""
    part: list[Question] = []
    size = 0
    for question in pending:
        length = len(batch_line(question.key, question.body))
        if length > max_bytes:
            raise MarknerError(f"sentence {question.sentence}: its request of {length} bytes fits no batch file")
        if part and (len(part) == max_requests or size + length > max_bytes):
            yield part
            part, size = [], 0
        part.append(question)
        size += length
    if part:
        yield part


def under_way(cache: Cache, source: Origin) -> set[str]:
    """Keys of requests that lie in batches whose answers are not stored yet."""
    return set(chain.from_iterable(batch.requests for batch in cache.open_batches(source)))


def ask_by_batch(
    pending: Sequence[Question],
    model: ApiModel,
    run: ChatOptions,
    cache: Cache,
    source: Origin,
    server: LocalServer | None = None,
    max_requests: int = MAX_REQUESTS,
    max_bytes: int = MAX_BYTES,
    poll_seconds: float | None = None,
) -> None:
    """Ask all questions by batches and store each answer; goes on with batches that an earlier job left behind.

    Each batch is noted in the cache before it is created and bears a label, so that a job which was killed at any
    moment finds it again and nothing is paid for twice. What expires or fails is put into new batches,
    `run.retries` times.

    Args:
        pending: Questions without an answer, each key once.
        model: Who is asked.
        run: Retries, timeout and budget.
        cache: Where answers and batches are kept.
        source: Who answers, on whose account.
        server: A server on loopback that stands in for the model's.
        max_requests: Most requests in one file.
        max_bytes: Most bytes in one file.
        poll_seconds: Time between two looks at the batches; a minute without one.

    Raises:
        MarknerError: A request or a batch failed for good, or the budget is spent; it says what was spent.
    """
    key = read_key(model, server)
    interval = POLL_SECONDS if poll_seconds is None else poll_seconds
    batcher = _Batcher(pending, model, run, cache, source, key, interval)
    error = asyncio.run(batcher.ask_all(server, max_requests, max_bytes))
    if error is not None:
        raise error


class _Batcher:
    def __init__(
        self,
        pending: Sequence[Question],
        model: ApiModel,
        run: ChatOptions,
        cache: Cache,
        source: Origin,
        key: str,
        poll_seconds: float,
    ) -> None:
        self._questions: Mapping[str, Question] = {question.key: question for question in pending}
        self._model = model
        self._run = run
        self._cache = cache
        self._source = source
        self._key = key
        self._poll_seconds = poll_seconds
        self._budget = Budget(cache, source.run, model, run)
        self._faults: dict[str, str] = {}

    async def ask_all(self, server: LocalServer | None, max_requests: int, max_bytes: int) -> MarknerError | None:
        """The error that ended the work, None where all was answered.

        The client's errors carry the request, and so the key; they are described here and never raised further.
        """
        async with open_client(self._model, self._run, server, self._key) as client:
            try:
                for _ in range(self._run.retries + 1):
                    busy = under_way(self._cache, self._source)
                    new = [question for question in self._left() if question.key not in busy]
                    reserved = sum(self._plan(part) for part in divide(new, max_requests, max_bytes))
                    await self._finish(client, self._open())
                    self._budget.release(reserved)
                    if not self._left():
                        return None
                    logger.info("%d requests of the batches are unanswered", len(self._left()))
            except openai.APIError as error:
                described = failure(error, self._model, self._key)
                return MarknerError(f"{described.message}; {self._budget.spent()}", described.fix)
            except MarknerError as error:
                return error
            except ValueError as error:
                return MarknerError(f"{self._model.provider}: an answer about files or batches is no JSON: {error}")
        left = self._left()
        return MarknerError(
            f"run {self._source.run}: {len(left)} requests are unanswered after {self._run.retries + 1} rounds of"
            f" batches, for instance sentence {left[0].sentence}: {self._faults.get(left[0].key, 'no answer')};"
            f" {self._budget.spent()}",
            "run again later: all that was answered is kept and not asked again",
        )

    def _left(self) -> list[Question]:
        return [question for question in self._questions.values() if not self._cache.has(question.key)]

    def _open(self) -> list[OpenBatch]:
        """Batches under way that hold any of the questions."""
        return [
            batch for batch in self._cache.open_batches(self._source) if self._questions.keys() & batch.requests.keys()
        ]

    def _plan(self, part: Sequence[Question]) -> float:
        """Note a batch that is to be created; returns the dollars set aside for it."""
        reserved = 0.0
        for question in part:
            reserved += self._budget.reserve(question)
            self._budget.attempt()
        requests = {question.key: question.body for question in part}
        self._budget.take_attempts()  # the plan counts them
        self._cache.plan_batch(uuid.uuid4().hex, self._source, requests)
        return reserved

    async def _finish(self, client: openai.AsyncOpenAI, batches: Sequence[OpenBatch]) -> None:
        """Create the batches that the server does not have, wait for all, store their answers."""
        waiting = {batch.label: (await self._identifier(client, batch), batch) for batch in batches}
        errors: list[MarknerError] = []
        while waiting:
            for label, (identifier, batch) in list(waiting.items()):
                state = await self._look(client, identifier)
                if state is None or state.status not in _ENDED:
                    continue
                for file in (state.output_file_id, state.error_file_id):
                    if file is not None:
                        self._store((await client.files.content(file)).text, identifier, batch.requests)
                self._cache.close_batch(label, state.status)
                del waiting[label]
                logger.info("batch %s: %s", identifier, state.status)
                if state.status in {"failed", "cancelled"}:
                    errors.append(self._ended_badly(state))
            if waiting:
                await asyncio.sleep(self._poll_seconds)
        if errors:
            raise errors[0]

    async def _look(self, client: openai.AsyncOpenAI, identifier: str) -> Batch | None:
        """The state of a batch, None where the server's word cannot be read this time."""
        try:
            state = await client.batches.retrieve(identifier)
        except ValueError:
            return None
        return state if isinstance(state, Batch) else None

    async def _identifier(self, client: openai.AsyncOpenAI, batch: OpenBatch) -> str:
        """The server's identifier of a batch; it is created unless the server has it already."""
        if batch.id is not None:
            return batch.id
        identifier = await self._find(client, batch)
        if identifier is None:
            identifier = await self._create(client, batch)
        self._cache.name_batch(batch.label, identifier)
        logger.info("batch %s: %d requests", identifier, len(batch.requests))
        return identifier

    async def _create(self, client: openai.AsyncOpenAI, batch: OpenBatch) -> str:
        lines = [batch_line(key, body) for key, body in batch.requests.items()]
        file = await client.files.create(file=("requests.jsonl", b"".join(lines)), purpose="batch")
        # The client must not repeat the creation by itself: a batch whose confirmation was lost is there all the same.
        careful = client.with_options(max_retries=0)
        for attempt in range(self._run.retries + 1):
            try:
                created = await careful.batches.create(
                    completion_window="24h",
                    endpoint=_ENDPOINT,
                    input_file_id=file.id,
                    metadata={_LABEL: batch.label},
                )
                if isinstance(created, Batch) and created.id:
                    return created.id
            except ValueError:
                pass
            except openai.APIStatusError as error:
                if attempt == self._run.retries or not (error.status_code >= 500 or error.status_code in {408, 429}):
                    raise
            except openai.APIConnectionError:
                if attempt == self._run.retries:
                    raise
            await asyncio.sleep(min(0.5 * 2**attempt, 8.0))
            if (identifier := await self._find(client, batch)) is not None:
                return identifier
        raise MarknerError(
            f"{self._model.provider}: the creation of a batch was not confirmed in {self._run.retries + 1} attempts",
            "run again later: a batch that was created is found again by its label",
        )

    async def _find(self, client: openai.AsyncOpenAI, batch: OpenBatch) -> str | None:
        """The server's identifier of the batch with our label, None where it has none."""
        # A day of tolerance for clocks that differ.
        oldest = (datetime.fromisoformat(batch.date) - timedelta(days=1)).timestamp()
        async for candidate in client.batches.list(limit=100):
            if (candidate.metadata or {}).get(_LABEL) == batch.label:
                return candidate.id
            if candidate.created_at < oldest:
                return None
        return None

    def _store(self, text: str, batch: str, requests: Mapping[str, dict[str, Any]]) -> None:
        """Store the answers of a file of results; what is not an answer is left to be asked again."""
        answers: list[Answer] = []
        for line in redact(text, self._key).split("\n"):
            try:
                row: Any = json.loads(line)
                key, error, reply = row["custom_id"], row.get("error"), row.get("response")
                body = requests[key]
            except (AttributeError, KeyError, TypeError, ValueError):
                continue
            outcome = self._read(Question("", body, key), reply, batch)
            if isinstance(outcome, Response):
                answers.append((key, body, outcome))
            else:
                self._faults[key] = f"{outcome} {error or ''}".strip()
        self._cache.put(answers, self._source)

    def _read(self, question: Question, reply: Any, batch: str) -> Response | str:
        """The answer of one line of results, or what is wrong with it."""
        if not isinstance(reply, dict):
            return "no response"
        status, body = reply.get("status_code"), reply.get("body")
        if status != 200 and not (status == 400 and is_filtered(body)):
            return f"HTTP status {status}: {body}"
        return completion(question, status, body, reply.get("request_id"), self._model, batch)

    def _ended_badly(self, state: Batch) -> MarknerError:
        reasons = "; ".join(error.message or "" for error in (state.errors.data or [])) if state.errors else ""
        return MarknerError(
            f"{self._model.provider}: batch {state.id} has {state.status}: {redact(reasons, self._key)}",
            "remove the cause, then run again: all that was answered is kept and not asked again",
        )
