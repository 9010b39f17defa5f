"""Where the two most probable tokens are equal but for rounding, torch's linear layers decide, not those of oneDNN."""

import math
from pathlib import Path
from typing import Any

import pytest
import torch
from tiny_llama import INSTANCES, INSTRUCTION, TEMPLATE

from markner.data.instructions import render_prompt
from markner.models import linear
from markner.models.decoding import copy_draft
from markner.models.decoding.confidence import near_ties
from markner.models.decoding.generate import generate
from markner.models.linear import use_onednn
from markner.models.weights import load_causal, load_tokenizer
from markner.study.schema.systems import Decoding

pytest_plugins = ["tiny_llama"]

TEXTS = [row.input for row in INSTANCES[:3]]


def log_probabilities(logits: torch.Tensor) -> list[float]:
    """Of the most probable token of each row."""
    values: list[float] = logits.log_softmax(-1).amax(-1).tolist()
    return values


def test_positions_whose_two_best_tokens_are_nearly_equal() -> None:
    logits = torch.tensor([[5.0, 5.0005, 0.0], [5.0, 5.002, 0.0], [1.0, 1.0, 1.0], [9.0, 0.0, 0.0]])
    assert near_ties(logits, log_probabilities(logits)) == [0, 2]
    assert near_ties(logits, log_probabilities(logits), within=0.01) == [0, 1, 2]


def test_only_allowed_tokens_count() -> None:
    logits = torch.tensor([[5.0, 5.0005, 0.0], [5.0, 9.0, 5.0], [3.0, 3.0, 3.0]])
    allowed = [[0, 2], [0, 2], [1]]
    highest = [math.log(math.exp(5) / (math.exp(5) + 1)), math.log(0.5), 0.0]
    assert near_ties(logits, highest, allowed) == [1]


@pytest.mark.parametrize("method", ["greedy", "constrained"])
def test_rounding_of_onednn_changes_no_answer(untuned: Path, monkeypatch: pytest.MonkeyPatch, method: str) -> None:
    model: Any = load_causal(untuned, torch.float32)
    # All tokens are nearly as probable, by far more than torch rounds.
    model.lm_head.weight = torch.nn.Parameter(model.lm_head.weight / model.lm_head.weight.norm(dim=1).max() * 1e-5)
    tokenizer = load_tokenizer(untuned)

    def texts(method: str) -> list[str]:
        decoding = Decoding.model_validate({"method": method, "batch_size": 2, "max_new_tokens_margin": 4})
        prompts = [render_prompt(TEMPLATE, INSTRUCTION, text) for text in TEXTS]
        answers = generate(model, tokenizer, prompts, TEXTS, decoding)
        return [answer.text for answer in sorted(answers, key=lambda answer: answer.index)]

    expected = texts(method)
    use_onednn(model)
    product = linear._product

    def rounded(*arguments: Any) -> torch.Tensor:
        """What oneDNN computes, with an error that is larger than its own, of the same sign for each token."""
        result = product(*arguments)
        if result.shape[-1] == len(model.lm_head.weight):
            result = result + 1e-4 * torch.arange(result.shape[-1]).mul(7).cos()
        return result

    monkeypatch.setattr(linear, "_product", rounded)
    copied = {"greedy": "copy-draft", "constrained": "constrained"}[method]
    assert texts(copied) == expected
    monkeypatch.setattr(copy_draft, "near_ties", lambda *_: [])
    assert texts(copied) != expected
