"""Whether copy-draft decoding answers as Hugging Face's greedy search does, on many sentences.

python bench/lossless.py MODEL INSTRUCTIONS SENTENCES [NUMBER] [PRECISION]

As bench/decoding.py, but for each sentence once and for the answers' sake: greedy search in batches of 8, copy-draft in
batches of 8, and in bfloat16, where rounding decides near ties, also greedy search in batches of 16 for comparison.
"""

import json
import random
import sys
from pathlib import Path
from typing import Any

import torch
from decoding import Passes
from report import write

from markner.config.corpora import Prompt
from markner.config.systems import Decoding
from markner.corpora.model import read_sentences
from markner.instructions import render_prompt
from markner.modeling.decode import generate
from markner.modeling.load import load_causal, load_tokenizer


def main(model_folder: str, instructions: str, sentences: str, number: str = "1000", precision: str = "fp32") -> None:
    """Measure and write docs/measured/bench/lossless-PRECISION.*"""
    tokenizer = load_tokenizer(Path(model_folder))
    model: Any = load_causal(Path(model_folder), torch.float32 if precision == "fp32" else torch.bfloat16)
    rows = list(read_sentences(sentences))
    texts = [row.text for row in random.Random(1).sample(rows, min(int(number), len(rows)))]
    instruction = json.loads(Path(instructions).read_text(encoding="utf-8"))[0]["instruction"]
    prompts = [render_prompt(Prompt().template, instruction, text) for text in texts]
    systems = {"greedy search, batch 8": ("greedy", 8), "copy-draft, batch 8": ("copy-draft", 8)}
    if precision != "fp32":
        systems["greedy search, batch 16"] = ("greedy", 16)
    answers: dict[str, list[str]] = {}
    table = []
    for name, (method, batch) in systems.items():
        decoding = Decoding(method=method, batch_size=batch)  # type: ignore[arg-type]
        with Passes(model) as passes:
            found = {answer.index: answer.text for answer in generate(model, tokenizer, prompts, texts, decoding)}
        answers[name] = [found[index] for index in range(len(texts))]
        tokens = sum(len(ids) + 1 for ids in tokenizer(answers[name], add_special_tokens=False)["input_ids"])
        first = answers["greedy search, batch 8"]
        table.append(
            {
                "method": name,
                "sentences": len(texts),
                "same answers": sum(one == other for one, other in zip(answers[name], first, strict=True)),
                "tokens": tokens,
                "tokens/pass/row": round(tokens / sum(passes), 2),
            }
        )
    write(f"lossless-{precision}", "Answers of copy-draft decoding and of greedy search", table, precision=precision)


if __name__ == "__main__":
    main(*sys.argv[1:])
