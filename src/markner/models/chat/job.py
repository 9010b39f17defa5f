"""A chat job from its settings: those that make the request from the rule, those of spending from the environment."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from markner.models.chat.answer import answer
from markner.models.chat.requests import LocalServer
from markner.study.schema.chat_runs import SPENDING_VARIABLE, ApiModel, ChatRun
from markner.study.schema.corpora import Prompt

ANSWERS_FILE = "answers.db"
"""The response cache in the folder that keeps the answers."""


def chat_run(settings: Mapping[str, Any]) -> ChatRun:
    """A run of which only the given settings are known; what it is scored on plays no part in asking."""
    return ChatRun.model_validate({"system": "chat", "model": "m", "evaluate": ["c"], **settings})


def answer_corpus(
    settings: Mapping[str, Any],
    run: str,
    sentences: Path,
    shots: Path,
    output: Path,
    usage: Path,
    server: LocalServer | None = None,
) -> None:
    """Write a chat run's predictions for a corpus. To be called from the main thread: it handles signals.

    Args:
        settings: Leaves of the rule `chat` or `chat_served`.
        run: Name of the run.
        sentences: Sentences of the test split.
        shots: The file of examples.
        output: The predictions.
        usage: JSON on who answered and what it took.
        server: The server on loopback that serves the model's `weights`.

    Raises:
        MarknerError: As `markner.models.chat.answer.answer`.
    """
    spending = json.loads(os.environ[SPENDING_VARIABLE])[run]
    prompt = Prompt(
        instruction=settings["instruction"],
        enhancements={settings["entity"]: settings["enhancement"]},
        template=settings["template"],
    )
    answer(
        sentences,
        shots,
        prompt,
        settings["entity"],
        ApiModel.model_validate({**settings["model"], **spending["model"]}),
        chat_run({**settings["run"], **spending["run"]}),
        spending["account"],
        Path(spending["answers"], ANSWERS_FILE),
        output,
        usage,
        server,
    )
