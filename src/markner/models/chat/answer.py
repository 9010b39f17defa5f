"""A chat model's predictions for a corpus: ask the requests without an answer, then read all answers."""

import logging
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from markner.data.documents import read_sentences
from markner.errors import MarknerError
from markner.files import write_json
from markner.models.chat.ask import ask
from markner.models.chat.batch_api import ask_by_batch, under_way
from markner.models.chat.budget import Budget, estimate
from markner.models.chat.cache import Cache, Response
from markner.models.chat.completion import prediction
from markner.models.chat.context import ChatContext
from markner.models.chat.few_shot import read_examples
from markner.models.chat.job_lock import job_lock
from markner.models.chat.requests import Request, build_requests
from markner.predictions import write_predictions

logger = logging.getLogger(__name__)


def answer(context: ChatContext, sentences: Path, few_shot: Path, output: Path, usage: Path) -> None:
    """Write a chat model's predictions for all sentences of a file. Call it from the main thread: it handles signals.

    The dry count with its cost is logged before the first request. Stored answers are not asked again. If all answers
    are stored, neither key nor network is needed. The file of few-shot examples is also read for zero-shot runs.
    `usage` is JSON with who answered and the cost; it depends on the cache and the prices alone.

    Raises:
        MarknerError: The key is missing, the budget does not suffice or is spent, the server failed for good, a
            signal came, or requests wait in batches and `batch_api` is false.
    """
    rows = list(read_sentences(sentences))
    requests = build_requests(context, rows, read_examples(few_shot))
    distinct = {request.key: request for request in requests}
    # Jobs that ask by batch lock only while they plan: several may wait for their batches at the same time.
    lock = nullcontext() if context.pacing.batch_api else job_lock(context)
    with lock, Cache(context.cache) as cache:
        pending = [request for request in distinct.values() if not cache.has(request.key)]
        batches = cache.open_batches(context)
        in_batches = under_way(batches)
        new = [request for request in pending if request.key not in in_batches]
        count = estimate(context, new, len(distinct) - len(pending), {row.id: row.text for row in rows})
        waiting = len(pending) - len(new)
        note = f"; {waiting} requests wait in batches" if waiting else ""
        logger.info("run %s, model %s: %s%s", context.run, context.model, count, note)
        if waiting and not context.pacing.batch_api:
            raise MarknerError(
                f"run {context.run}: {waiting} requests wait in batches and would be paid for twice",
                "set `batch_api: true` until the batches have ended and their answers are stored",
            )
        if pending:
            Budget(context, cache, batches).admit(count)
            (ask_by_batch if context.pacing.batch_api else ask)(context, pending, cache)
        responses = [_stored(cache, request) for request in requests]
    write_predictions(
        output, (prediction(row.id, row.text, response) for row, response in zip(rows, responses, strict=True))
    )
    write_json(usage, _usage(context, requests, responses))


def _stored(cache: Cache, request: Request) -> Response:
    response = cache.get(request.key)
    if response is None:
        raise MarknerError(f"{cache.path}: the answer for sentence {request.sentence} is gone", "run again")
    return response


def _usage(context: ChatContext, requests: Sequence[Request], responses: Sequence[Response]) -> dict[str, object]:
    """Return who answered and the cost. Equal requests count once."""
    once = {request.key: response for request, response in zip(requests, responses, strict=True)}.values()
    known = context.price(0, 0) is not None
    return {
        "provider": context.provider,
        "model": context.model,
        "answered_by": dict(sorted(Counter(str(response.response.get("model")) for response in once).items())),
        "system_fingerprints": dict(sorted(Counter(str(response.system_fingerprint) for response in once).items())),
        "requests": len(once),
        "prompt_tokens": sum(response.prompt_tokens for response in once),
        "completion_tokens": sum(response.completion_tokens for response in once),
        "dollars": round(sum(_price(context, response) for response in once), 6) if known else None,
        "first": min((response.date for response in once), default=None),
        "last": max((response.date for response in once), default=None),
    }


def _price(context: ChatContext, response: Response) -> float:
    """Return the dollars of an answer. Answers that were stored before the model had prices get the prices of now."""
    batch = response.batch is not None
    return response.dollars or context.price(response.prompt_tokens, response.completion_tokens, batch=batch) or 0.0
