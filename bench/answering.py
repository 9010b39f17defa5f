"""A tuned model as the benchmarks ask it, and a count of its forward passes."""

import json
import random
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from markner.data.documents import read_sentences
from markner.data.instructions import render_prompt
from markner.models.decoding.generate import generate
from markner.models.device import place
from markner.models.weights import load_causal, load_tokenizer
from markner.study.schema.corpora import Prompt
from markner.study.schema.systems import Decoding


class Answering:
    """A model in memory with the first instruction of the set that it was tuned on."""

    def __init__(self, folder: str, instructions: str, precision: str = "fp32") -> None:
        self.tokenizer = load_tokenizer(Path(folder))
        self.model: Any = load_causal(Path(folder), torch.float32 if precision == "fp32" else torch.bfloat16)
        place(self.model)
        self._instruction = json.loads(Path(instructions).read_text(encoding="utf-8"))[0]["instruction"]

    def prompts(self, texts: Sequence[str]) -> list[str]:
        """The full texts before the answers."""
        return [render_prompt(Prompt().template, self._instruction, text) for text in texts]

    def answers(self, texts: Sequence[str], decoding: Decoding) -> list[str]:
        """Answers in the order of the texts."""
        answers = generate(self.model, self.tokenizer, self.prompts(texts), texts, decoding)
        return [answer.text for answer in sorted(answers, key=lambda answer: answer.index)]

    def tokens(self, answers: Sequence[str]) -> int:
        """Tokens of answers, with the end token of each."""
        return sum(len(ids) + 1 for ids in self.tokenizer(list(answers), add_special_tokens=False)["input_ids"])


def sampled_texts(sentences: str, number: str) -> list[str]:
    """As many sentences of a file, drawn at random, the same each time."""
    rows = list(read_sentences(sentences))
    return [row.text for row in random.Random(1).sample(rows, min(int(number), len(rows)))]


def same(answers: Sequence[str], others: Sequence[str]) -> int:
    """How many answers are equal."""
    return sum(answer == other for answer, other in zip(answers, others, strict=True))


class Passes:
    """Tokens of each forward pass while in the block."""

    def __init__(self, model: Any) -> None:
        self.tokens: list[int] = []
        self.model = model

    def __enter__(self) -> list[int]:
        self.hook = self.model.register_forward_pre_hook(self._note, with_kwargs=True)
        return self.tokens

    def __exit__(self, *_: object) -> None:
        self.hook.remove()

    def _note(self, module: Any, args: Any, kwargs: Any) -> None:
        self.tokens.append(int(kwargs["input_ids"].numel()))
