"""A chat model's predictions for a corpus: count, ask what is not known, read the answers."""

import logging
import os
from collections import Counter
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

from markner.data.documents import read_sentences
from markner.errors import MarknerError
from markner.files import write_json
from markner.models.chat.apart import ask_apart, job_lock
from markner.models.chat.batch_api import ask_by_batch, under_way
from markner.models.chat.budget import Budget
from markner.models.chat.cache import Cache, Response
from markner.models.chat.completion import prediction
from markner.models.chat.cost import CountTokens, estimate, four_characters, price
from markner.models.chat.few_shot import read_shots
from markner.models.chat.requests import LocalServer, Question, origin, questions
from markner.predictions import write_predictions
from markner.study.schema.chat_runs import ApiModel, ChatOptions
from markner.study.schema.corpora import Prompt

logger = logging.getLogger(__name__)


def answer(
    sentences: str | os.PathLike[str],
    shots: str | os.PathLike[str],
    prompt: Prompt,
    entity: str,
    model: ApiModel,
    run: ChatOptions,
    name: str,
    cache: str | os.PathLike[str],
    output: str | os.PathLike[str],
    usage: str | os.PathLike[str],
    server: LocalServer | None = None,
    count_tokens: CountTokens = four_characters,
) -> None:
    """Write a chat model's predictions for all sentences of a file.

    The dry count with its cost is logged before the first request. What the cache holds is not asked again; where it
    holds everything, neither key nor network is needed.

    Args:
        sentences: Sentences of a split.
        shots: The file of examples of the run, seed and corpus (`choose_shots`), for zero-shot runs too.
        prompt: The prompt.
        entity: Entity type of the corpus.
        model: Who is asked.
        run: How it is asked.
        name: The run's name, under which its spending is kept.
        cache: The response cache, on a local disk.
        output: The predictions.
        usage: JSON on who answered and what it took, by the cache: the same whenever the answers came.
        server: The server on loopback that serves the model's `weights`.
        count_tokens: A tokenizer's count for the estimate; four characters a token without one.

    Raises:
        MarknerError: The model is retired; its `weights` are not served; the key is missing; the budget does not
            suffice or is spent; the server failed for good.
    """
    if model.retired is not None:
        raise MarknerError(
            f"run {name}: model {model.model} of {model.provider} is retired ({model.retired}) and is never asked",
            "show the paper's own figures as the paper's, or configure a current model under a name of its own",
        )
    if (model.weights is None) != (server is None):
        raise MarknerError(f"run {name}: a server on loopback is given if, and only if, the model has `weights`")
    rows = list(read_sentences(sentences))
    texts = {row.id: row.text for row in rows}
    source = origin(model, name, server)
    asked = questions(rows, read_shots(shots), prompt, entity, model, run, source)
    # The jobs of a run ask one after the other, and never before a killed job's requests under way are answered.
    turn = nullcontext(None) if run.batch_api else job_lock(Path(cache), name)
    with turn as lock, Cache(cache) as memory:
        different: dict[str, Question] = {}
        for question in asked:
            different.setdefault(question.key, question)
        pending = [question for question in different.values() if not memory.has(question.key)]
        busy = under_way(memory, source)
        new = [question for question in pending if question.key not in busy]
        count = estimate(new, len(different) - len(pending), texts, model, run.batch_api, count_tokens)
        waiting = f"; {len(pending) - len(new)} requests wait in batches" if len(pending) > len(new) else ""
        logger.info("run %s, model %s: %s%s", name, model.model, count, waiting)
        if pending:
            Budget(memory, name, model, run).admit(count)
            if lock is None:
                ask_by_batch(pending, model, run, memory, source, server)
            else:
                ask_apart(pending, model, run, memory.path, source, server, lock)
        responses = [_kept(memory, question) for question in asked]
    write_predictions(
        output, (prediction(row.id, row.text, response) for row, response in zip(rows, responses, strict=True))
    )
    write_json(usage, _usage(model, asked, responses))


def _kept(memory: Cache, question: Question) -> Response:
    response = memory.get(question.key)
    if response is None:
        raise MarknerError(f"{memory.path}: the answer for sentence {question.sentence} is gone")
    return response


def _usage(model: ApiModel, asked: Sequence[Question], responses: Sequence[Response]) -> dict[str, object]:
    """Who answered and what it took; equal questions count once."""
    once = {question.key: response for question, response in zip(asked, responses, strict=True)}.values()
    known = price(model, 0, 0, batch=False) is not None
    return {
        "provider": model.provider,
        "model": model.model,
        "answered_by": dict(sorted(Counter(str(response.response.get("model")) for response in once).items())),
        "system_fingerprints": dict(sorted(Counter(str(response.system_fingerprint) for response in once).items())),
        "requests": len(once),
        "prompt_tokens": sum(response.prompt_tokens for response in once),
        "completion_tokens": sum(response.completion_tokens for response in once),
        "dollars": round(sum(response.dollars for response in once), 6) if known else None,
        "first": min((response.date for response in once), default=None),
        "last": max((response.date for response in once), default=None),
    }
