"""A chat job: what makes the request comes from the rule's params, spending limits from the environment."""

import json
import os
from pathlib import Path

from markner.models.chat.answer import answer
from markner.models.chat.params import ChatParams
from markner.models.chat.requests import LocalServer
from markner.study.schema.chat_runs import SPENDING_VARIABLE, ApiModel, ChatOptions

ANSWERS_FILE = "answers.db"
"""The response cache in the folder that keeps the answers."""


def answer_corpus(
    params: ChatParams,
    run: str,
    sentences: Path,
    few_shot: Path,
    output: Path,
    usage: Path,
    server: LocalServer | None = None,
) -> None:
    """Write a chat run's predictions for a corpus. Call it from the main thread: it handles signals.

    Args:
        params: What the model is asked.
        run: Name of the run.
        sentences: Sentences of the test split.
        few_shot: The file of few-shot examples.
        output: The predictions.
        usage: JSON with who answered and what it cost.
        server: The server on loopback that serves the model's `weights`.

    Raises:
        MarknerError: As `markner.models.chat.answer.answer`.
    """
    spending = json.loads(os.environ[SPENDING_VARIABLE])[run]
    endpoint = params.model.model_dump(exclude_none=True)
    model = ApiModel.model_validate({"source": "api", **endpoint, **spending["model"]})
    options = ChatOptions(
        temperature=params.temperature, max_new_tokens_margin=params.max_new_tokens_margin, **spending["run"]
    )
    answer(
        sentences,
        few_shot,
        params.prompt,
        params.entity,
        model,
        options,
        spending["account"],
        Path(spending["answers"], ANSWERS_FILE),
        output,
        usage,
        server,
    )
