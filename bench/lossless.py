"""Whether copy-draft decoding answers as Hugging Face's greedy search does, on many sentences.

python bench/lossless.py MODEL INSTRUCTIONS SENTENCES [NUMBER] [PRECISION]

As bench/decoding.py, but for each sentence once and for the answers' sake: greedy search in batches of 8, copy-draft in
batches of three sizes, and greedy search in batches of 16, because rounding decides near ties there, too. Where answers
differ in float32, the same weights in float64 decide which of the two tokens at which they part is the more probable,
and by how much.
"""

import sys
from collections.abc import Sequence
from contextlib import nullcontext
from typing import Any

import torch
from answering import Answering, Passes, same, sampled_texts
from report import write

from markner.models.causal.batching import common_prefix
from markner.models.causal.examples import encode_prompts, encode_texts
from markner.models.linear import layers_of_torch
from markner.study.schema.systems import Decoding

REFERENCE = "greedy search, batch 8"


def main(model_folder: str, instructions: str, sentences: str, number: str = "1000", precision: str = "fp32") -> None:
    """Measure and write docs/measured/bench/lossless-PRECISION.*"""
    asked, texts = Answering(model_folder, instructions, precision), sampled_texts(sentences, number)
    systems = {
        REFERENCE: ("greedy", 8),
        **{f"copy-draft, batch {batch}": ("copy-draft", batch) for batch in (8, 16, 32)},
        "greedy search, batch 16": ("greedy", 16),
    }
    answers: dict[str, list[str]] = {}
    table: list[dict[str, Any]] = []
    for name, (method, batch) in systems.items():
        decoding = Decoding.model_validate({"method": method, "batch_size": batch})
        # Greedy search has the linear layers of torch, as users of `generate` have them.
        layers = layers_of_torch(asked.model) if method == "greedy" else nullcontext()
        with layers, Passes(asked.model) as passes:
            answers[name] = asked.answers(texts, decoding)
        tokens = asked.tokens(answers[name])
        table.append(
            {
                "method": name,
                "sentences": len(texts),
                "same answers": same(answers[name], answers[REFERENCE]),
                "tokens": tokens,
                "tokens/pass": round(tokens / len(passes), 2),
            }
        )
    different = in_float64(asked, texts, answers) if precision == "fp32" else "not looked at"
    title = "Answers of copy-draft decoding and of greedy search"
    write(f"lossless-{precision}", title, table, different=different, precision=precision)


def in_float64(asked: Answering, texts: Sequence[str], answers: dict[str, list[str]]) -> list[dict[str, Any]]:
    """Where other answers than those of greedy search part from these, the log-probabilities of both tokens."""
    asked.model.double()
    return [
        {"sentence": text, "method": name, **_parting(asked, prompt, reference, answer)}
        for name, given in answers.items()
        for text, prompt, reference, answer in zip(texts, asked.prompts(texts), answers[REFERENCE], given, strict=True)
        if answer != reference
    ]


def _parting(asked: Answering, prompt: str, reference: str, answer: str) -> dict[str, Any]:
    """The tokens at which two answers part, with their log-probabilities in float64."""
    tokenizer = asked.tokenizer
    both = [[*tokens, tokenizer.eos_token_id] for tokens in encode_texts(tokenizer, [reference, answer])]
    shared = common_prefix(both)
    known = [*encode_prompts(tokenizer, [prompt])[0], *both[0][:shared]]
    with torch.inference_mode():
        logits = asked.model(torch.tensor([known]), logits_to_keep=1).logits[0, -1]
    probable = torch.log_softmax(logits, dim=-1)
    return {
        "after": tokenizer.decode(both[0][:shared])[-40:],
        "greedy search": _token(tokenizer, probable, both[0][shared]),
        "this method": _token(tokenizer, probable, both[1][shared]),
    }


def _token(tokenizer: Any, probable: torch.Tensor, token: int) -> list[Any]:
    return [tokenizer.decode([token]), probable[token].item()]


if __name__ == "__main__":
    main(*sys.argv[1:])
