"""Copy-draft decoding against Hugging Face `generate` (greedy and prompt lookup), on the same sentences, in one run.

python bench/decoding.py MODEL INSTRUCTIONS SENTENCES [NUMBER] [PRECISION] [NAME]

MODEL is a folder of a tuned model, INSTRUCTIONS the instruction set it was tuned on (its first instruction is asked),
SENTENCES a sentence file. Peers get the sentences in the order of the file, as a user's loop over a test set does.
"""

import json
import random
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from report import spread, write

from markner.config.corpora import Prompt
from markner.config.systems import Decoding
from markner.corpora.model import read_sentences
from markner.instructions import render_prompt
from markner.modeling.decode import generate
from markner.modeling.load import load_causal, load_tokenizer

REPEATS = 3


def main(
    model_folder: str,
    instructions: str,
    sentences: str,
    number: str = "32",
    precision: str = "fp32",
    name: str = "decoding",
) -> None:
    """Measure and write docs/measured/bench/NAME.*"""
    tokenizer = load_tokenizer(Path(model_folder))
    model: Any = load_causal(Path(model_folder), torch.float32 if precision == "fp32" else torch.bfloat16)
    rows = list(read_sentences(sentences))
    texts = [row.text for row in random.Random(1).sample(rows, min(int(number), len(rows)))]
    instruction = json.loads(Path(instructions).read_text(encoding="utf-8"))[0]["instruction"]
    prompts = [render_prompt(Prompt().template, instruction, text) for text in texts]

    def peer(batch: int, **options: Any) -> list[str]:
        """`generate` as its documentation shows it for a batch: padded on the left."""
        tokenizer.padding_side = "left"
        answers: list[str] = []
        for start in range(0, len(prompts), batch):
            part = tokenizer(prompts[start : start + batch], return_tensors="pt", padding=True)
            longest = max(len(ids) for ids in tokenizer(texts[start : start + batch])["input_ids"])
            limit = 2 * longest + Decoding().slack
            with torch.inference_mode():
                out = model.generate(
                    **part, do_sample=False, max_new_tokens=limit, pad_token_id=tokenizer.pad_token_id, **options
                )
            answers += tokenizer.batch_decode(out[:, part["input_ids"].shape[1] :], skip_special_tokens=True)
        return answers

    def ours(batch: int) -> list[str]:
        decoding = Decoding(method="copy-draft", batch_size=batch)
        return [answer.text for answer in sorted(generate(model, tokenizer, prompts, texts, decoding), key=_index)]

    systems: dict[str, Callable[[], list[str]]] = {
        "HF greedy, batch 1": lambda: peer(1),
        "HF greedy, batch 8": lambda: peer(8),
        "HF greedy, batch 32": lambda: peer(32),
        "HF prompt lookup 10, batch 1": lambda: peer(1, prompt_lookup_num_tokens=10),
        **{f"copy-draft, batch {batch}": (lambda batch=batch: ours(batch)) for batch in (1, 8, 16, 32)},
    }
    ours(8)  # the first touch of memory is nobody's
    seconds: dict[str, list[float]] = {system: [] for system in systems}
    answers: dict[str, list[str]] = {}
    passes: dict[str, tuple[int, int]] = {}
    with Passes(model) as count:
        for _ in range(REPEATS):
            for system, call in systems.items():
                count.clear()
                begun = time.perf_counter()
                answers[system] = call()
                seconds[system].append(time.perf_counter() - begun)
                passes[system] = (len(count), sum(count))
    tokens = sum(
        len(ids) + 1 for ids in tokenizer(answers["HF greedy, batch 1"], add_special_tokens=False)["input_ids"]
    )
    first = min(seconds["HF greedy, batch 1"])
    best = min(min(times) for system, times in seconds.items() if system.startswith("HF greedy"))
    lookup = min(seconds["HF prompt lookup 10, batch 1"])
    write(
        name,
        "Decoding the same sentences, answers compared with HF greedy at batch 1",
        [
            {
                "method": system,
                "sentences/s": round(len(texts) / min(times), 3),
                "x HF batch 1": round(first / min(times), 2),
                "x HF best batch": round(best / min(times), 2),
                "x prompt lookup": round(lookup / min(times), 2),
                "passes": passes[system][0],
                "tokens/pass/row": round(tokens / passes[system][1], 2),
                "same answers": sum(
                    a == b for a, b in zip(answers[system], answers["HF greedy, batch 1"], strict=True)
                ),
                **spread(times),
            }
            for system, times in seconds.items()
        ],
        sentences=len(texts),
        precision=precision,
        threads=torch.get_num_threads(),
        repeats=REPEATS,
    )


def _index(answer: Any) -> int:
    return int(answer.index)


class Passes:
    """Rows of each forward pass while in the block."""

    def __init__(self, model: Any) -> None:
        self.rows: list[int] = []
        self.model = model

    def __enter__(self) -> list[int]:
        self.hook = self.model.register_forward_pre_hook(self._note, with_kwargs=True)
        return self.rows

    def __exit__(self, *_: object) -> None:
        self.hook.remove()

    def _note(self, module: Any, args: Any, kwargs: Any) -> None:
        self.rows.append(int(kwargs["input_ids"].shape[0]))


if __name__ == "__main__":
    main(*sys.argv[1:])
