"""Requests to a chat model: messages, body, and the key under which the answer is kept."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from markner.data.documents import Sentence
from markner.data.instructions import render_prompt
from markner.graphemes import compose
from markner.models.chat.context import ChatContext
from markner.models.chat.cost import MESSAGE_TOKENS, four_characters
from markner.models.chat.few_shot import Example


@dataclass(frozen=True, slots=True)
class Request:
    """A request about a sentence: the body that is sent, and the key of its answer."""

    sentence: str
    body: dict[str, Any]
    key: str

    @property
    def prompt_tokens(self) -> int:
        """Estimated tokens of the messages."""
        return sum(four_characters(turn["content"]) + MESSAGE_TOKENS for turn in self.body["messages"])

    @property
    def answer_limit(self) -> int:
        """Most tokens that the answer can have."""
        return int(self.body.get("max_completion_tokens") or self.body["max_tokens"])


def messages(template: str, instruction: str, examples: Sequence[Example], text: str) -> list[dict[str, str]]:
    """Return the conversation: each example as the user's prompt and the assistant's answer, then the sentence.

    Each prompt is the paper's (Fig. 2), word for word, as the tuned models get it; the letters of the sentence are
    composed. There is no system message.
    """
    turns: list[dict[str, str]] = []
    for example in examples:
        turns.append({"role": "user", "content": render_prompt(template, instruction, example.text)})
        turns.append({"role": "assistant", "content": example.answer})
    turns.append({"role": "user", "content": render_prompt(template, instruction, compose(text).text)})
    return turns


def request_key(context: ChatContext, body: Mapping[str, Any]) -> str:
    """Return the SHA-256 of provider, server and the whole request (model, sampling, messages) as canonical JSON."""
    value = {"provider": context.provider, "server": context.server_name, "request": body}
    text = json.dumps(value, sort_keys=True, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def build_requests(
    context: ChatContext, sentences: Sequence[Sentence], examples: Mapping[str, Sequence[Example]]
) -> list[Request]:
    """Return one request for each sentence, in order. Equal sentences with equal examples have equal keys.

    An answer may have a token for each character of its sentence, of which about four make one, and the margin.
    `examples` is by identifier of the sentence.
    """
    params = context.params
    instruction = params.prompt.instruction_text(params.entity)
    requests: list[Request] = []
    for sentence in sentences:
        body: dict[str, Any] = {
            "model": context.model,
            "messages": messages(params.prompt.template, instruction, examples[sentence.id], sentence.text),
            params.model.limit_field: len(sentence.text) + params.max_new_tokens_margin,
            **({} if params.temperature is None else {"temperature": params.temperature}),
            **params.model.parameters,
        }
        requests.append(Request(sentence.id, body, request_key(context, body)))
    return requests
