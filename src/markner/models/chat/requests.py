"""What a chat model is asked: messages, request, and the key under which the answer is kept."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markner.data.documents import Sentence
from markner.data.instructions import render_prompt
from markner.models.chat.cache import Origin
from markner.models.chat.few_shot import Shot
from markner.study.schema.chat_runs import ApiModel, ChatOptions
from markner.study.schema.corpora import Prompt


@dataclass(frozen=True, slots=True)
class LocalServer:
    """A server on loopback that was started for the run.

    `base_url` changes from start to start and enters no key. `weights` stands in its place: a text that changes with
    the weights served, such as their repository and commit or their SHA-256.
    """

    base_url: str
    weights: str


@dataclass(frozen=True, slots=True)
class Question:
    """One request: the sentence it is about, the body that is sent, and the key of its answer."""

    sentence: str
    body: dict[str, Any]
    key: str


def origin(model: ApiModel, run: str, server: LocalServer | None) -> Origin:
    """Who is asked, as it enters the key."""
    return Origin(model.provider, model.base_url if server is None else f"loopback {server.weights}", run)


def messages(template: str, instruction: str, shots: Sequence[Shot], text: str) -> list[dict[str, str]]:
    """The conversation: each example as a user's prompt and the assistant's answer, then the sentence's own prompt.

    Each prompt is the paper's (Fig. 2), whole and word for word, as the tuned models get it; there is no system
    message.
    """
    turns: list[dict[str, str]] = []
    for shot in shots:
        turns.append({"role": "user", "content": render_prompt(template, instruction, shot.text)})
        turns.append({"role": "assistant", "content": shot.answer})
    turns.append({"role": "user", "content": render_prompt(template, instruction, text)})
    return turns


def answer_limit(text: str, max_new_tokens_margin: int) -> int:
    """Return the most tokens of an answer: the margin, and one for each character of the sentence.

    A sentence has about four characters a token.
    """
    return max_new_tokens_margin + len(text)


def request_key(source: Origin, body: Mapping[str, Any]) -> str:
    """SHA-256 of provider, server and the whole request: model, sampling parameters, messages; as canonical JSON."""
    value = {"provider": source.provider, "server": source.server, "request": body}
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def questions(
    sentences: Sequence[Sentence],
    shots: Mapping[str, Sequence[Shot]],
    prompt: Prompt,
    entity: str,
    model: ApiModel,
    run: ChatOptions,
    source: Origin,
) -> list[Question]:
    """One question a sentence, in order; equal sentences have equal keys.

    Args:
        sentences: What is asked about.
        shots: Examples by identifier of the sentence.
        prompt: The prompt.
        entity: Entity type that is asked for.
        model: Who is asked.
        run: Temperature and limit of the answer.
        source: Who is asked, as it enters the key.
    """
    instruction = prompt.instruction_text(entity)
    found: list[Question] = []
    for sentence in sentences:
        body: dict[str, Any] = {
            "model": model.model,
            "messages": messages(prompt.template, instruction, shots[sentence.id], sentence.text),
            model.limit_field: answer_limit(sentence.text, run.max_new_tokens_margin),
            **({} if run.temperature is None else {"temperature": run.temperature}),
            **model.parameters,
        }
        found.append(Question(sentence.id, body, request_key(source, body)))
    return found
