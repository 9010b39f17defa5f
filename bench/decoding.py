"""Copy-draft decoding against Hugging Face `generate` (greedy and prompt lookup), on the same sentences, in one run.

python bench/decoding.py MODEL INSTRUCTIONS SENTENCES [NUMBER] [PRECISION] [NAME]

MODEL is a folder of a tuned model, INSTRUCTIONS the instruction set it was tuned on (its first instruction is asked),
SENTENCES a sentence file. Peers get the sentences unsorted, as in a user's loop over a test set.
"""

import sys
import time
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import torch
from answering import Answering, Passes, same, sampled_texts
from report import REPEATS, spread, write

from markner.models.linear import layers_of_torch
from markner.study.schema.systems import Decoding


def hf_answers(asked: Answering, texts: Sequence[str], batch: int, **options: Any) -> list[str]:
    """Answer with `generate` as its documentation shows it for a batch: padded on the left."""
    tokenizer, prompts = asked.tokenizer, asked.prompts(texts)
    tokenizer.padding_side = "left"
    answers: list[str] = []
    for start in range(0, len(prompts), batch):
        part = tokenizer(prompts[start : start + batch], return_tensors="pt", padding=True).to(asked.model.device)
        longest = max(len(ids) for ids in tokenizer(texts[start : start + batch])["input_ids"])
        limit = 2 * longest + Decoding().max_new_tokens_margin
        with layers_of_torch(asked.model), torch.inference_mode():
            out = asked.model.generate(
                **part, do_sample=False, max_new_tokens=limit, pad_token_id=tokenizer.pad_token_id, **options
            )
        answers += tokenizer.batch_decode(out[:, part["input_ids"].shape[1] :], skip_special_tokens=True)
    return answers


def _by_torch(asked: Answering, texts: Sequence[str], batch: int) -> list[str]:
    """Answer by copy-draft with the linear layers that the peers have, which shows what ours do."""
    with layers_of_torch(asked.model):
        return asked.answers(texts, Decoding(method="copy-draft", batch_size=batch))


def compared(asked: Answering, texts: Sequence[str], batches: Sequence[int], repeats: int) -> list[dict[str, Any]]:
    """Measure all ways in turn and return a row for each, with ratios to the peers.

    Args:
        asked: The model.
        texts: Sentences; peers get them unsorted, as in a user's loop over a test set.
        batches: Batch sizes of copy-draft.
        repeats: Measurements of each way; the fastest counts.
    """
    first_peer, lookup_peer = "HF greedy, batch 1", "HF prompt lookup 10, batch 1"
    systems: dict[str, Callable[[], list[str]]] = {
        **{f"HF greedy, batch {batch}": partial(hf_answers, asked, texts, batch) for batch in (1, 8, 32)},
        lookup_peer: partial(hf_answers, asked, texts, 1, prompt_lookup_num_tokens=10),
        **{
            f"copy-draft, batch {batch}": partial(asked.answers, texts, Decoding(method="copy-draft", batch_size=batch))
            for batch in batches
        },
    }
    if asked.model.device.type == "cpu":
        systems[f"copy-draft, batch {batches[-1]}, linear layers of torch"] = partial(
            _by_torch, asked, texts, batches[-1]
        )
    asked.answers(texts, Decoding(method="copy-draft", batch_size=8))  # the first touch of memory is not measured
    seconds: dict[str, list[float]] = {system: [] for system in systems}
    answers: dict[str, list[str]] = {}
    passes: dict[str, int] = {}
    with Passes(asked.model) as count:
        for _ in range(repeats):
            for system, call in systems.items():
                count.clear()
                begun = time.perf_counter()
                answers[system] = call()
                seconds[system].append(time.perf_counter() - begun)
                print(f"{system}: {seconds[system][-1]:.1f} s", flush=True)
                passes[system] = len(count)
    tokens = asked.tokens(answers[first_peer])
    first, lookup = min(seconds[first_peer]), min(seconds[lookup_peer])
    best = min(min(times) for system, times in seconds.items() if system.startswith("HF greedy"))
    return [
        {
            "method": system,
            "sentences/s": round(len(texts) / min(times), 3),
            "x HF batch 1": round(first / min(times), 2),
            "x HF best batch": round(best / min(times), 2),
            "x prompt lookup": round(lookup / min(times), 2),
            "passes": passes[system],
            "tokens/pass": round(tokens / passes[system], 2),
            "same answers": same(answers[system], answers[first_peer]),
            **spread(times),
        }
        for system, times in seconds.items()
    ]


def main(
    model_folder: str,
    instructions: str,
    sentences: str,
    number: str = "32",
    precision: str = "fp32",
    name: str = "decoding",
) -> None:
    """Measure and write docs/measured/bench/NAME.*"""
    texts = sampled_texts(sentences, number)
    rows = compared(Answering(model_folder, instructions, precision), texts, (1, 8, 16, 32), REPEATS)
    write(
        name,
        "Decoding the same sentences, answers compared with HF greedy at batch 1",
        rows,
        sentences=len(texts),
        precision=precision,
        threads=torch.get_num_threads(),
        repeats=REPEATS,
    )


if __name__ == "__main__":
    main(*sys.argv[1:])
